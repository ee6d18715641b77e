"""The gate: what a PDF from outside may hold before anything else looks at it (PLD-30 to PLD-34, PLD-37).

Every object is walked, also those no page refers to, and streams are unpacked by steps with a ceiling. Opening a file
can cost much memory before any check is reached (an object stream that unpacks to gigabytes), so the caller runs this
in a child process with the limits of `LIMITS` and takes a breach for a refusal (PLD-31).
"""

import io
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from gateway.domain.findings import Finding
from gateway.plans.documents.identity import BESTANDSNAAM
from gateway.plans.documents.pdf import GEEN_PDF


class Limits(NamedTuple):
    """PLD-31, PLD-32. Memory, CPU and wall clock are the child process's, the rest is counted here."""

    bytes: int = 15_000_000
    paginas: int = 50
    objecten: int = 20_000
    diepte: int = 64
    stroom: int = 30_000_000
    samen: int = 120_000_000
    filters: int = 2
    zijde: int = 2000  # points
    pixels: int = 120_000_000
    geheugen: int = 700_000_000
    cpu_seconden: int = 10
    seconden: int = 20


LIMITS = Limits()

_SCRIPT = "Het bestand bevat een script."
_ACTIES = {
    "/JavaScript": _SCRIPT,
    "/Launch": "Het bestand wil een programma starten.",
    "/SubmitForm": "Het bestand wil gegevens versturen.",
    "/ImportData": "Het bestand wil gegevens ophalen.",
    "/GoToR": "Het bestand verwijst naar een ander bestand.",
    "/GoToE": "Het bestand verwijst naar een ander bestand.",
    "/Rendition": "Het bestand bevat beeld of geluid.",
    "/Movie": "Het bestand bevat beeld of geluid.",
    "/Sound": "Het bestand bevat beeld of geluid.",
    "/Hide": "Het bestand verbergt onderdelen.",
    "/ResetForm": "Het bestand wist velden.",
    "/RichMediaExecute": "Het bestand bevat beeld of geluid.",
    "/GoTo3DView": "Het bestand bevat beeld of geluid.",
}
_SLEUTELS = {
    "/JS": _SCRIPT,
    "/AA": "Het bestand voert vanzelf iets uit.",
    "/XFA": "Dit soort formulier kan de gateway niet lezen.",
    "/UserUnit": "De pagina's hebben een ongewone maat.",
}
_AANTEKENINGEN = frozenset({"/RichMedia", "/Movie", "/Sound", "/3D", "/Screen", "/FileAttachment"})
_UITPAKBAAR = frozenset({"/FlateDecode", "/ASCIIHexDecode", "/ASCII85Decode", "/DCTDecode", "/JPXDecode"})
_BEELD = frozenset({"/CCITTFaxDecode", "/JBIG2Decode"})
_STAP = 1 << 20


def kapot() -> tuple[type[Exception], ...]:
    """What the PDF libraries raise on a damaged file.

    Such a file can put anything anywhere, a number where a dictionary belongs or a name where a number does, and the
    libraries then fail in as many ways. They are an optional part, so their own errors are looked up when needed.
    """
    errors: list[type[Exception]] = [
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RuntimeError,  # RecursionError and NotImplementedError too
        EOFError,
        zlib.error,
    ]
    with suppress(ImportError):
        import pikepdf

        errors += [pikepdf.PdfError, pikepdf.ForeignObjectError]
    with suppress(ImportError):
        from pypdf.errors import PyPdfError

        errors.append(PyPdfError)
    return tuple(errors)


class _TeVeel(Exception):
    """A ceiling was reached: the file is refused, whatever else is in it."""


def poort(bron: bytes, limits: Limits = LIMITS) -> list[Finding]:
    """Why this PDF is refused (errors) or must be seen by a person (warnings); empty if it may be read."""
    if len(bron) > limits.bytes:
        return [_weiger("Het bestand is te groot.")]
    if not bron.startswith(b"%PDF-"):
        return [_weiger("Het bestand is geen PDF.")]
    try:
        import pikepdf
    except ImportError:
        return [GEEN_PDF]
    try:
        with pikepdf.open(io.BytesIO(bron), inherit_page_attributes=False) as document:
            if document.is_encrypted:
                return [_weiger("Het bestand is versleuteld.")]
            findings = list(_Wandeling(document, limits).findings())
            if document.get_warnings():
                findings.append(_kijk("Het bestand is beschadigd en bij het openen hersteld."))
            return _uniek(findings)
    except pikepdf.PasswordError:
        return [_weiger("Het bestand is versleuteld.")]
    except _TeVeel as grens:
        return [_weiger(str(grens))]
    except kapot():
        return [_weiger("Het bestand kan niet worden gelezen.")]


class _Wandeling:
    """One walk over all objects, counting what was unpacked."""

    def __init__(self, document: Any, limits: Limits) -> None:
        self.document = document
        self.limits = limits
        self.uitgepakt = 0

    def findings(self) -> Iterator[Finding]:
        if len(self.document.objects) > self.limits.objecten:
            raise _TeVeel("Het bestand heeft te veel onderdelen.")
        for item in self.document.objects:
            yield from self.object(item, 0)
        yield from self.object(self.document.trailer, 0)
        yield from self.paginas()
        yield from _opening(self.document.Root)
        yield from _bijlagen(self.document)

    def object(self, item: Any, diepte: int) -> Iterator[Finding]:
        import pikepdf

        if diepte > self.limits.diepte:
            raise _TeVeel("Het bestand is te diep genest.")
        if isinstance(item, pikepdf.Stream):
            yield from self.stroom(item)
        if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            yield from _woordenboek(item)
            delen = [item[sleutel] for sleutel in item.keys()]  # noqa: SIM118  # a stream is iterated by its bytes
        elif isinstance(item, pikepdf.Array):
            delen = list(item)
        else:
            return
        for deel in delen:
            if isinstance(deel, pikepdf.Dictionary | pikepdf.Array) and not deel.is_indirect:
                yield from self.object(deel, diepte + 1)

    def stroom(self, stream: Any) -> Iterator[Finding]:
        filters = _filters(stream)
        if len(filters) > self.limits.filters:
            raise _TeVeel("Het bestand is op een ongewone manier ingepakt.")
        if stream.get("/Subtype") == "/Image":
            pixels = int(stream.get("/Width", 0)) * int(stream.get("/Height", 0))
            if pixels > self.limits.pixels:
                raise _TeVeel("Het bestand bevat een te grote afbeelding.")
        if any(naam not in _UITPAKBAAR | _BEELD for naam in filters):
            yield _kijk("Een deel van het bestand kan niet worden uitgepakt.")
            return
        if not self.past(stream.read_raw_bytes(), filters):
            yield _kijk("Een deel van het bestand kan niet worden uitgepakt.")

    def past(self, ruw: bytes, filters: list[str]) -> bool:
        """Unpacks the deflated layers by steps; False if they do not unpack."""
        for naam in filters:
            if naam != "/FlateDecode":
                break  # the others do not grow, or are pictures whose size was judged above
            uit = bytearray()
            uitpakker = zlib.decompressobj()
            rest = ruw
            try:
                while rest and not uitpakker.eof:
                    uit += uitpakker.decompress(rest, _STAP)
                    rest = uitpakker.unconsumed_tail
                    if len(uit) > self.limits.stroom:
                        raise _TeVeel("Het bestand wordt bij het uitpakken te groot.")
            except zlib.error:
                return False
            ruw = bytes(uit)
        self.uitgepakt += len(ruw)
        if self.uitgepakt > self.limits.samen:
            raise _TeVeel("Het bestand wordt bij het uitpakken te groot.")
        return True

    def paginas(self) -> Iterator[Finding]:
        aantal = len(self.document.pages)
        if aantal > self.limits.paginas:
            raise _TeVeel("Het bestand heeft te veel pagina's.")
        if aantal == 0:
            yield _kijk("Het bestand heeft geen pagina's.")
        for pagina in self.document.pages:
            maat = [float(getal) for getal in pagina.mediabox]
            if max(abs(maat[2] - maat[0]), abs(maat[3] - maat[1])) > self.limits.zijde:
                yield _weiger("De pagina's hebben een ongewone maat.")


def _woordenboek(item: Any) -> Iterator[Finding]:
    for sleutel, tekst in _SLEUTELS.items():
        if sleutel in item:
            yield _weiger(tekst)
    soort = str(item.get("/S", ""))
    if soort in _ACTIES:
        yield _weiger(_ACTIES[soort])
    if soort == "/URI":
        yield _kijk("Het bestand bevat een koppeling naar een website.")
    if str(item.get("/Subtype", "")) in _AANTEKENINGEN:
        yield _weiger("Het bestand bevat beeld, geluid of een ander bestand.")
    if "/JavaScript" in item:
        yield _weiger(_SCRIPT)


def _opening(root: Any) -> Iterator[Finding]:
    """/OpenAction may be a place in the document and nothing else."""
    import pikepdf

    actie = root.get("/OpenAction")
    if isinstance(actie, pikepdf.Dictionary) and actie.get("/S") != "/GoTo":
        yield _weiger("Het bestand voert vanzelf iets uit.")


def _bijlagen(document: Any) -> Iterator[Finding]:
    """Only our own file may be inside, and it must be what it says (PLD-32)."""
    for naam, bijlage in document.attachments.items():
        try:
            eigen = naam == BESTANDSNAAM and json.loads(bijlage.get_file().read_bytes()) is not None
        except (ValueError, RecursionError):
            eigen = False
        if not eigen:
            yield _weiger("Het bestand bevat een ander bestand.")


def _filters(stream: Any) -> list[str]:
    import pikepdf

    gevonden = stream.get("/Filter")
    if gevonden is None:
        return []
    return [str(naam) for naam in gevonden] if isinstance(gevonden, pikepdf.Array) else [str(gevonden)]


def _uniek(findings: list[Finding]) -> list[Finding]:
    return list(dict.fromkeys(findings))


def _weiger(tekst: str) -> Finding:
    return Finding(code="PDF_GEWEIGERD", severity="error", message=tekst)


def _kijk(tekst: str) -> Finding:
    return Finding(
        code="PDF_BEOORDELEN", severity="warning", message=tekst, advice="Laat een medewerker het bestand beoordelen."
    )
