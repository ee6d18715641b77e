"""A plan as the blocks of its printed form. Values only: the templates put them on paper, and decide nothing."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from gateway.plans.documents import words
from gateway.plans.documents.fields import Invoer, van_plek
from gateway.plans.form import Plek, gekozen_producten, met_lege_blokken, plekken
from gateway.plans.formaat.model import Formaat, Onderdeel, Product, Veld
from gateway.plans.model import Ondersteuningsplan

Vorm = Literal["formulier", "invulbaar", "plan"]
_BREED = frozenset({"tekst_lang", "lijst", "vinkjes"})
_LANG_LABEL = 40  # characters that fit beside the value in at most three lines


class Regel(NamedTuple):
    """One field: its label, its text, or how much room to leave for a pen."""

    label: str
    waarde: tuple[str, ...] = ()
    help: str | None = None
    keuzen: tuple[tuple[str, bool], ...] = ()  # (label, ticked): printed as boxes
    schrijfregels: int = 0  # lines to write on; 0: a short line
    genummerd: bool = False
    breed: bool = False  # wants the whole width
    boven: bool = False  # its label is too long to stand beside the value
    kop: str | None = None  # heading printed above it
    achter: str = ""  # printed after the value: a unit, "keer per"
    invoer: tuple[Invoer, ...] = ()  # fields of a fillable form, in the order of the text


class Groep(NamedTuple):
    """A card within a block: one result, one product summary. A plain block has one without a title."""

    titel: str | None
    regels: tuple[Regel, ...]


class Tabel(NamedTuple):
    koppen: tuple[str, ...]
    rijen: tuple[tuple[str, ...], ...]


class Handtekeningvak(NamedTuple):
    label: str
    tekst: str | None
    merk: str | None  # the mark of a signature that was put


class Blok(NamedTuple):
    """One block of the form. Exactly one of the last three holds its contents."""

    id: str
    titel: str | None
    invuller: str
    groepen: tuple[Groep, ...] = ()
    tabel: Tabel | None = None
    vakken: tuple[Handtekeningvak, ...] = ()


def paginas(plan: Ondersteuningsplan, formaat: Formaat, vorm: Vorm) -> list[list[Blok]]:
    """The blocks per group of pages, in printing order (plan 8.1, key `document`)."""
    if vorm != "plan":
        plan = met_lege_blokken(plan, formaat)
    gevonden = {onderdeel.id: onderdeel for onderdeel in formaat.onderdelen}
    return [[_blok(plan, formaat, gevonden[naam], vorm) for naam in groep] for groep in formaat.document.paginas]


def _blok(plan: Ondersteuningsplan, formaat: Formaat, onderdeel: Onderdeel, vorm: Vorm) -> Blok:
    titel = onderdeel.titel.rstrip(" :") if onderdeel.titel else None
    kaal = Blok(onderdeel.id, titel, _wie(onderdeel))
    eigen = [p for p in plekken(formaat, plan, onderdeel.invuller) if p.onderdeel is onderdeel and p.veld.tonen]
    if any(veld.type == "handtekening" for veld in onderdeel.velden):
        return kaal._replace(vakken=tuple(_vak(plan, plek) for plek in eigen))
    if onderdeel.herhaal is not None and onderdeel.herhaal.voor_elk is None:
        return kaal._replace(tabel=_tabel(formaat, onderdeel, eigen))
    if onderdeel.herhaal is not None:
        return kaal._replace(groepen=tuple(_kaarten(plan, formaat, onderdeel, eigen, vorm)))
    if onderdeel.per:
        return kaal._replace(groepen=tuple(_samenvattingen(plan, formaat, eigen, vorm)))
    return kaal._replace(groepen=(Groep(None, tuple(_regels(formaat, eigen, vorm))),))


def _wie(onderdeel: Onderdeel) -> str:
    namen = {"gemeente": "gemeente", "aanbieder": "aanbieder", "client": "cliënt"}
    return "Invullen door " + " en ".join(namen[invuller] for invuller in onderdeel.invuller)


def _tabel(formaat: Formaat, onderdeel: Onderdeel, eigen: list[Plek]) -> Tabel:
    breedte = sum(veld.tonen for veld in onderdeel.velden)
    cellen = [" ".join(words.tekst(formaat, plek)) for plek in eigen]
    rijen = tuple(tuple(cellen[n : n + breedte]) for n in range(0, len(cellen), breedte))
    return Tabel(tuple(veld.label for veld in onderdeel.velden if veld.tonen), rijen)


def _kaarten(
    plan: Ondersteuningsplan, formaat: Formaat, onderdeel: Onderdeel, eigen: list[Plek], vorm: Vorm
) -> Iterator[Groep]:
    breedte = sum(veld.tonen for veld in onderdeel.velden)
    for nr in range(len(eigen) // breedte):
        plekken_ = eigen[nr * breedte : (nr + 1) * breedte]
        yield Groep(_kaarttitel(plan, formaat, nr), tuple(_regels(formaat, plekken_, vorm)))


def _kaarttitel(plan: Ondersteuningsplan, formaat: Formaat, nr: int) -> str:
    """'Resultaat 1 - 2.e Cliënt kan zijn financiële situatie op orde brengen': what was asked, above the answer."""
    regel = plan.resultaat[nr].regel
    if regel is None or not 1 <= regel <= len(plan.arrangement):
        return f"Resultaat {nr + 1}"
    code = plan.arrangement[regel - 1].resultaat or ""
    gevraagd = formaat.resultaat(code)
    return f"Resultaat {nr + 1}: {code} {gevraagd.tekst if gevraagd else ''}".rstrip()


def _samenvattingen(plan: Ondersteuningsplan, formaat: Formaat, eigen: list[Plek], vorm: Vorm) -> Iterator[Groep]:
    gekozen = gekozen_producten(plan)
    for product in formaat.producten:
        if vorm != "plan" or product.id in gekozen or product.id in plan.samenvatting:
            regels = [plek for plek in eigen if plek.product is product]
            yield Groep(product.label_samenvatting, tuple(_regels(formaat, regels, vorm)))


def _regels(formaat: Formaat, eigen: list[Plek], vorm: Vorm) -> Iterator[Regel]:
    vorige: Regel | None = None
    for plek in eigen:
        if vorm == "plan" and plek.leeg and not plek.veld.verplicht.altijd:
            continue  # an optional field that nobody filled is noise on a finished plan
        if plek.veld.type == "periode" and plek.product and not _perioden(plek.product, plek.veld):
            continue
        regel = _regel(formaat, plek, vorm)
        if plek.veld.type == "periode" and vorige is not None:  # "2 uren per week" is one answer on one line
            vorige = _met_periode(vorige, regel, vorm)
            continue
        if vorige is not None:
            yield vorige
        vorige = regel
    if vorige is not None:
        yield vorige


def _met_periode(getal: Regel, periode: Regel, vorm: Vorm) -> Regel:
    achter = f"{getal.achter} {periode.label}".strip()
    if vorm != "plan":
        return getal._replace(achter=achter, keuzen=periode.keuzen, breed=True, invoer=(*getal.invoer, *periode.invoer))
    gekozen = "".join(periode.waarde).removeprefix("per ")
    return getal._replace(achter=f"{achter} {gekozen}".strip())


def _regel(formaat: Formaat, plek: Plek, vorm: Vorm) -> Regel:
    veld = plek.veld
    return Regel(
        label=_label(plek),
        waarde=words.tekst(formaat, plek),
        help=veld.help if vorm != "plan" else None,
        keuzen=_keuzen(formaat, plek, vorm),
        schrijfregels=(veld.regels or 0) if plek.leeg else 0,
        genummerd=veld.type == "lijst",
        breed=veld.type in _BREED or len(veld.label) > _LANG_LABEL,
        boven=len(veld.label) > _LANG_LABEL,
        kop=veld.kop,
        achter=_eenheid(plek),
        invoer=tuple(van_plek(plek, formaat)) if vorm == "invulbaar" else (),
    )


def _eenheid(plek: Plek) -> str:
    if plek.product is not None and plek.veld.pad == "omvang":
        return plek.product.omvang.label.lower()
    return "uur" if plek.veld.pad == "uren_per_week" else ""  # the form prints no unit, hours are meant


def _label(plek: Plek) -> str:
    if "{n}" in plek.veld.label:
        return "Beschrijving"  # the number stands in the card's title
    return plek.veld.label.rstrip(" :")


def _keuzen(formaat: Formaat, plek: Plek, vorm: Vorm) -> tuple[tuple[str, bool], ...]:
    veld = plek.veld
    if veld.type == "vinkjes":
        return tuple((p.label, bool((plek.waarde or {}).get(p.id))) for p in formaat.producten)
    if veld.weergave == "rondjes":
        return tuple((k.label, k.code == plek.waarde) for k in formaat.keuzelijsten.get(veld.lijst or "", ()))
    if veld.type == "periode" and vorm != "plan" and plek.product:
        namen = _perioden(plek.product, veld)
        return tuple((formaat.perioden[naam].label, naam == plek.waarde) for naam in namen if naam in formaat.perioden)
    return ()


def _perioden(product: Product, veld: Veld) -> tuple[str, ...]:
    return product.omvang.perioden if veld.pad == "omvang_periode" else product.frequentie.perioden


def _vak(plan: Ondersteuningsplan, plek: Plek) -> Handtekeningvak:
    rol = plek.veld.pad.rpartition(".")[2]
    merk = words.ondertekening(plek.waarde, rol) if plek.waarde is not None else None
    return Handtekeningvak(plek.veld.label, plek.veld.tekst, merk)
