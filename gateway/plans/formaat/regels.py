"""The rules at loading (plan 8.1), one small function per key of the file.

Each yields faults as (path, message); lists count from 1 in paths. Nothing here reads the file or knows a line.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from gateway.domain.ids import is_gemeentecode
from gateway.plans import duration
from gateway.plans.formaat import lijsten
from gateway.plans.formaat.model import Formaat, Onderdeel, Product, TermijnRegel, Veld
from gateway.plans.model import Ondersteuningsplan, Traject
from gateway.plans.names import camel, snake
from gateway.plans.paths import type_at


class Fout(NamedTuple):
    pad: str
    tekst: str


Regelcontrole = Callable[[Formaat], Iterator[Fout]]

_ID = re.compile(r"[a-z0-9-]{3,40}\Z")
_NAAM = re.compile(r"[a-z][a-z0-9_]*\Z")
_LIJSTTYPEN = {"keuze": "een keuzelijst", "vinkjes": "de lijst producten"}


def formaat(f: Formaat) -> Iterator[Fout]:
    kop = f.formaat
    if f.schema not in lijsten.SCHEMAS:
        yield Fout("schema", "Deze versie van de grammatica is onbekend.")
    if not _ID.match(kop.id):
        yield Fout("formaat.id", "Een id heeft 3 tot 40 tekens: kleine letters, cijfers en streepjes.")
    if kop.versie < 1:
        yield Fout("formaat.versie", "Versies tellen vanaf 1.")
    if kop.geldig_tot is not None and kop.geldig_tot < kop.geldig_vanaf:
        yield Fout("formaat.geldig_tot", "De laatste geldige dag ligt voor de eerste.")
    if not kop.gemeenten:
        yield Fout("formaat.gemeenten", "Noem minstens één gemeente.")
    yield from _dubbel("formaat.gemeenten", (g.code for g in kop.gemeenten), "code", "Deze gemeente staat er al.")
    for n, gemeente in enumerate(kop.gemeenten, 1):
        if not is_gemeentecode(gemeente.code):
            yield Fout(f"formaat.gemeenten.{n}.code", "Een gemeentecode heeft vier cijfers (tussen aanhalingstekens).")
    if not kop.kanalen:
        yield Fout("formaat.kanalen", "Noem minstens één beveiligd kanaal.")


def codelijsten(f: Formaat) -> Iterator[Fout]:
    for naam, lijst in f.codelijsten.items():
        if not lijsten.nationale_lijst(lijst):
            yield Fout(f"codelijsten.{naam}", "Deze landelijke lijst kent de gateway niet.")


def termijnen(f: Formaat) -> Iterator[Fout]:
    for naam, termijn in f.termijnen.items():
        pad = f"termijnen.{naam}"
        if naam not in lijsten.TERMIJNEN:
            yield Fout(pad, "Deze termijn kent de gateway niet.")
        if termijn is not None:
            yield from _termijn(pad, termijn)


def _termijn(pad: str, t: TermijnRegel) -> Iterator[Fout]:
    if not t.bron:
        yield Fout(f"{pad}.bron", "Noem de bron van de termijn.")
    if (t.duur is None) == (not t.keuze):
        yield Fout(pad, "Geef een duur, of een keuze met een standaard.")
    if t.keuze and t.standaard not in t.keuze:
        yield Fout(f"{pad}.standaard", "De standaard is een van de keuzen.")
    duren = [("duur", t.duur)] if t.duur is not None else []
    duren += [(f"keuze.{n}", d) for n, d in enumerate(t.keuze, 1)]
    duren += [(f"waarschuw_voor.{n}", d) for n, d in enumerate(t.waarschuw_voor, 1)]
    for plek, duur in duren:
        if duration.from_iso(duur) is None:
            yield Fout(f"{pad}.{plek}", "Een duur staat in ISO 8601, bijvoorbeeld P8W.")
    if type_at(Traject, t.vanaf) is None:
        yield Fout(f"{pad}.vanaf", "Dit pad bestaat niet in het traject.")


def bijlagen(f: Formaat) -> Iterator[Fout]:
    for n, soort in enumerate(f.bijlagen.soorten, 1):
        if soort not in lijsten.BIJLAGESOORTEN:
            yield Fout(f"bijlagen.soorten.{n}", "Alleen een onderzoeksverslag of gespreksverslag mag mee (PL-34).")
    for n, formaat_ in enumerate(f.bijlagen.formaten, 1):
        if formaat_ not in lijsten.BIJLAGEFORMATEN:
            yield Fout(f"bijlagen.formaten.{n}", "Dit soort bestand neemt de gateway niet aan.")
    if f.bijlagen.max_aantal < 0 or f.bijlagen.max_bytes < 1:
        yield Fout("bijlagen", "Een grens is een positief getal.")


def perioden(f: Formaat) -> Iterator[Fout]:
    for naam, periode in f.perioden.items():
        if periode.frequentie is None and not periode.opties:
            yield Fout(f"perioden.{naam}.opties", "Zonder code van WMO757 zijn opties voor omrekening nodig.")
        if periode.frequentie is not None and periode.frequentie not in lijsten.nationale_lijst("WMO757"):
            yield Fout(f"perioden.{naam}.frequentie", "Deze code staat niet in WMO757.")


def keuzelijsten(f: Formaat) -> Iterator[Fout]:
    for naam, keuzen in f.keuzelijsten.items():
        yield from _dubbel(f"keuzelijsten.{naam}", (k.code for k in keuzen), "code", "Deze code staat er al.")


def resultaten(f: Formaat) -> Iterator[Fout]:
    if not f.resultaten:
        yield Fout("resultaten", "De catalogus is leeg.")
    yield from _dubbel("resultaten", (r.code for r in f.resultaten), "code", "Deze resultaatcode staat er al.")


def producten(f: Formaat) -> Iterator[Fout]:
    yield from _dubbel("producten", (p.id for p in f.producten), "id", "Dit product staat er al.")
    for n, product in enumerate(f.producten, 1):
        yield from _product(f, f"producten.{n}", product)


def _product(f: Formaat, pad: str, p: Product) -> Iterator[Fout]:
    if not _NAAM.match(p.id) or snake(camel(p.id)) != p.id:
        yield Fout(f"{pad}.id", "Een id bestaat uit kleine letters en cijfers, met _ voor een letter.")
    if p.iwmo.categorie not in lijsten.nationale_lijst("WMO020"):
        yield Fout(f"{pad}.iwmo.categorie", "Deze categorie staat niet in WMO020.")
    for n, code in enumerate(p.iwmo.codes, 1):
        if not 1 <= len(code) <= 5:
            yield Fout(f"{pad}.iwmo.codes.{n}", "Een productcode heeft hoogstens vijf tekens.")
    if p.omvang.eenheid not in lijsten.nationale_lijst("WJ756"):
        yield Fout(f"{pad}.omvang.eenheid", "Deze eenheid staat niet in WJ756.")
    if p.omvang.grondslag == "per_periode" and not p.omvang.perioden:
        yield Fout(f"{pad}.omvang.perioden", "Een omvang per periode heeft perioden nodig.")
    if p.omvang.grondslag == "per_keer" and p.omvang.perioden:
        yield Fout(f"{pad}.omvang.perioden", "Een omvang per keer heeft geen perioden.")
    if p.omvang.grondslag == "per_keer" and p.frequentie.betekenis != "vermenigvuldiger":
        yield Fout(f"{pad}.frequentie.betekenis", "Bij een omvang per keer is de frequentie een vermenigvuldiger.")
    for plek, namen in (("omvang", p.omvang.perioden), ("frequentie", p.frequentie.perioden)):
        for n, naam in enumerate(namen, 1):
            if naam not in f.perioden:
                yield Fout(f"{pad}.{plek}.perioden.{n}", "Deze periode staat niet bij perioden.")
    if p.fijnere_eenheid is not None and (
        p.fijnere_eenheid.eenheid not in lijsten.nationale_lijst("WJ756") or p.fijnere_eenheid.factor < 2
    ):
        yield Fout(f"{pad}.fijnere_eenheid", "Geef een eenheid van WJ756 en een factor vanaf 2.")


def onderdelen(f: Formaat) -> Iterator[Fout]:
    yield from _dubbel("onderdelen", (o.id for o in f.onderdelen), "id", "Dit onderdeel staat er al.")
    gezien: set[str] = set()
    for n, onderdeel in enumerate(f.onderdelen, 1):
        plek = f"onderdelen.{n}"
        if not onderdeel.invuller:
            yield Fout(f"{plek}.invuller", "Noem wie dit onderdeel invult.")
        if onderdeel.herhaal is not None:
            yield from _herhaal(plek, onderdeel)
        for m, veld in enumerate(onderdeel.velden, 1):
            vol = full_path(onderdeel, veld)
            if vol in gezien:
                yield Fout(f"{plek}.velden.{m}.pad", "Dit pad komt al eerder voor.")
            gezien.add(vol)
            yield from _veld(f, f"{plek}.velden.{m}", vol, veld)


def full_path(onderdeel: Onderdeel, veld: Veld) -> str:
    """The path of a field without list numbers: `resultaat.formulering`, `samenvatting.*.duur`."""
    if onderdeel.herhaal is not None:
        return f"{onderdeel.herhaal.pad}.{veld.pad}"
    return f"samenvatting.*.{veld.pad}" if onderdeel.per else veld.pad


def _herhaal(plek: str, onderdeel: Onderdeel) -> Iterator[Fout]:
    herhaal = onderdeel.herhaal
    assert herhaal is not None
    if type_at(Ondersteuningsplan, herhaal.pad) is None:
        yield Fout(f"{plek}.herhaal.pad", "Deze lijst bestaat niet in het plan.")
    if not 0 <= herhaal.min <= herhaal.max:
        yield Fout(f"{plek}.herhaal", "De kleinste waarde is hoogstens de grootste.")
    if herhaal.voor_elk is not None and type_at(Ondersteuningsplan, herhaal.voor_elk.lijst) is None:
        yield Fout(f"{plek}.herhaal.voor_elk.lijst", "Deze lijst bestaat niet in het plan.")


def _veld(f: Formaat, plek: str, vol: str, veld: Veld) -> Iterator[Fout]:
    if veld.type == "afgeleid":
        if not veld.van:
            yield Fout(f"{plek}.van", "Een afgeleid veld noemt de paden waaruit het bestaat.")
        for n, bron in enumerate(veld.van, 1):
            if type_at(Ondersteuningsplan, bron) is None:
                yield Fout(f"{plek}.van.{n}", "Dit pad bestaat niet in het plan.")
    elif type_at(Ondersteuningsplan, vol) is None and not _extra(vol):
        yield Fout(f"{plek}.pad", "Dit pad bestaat niet in het plan; een eigen veld staat onder extra.")
    if veld.type in _LIJSTTYPEN and veld.lijst is None:
        yield Fout(f"{plek}.lijst", f"Dit veld heeft {_LIJSTTYPEN[veld.type]} nodig.")
    if veld.lijst is not None and veld.lijst not in (*f.keuzelijsten, "resultaten", "producten"):
        yield Fout(f"{plek}.lijst", "Deze lijst bestaat niet.")
    if veld.type == "verwijzing" and (veld.naar is None or type_at(Ondersteuningsplan, veld.naar) is None):
        yield Fout(f"{plek}.naar", "Een verwijzing noemt een lijst van het plan.")
    if veld.min is not None and veld.max is not None and veld.min > veld.max:
        yield Fout(plek, "De kleinste waarde is hoogstens de grootste.")


def _extra(pad: str) -> bool:
    """`extra.<naam>`: a field the region added; kept and printed, never mapped (plan 8.3)."""
    kop, _, naam = pad.partition(".")
    return kop == "extra" and bool(_NAAM.match(naam))


def regels(f: Formaat) -> Iterator[Fout]:
    yield from _dubbel("regels", (r.id for r in f.regels), "id", "Deze controle staat er al.")
    for n, regel in enumerate(f.regels, 1):
        if regel.id not in lijsten.CONTROLES:
            yield Fout(f"regels.{n}.id", "Deze controle kent de gateway niet.")
    for ontbreekt in sorted(lijsten.ONMISBARE_CONTROLES - {r.id for r in f.regels}):
        yield Fout("regels", f"De controle {ontbreekt} kan niet worden weggelaten.")


def document(f: Formaat) -> Iterator[Fout]:
    bekend = [o.id for o in f.onderdelen]
    geplaatst: list[str] = []
    for n, pagina in enumerate(f.document.paginas, 1):
        for m, blok in enumerate(pagina, 1):
            if blok not in bekend:
                yield Fout(f"document.paginas.{n}.{m}", "Dit onderdeel bestaat niet.")
            elif blok in geplaatst:
                yield Fout(f"document.paginas.{n}.{m}", "Dit onderdeel staat al op een pagina.")
            geplaatst.append(blok)
    for blok in bekend:
        if blok not in geplaatst:
            yield Fout("document.paginas", f"Het onderdeel {blok} staat op geen enkele pagina.")


def _dubbel(lijst: str, codes: Iterable[str], sleutel: str, tekst: str) -> Iterator[Fout]:
    gezien: set[str] = set()
    for n, code in enumerate(codes, 1):
        if code in gezien:
            yield Fout(f"{lijst}.{n}.{sleutel}", tekst)
        gezien.add(code)


ALLE: tuple[Regelcontrole, ...] = (
    formaat,
    codelijsten,
    termijnen,
    bijlagen,
    perioden,
    keuzelijsten,
    resultaten,
    producten,
    onderdelen,
    regels,
    document,
)


def gemeenten_bestaan(f: Formaat, bekend: Container[str]) -> Iterator[Fout]:
    """Every gemeente of the format is in the CBS list that the caller holds."""
    for n, gemeente in enumerate(f.formaat.gemeenten, 1):
        if is_gemeentecode(gemeente.code) and gemeente.code not in bekend:
            yield Fout(f"formaat.gemeenten.{n}.code", "Deze gemeente staat niet in de lijst van het CBS.")


def overlappen(formaten: Iterable[Formaat]) -> Iterator[tuple[Formaat, Formaat, str]]:
    """Pairs of formats that are both valid for one gemeente on one day, with its code (plan 8.1, key `formaat`)."""
    per_gemeente: dict[str, list[Formaat]] = {}
    for f in formaten:
        for gemeente in f.formaat.gemeenten:
            per_gemeente.setdefault(gemeente.code, []).append(f)
    for code, lijst in per_gemeente.items():
        for eerste, tweede in pairwise(sorted(lijst, key=lambda f: f.formaat.geldig_vanaf)):
            if eerste.formaat.geldig_tot is None or eerste.formaat.geldig_tot >= tweede.formaat.geldig_vanaf:
                yield eerste, tweede, code
