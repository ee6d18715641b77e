"""What a form needs after WeasyPrint made it (PLD-9 to PLD-13): one field per name, states by value, one simple font.

WeasyPrint lists each radio button as a field, numbers its states, puts a graphics state in the default appearance and
gives no *Off* appearance; viewers differ in what they make of that.
"""

import io
import textwrap
from collections.abc import Iterable
from importlib import resources
from typing import Any

from gateway.plans.documents.fields import AAN, META, Invoer

_FONT = "Invul"
_SIZE = 9
_LEADING = 11
_MARGIN = 2
_REQUIRED, _READ_ONLY = 1 << 1, 1 << 0
_RADIO = (1 << 15) | (1 << 14)  # radio buttons that cannot all be switched off
_HIDDEN = 2
_MULTILINE = 1 << 12


def afwerken(pdf: bytes, velden: Iterable[Invoer], meta: str) -> bytes:
    """The finished form. `meta` goes into the hidden field of that name (PLD-3)."""
    import pikepdf

    invoer = {veld.naam: veld for veld in velden}
    with pikepdf.open(io.BytesIO(pdf)) as document:
        form: Any = document.Root.AcroForm
        form.DR = pikepdf.Dictionary(Font=pikepdf.Dictionary({f"/{_FONT}": _font(document)}))
        form.DA = pikepdf.String(f"/{_FONT} {_SIZE} Tf 0 g")
        form.NeedAppearances = False
        tops = [veld for veld in form.Fields if "/Parent" not in veld]
        for veld in tops:
            _veld(document, veld, invoer[str(veld.T)])
        form.Fields = pikepdf.Array([*tops, _meta(document, meta)])
        for pagina in document.pages:
            pagina.obj.Tabs = pikepdf.Name.S
        _object_references(document.Root.StructTreeRoot)
        uit = io.BytesIO()
        document.save(uit, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return uit.getvalue()


def _veld(document: Any, veld: Any, invoer: Invoer) -> None:
    import pikepdf

    veld.TU = pikepdf.String(invoer.tip)
    if invoer.soort == "rondjes":
        _rondjes(document, veld, invoer)
    elif invoer.soort == "vink":
        aan = veld.get("/V") not in (None, pikepdf.Name.Off)
        _toestand(document, veld, AAN, aan=aan)
        veld.V = veld.AS
    else:
        veld.Ff = int(veld.get("/Ff", 0)) | (_REQUIRED if invoer.verplicht else 0)
        veld.DA = pikepdf.String(f"/{_FONT} {_SIZE} Tf 0 g")
        veld.AP = pikepdf.Dictionary(N=_beeld(document, veld))


def _rondjes(document: Any, veld: Any, invoer: Invoer) -> None:
    """One field, kids without a name, states named after the value (PLD-11)."""
    import pikepdf

    veld.Ff = _RADIO
    for knop, (waarde, label) in zip(veld.Kids, invoer.opties, strict=True):
        _toestand(document, knop, waarde, aan=waarde == invoer.waarde)
        for sleutel in ("/T", "/V", "/Ff", "/FT"):
            if sleutel in knop:
                del knop[sleutel]
        knop.TU = pikepdf.String(f"{invoer.tip} {label}")
    if "/Opt" in veld:
        del veld["/Opt"]
    veld.V = pikepdf.Name(f"/{invoer.waarde or 'Off'}")


def _toestand(document: Any, knop: Any, waarde: str, *, aan: bool) -> None:
    """The two appearances of a button: its value, and Off."""
    import pikepdf

    (beeld,) = [stream for naam, stream in knop.AP.N.items() if naam != "/Off"]
    leeg = document.make_stream(b"", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=beeld.BBox)
    knop.AP = pikepdf.Dictionary(N=pikepdf.Dictionary({f"/{waarde}": beeld, "/Off": leeg}))
    knop.AS = pikepdf.Name(f"/{waarde}" if aan else "/Off")


def _beeld(document: Any, veld: Any) -> Any:
    """The picture of a text field with its value: viewers need not make one of their own (PLD-12)."""
    import pikepdf

    x0, y0, x1, y1 = (float(getal) for getal in veld.Rect)
    breedte, hoogte = abs(x1 - x0), abs(y1 - y0)
    meerdere = bool(int(veld.get("/Ff", 0)) & _MULTILINE)
    regels = _regels(str(veld.get("/V", "")), breedte, meerdere)
    y = hoogte - _LEADING if meerdere else (hoogte - _SIZE) / 2 + 2
    tekst = b" ".join(b"(" + _escaped(regel) + b") Tj 0 -%d Td" % _LEADING for regel in regels)
    kop = f"/Tx BMC q BT /{_FONT} {_SIZE} Tf 0 g {_MARGIN} {y:.2f} Td ".encode()
    inhoud = kop + tekst + b" ET Q EMC" if regels else b"/Tx BMC EMC"
    lettertype = document.Root.AcroForm.DR.Font
    return document.make_stream(
        inhoud,
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Form,
        BBox=[0, 0, breedte, hoogte],
        Resources=pikepdf.Dictionary(Font=lettertype),
    )


def _regels(tekst: str, breedte: float, meerdere: bool) -> list[str]:
    if not meerdere:
        return [tekst] if tekst else []
    tekens = max(10, int((breedte - 2 * _MARGIN) / (_SIZE * 0.52)))  # the font's average letter, a little wide
    return [regel for alinea in tekst.split("\n") for regel in textwrap.wrap(alinea, tekens) or [""]] if tekst else []


def _escaped(regel: str) -> bytes:
    ruw = regel.encode("cp1252", "replace")
    return ruw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _font(document: Any) -> Any:
    """The bundled font as a simple TrueType font in WinAnsi, so that any viewer can show what is typed (PLD-12)."""
    import pikepdf
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    bron = (resources.files("gateway.plans.documents") / "fonts" / "DejaVuSansCondensed-WinAnsi.ttf").read_bytes()
    font = TTFont(io.BytesIO(bron))
    schaal = 1000 / font["head"].unitsPerEm
    namen, maten = font.getBestCmap(), font["hmtx"]
    tekens = [bytes([code]).decode("cp1252", "replace") for code in range(32, 256)]
    breedten = [round(maten[namen.get(ord(teken), ".notdef")][0] * schaal) for teken in tekens]
    bbox = [round(font["head"].xMin * schaal), round(font["head"].yMin * schaal)]
    bbox += [round(font["head"].xMax * schaal), round(font["head"].yMax * schaal)]
    naam = pikepdf.Name("/GWPLAN+DejaVuSansCondensed")
    beschrijving = document.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.FontDescriptor,
            FontName=naam,
            Flags=32,
            FontBBox=bbox,
            ItalicAngle=0,
            Ascent=round(font["hhea"].ascent * schaal),
            Descent=round(font["hhea"].descent * schaal),
            CapHeight=729,
            StemV=80,
            FontFile2=document.make_stream(bron, Length1=len(bron)),
        )
    )
    return document.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.TrueType,
            BaseFont=naam,
            FirstChar=32,
            LastChar=255,
            Widths=breedten,
            FontDescriptor=beschrijving,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
    )


def _meta(document: Any, tekst: str) -> Any:
    """The hidden field that says which plan this is, last on the first page (PLD-3, PLD-13)."""
    import pikepdf

    pagina = document.pages[0].obj
    veld = document.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T=pikepdf.String(META),
            TU=pikepdf.String("Kenmerk van dit formulier"),
            V=pikepdf.String(tekst),
            Ff=_READ_ONLY,
            F=_HIDDEN,
            Rect=[0, 0, 0, 0],
            P=pagina,
        )
    )
    if "/Annots" not in pagina:
        pagina.Annots = document.make_indirect(pikepdf.Array())
    pagina.Annots.append(veld)
    return veld


def _object_references(root: Any) -> None:
    """`/K` of a Form element is the reference itself, not an array of one (PLD-13, plan 11.4)."""
    import pikepdf

    te_gaan, gezien = [root], set()
    while te_gaan:
        element = te_gaan.pop()
        if not isinstance(element, pikepdf.Dictionary) or (element.is_indirect and element.objgen in gezien):
            continue
        gezien.add(element.objgen)
        kinderen = element.get("/K")
        if element.get("/S") == pikepdf.Name.Form and isinstance(kinderen, pikepdf.Array) and len(kinderen) == 1:
            element.K = kinderen[0]
        elif isinstance(kinderen, pikepdf.Array):
            te_gaan.extend(kinderen)
        elif kinderen is not None:
            te_gaan.append(kinderen)
