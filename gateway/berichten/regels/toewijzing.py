"""Rules about changed allocations (WMO301), start and stop (305, 307), requests (315, 317) and answers (319)."""

from collections.abc import Iterator
from typing import Any

from gateway.berichten.regels import paden
from gateway.berichten.regels.registry import Context, Hit, regel

VERVALLEN, VERWIJDERD = "01", "13"  # RedenWijziging
_AANLEVEREN = frozenset({"1", "3"})  # eerste aanlevering, verwijderen
_VERWIJZER_MET_CODE = frozenset({"02", "03", "04", "05"})
_AFGEWEZEN, _IN_ONDERZOEK = "1", "2"  # VerzoekAntwoord


@regel("CS335")
def cs335(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """The official test says nothing about a removal without an end date, so neither do we."""
    for pad, product in paden.genummerd(paden.TOEGEWEZEN, bericht.client.toegewezen_producten):
        if product.reden_wijziging != VERWIJDERD or product.einddatum is None:
            continue
        begin = paden.datum_als_tekst(product.ingangsdatum, f"{pad}/Ingangsdatum", ctx)
        if begin != paden.datum_als_tekst(product.einddatum, f"{pad}/Einddatum", ctx):
            yield Hit(f"{pad}/RedenWijziging", VERWIJDERD)


@regel("CS336")
def cs336(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, product in paden.genummerd(paden.TOEGEWEZEN, bericht.client.toegewezen_producten):
        if product.reden_wijziging == VERVALLEN:
            yield Hit(f"{pad}/RedenWijziging", VERVALLEN)


@regel("CS058", "WMO305")
def cs058_start(bericht: Any, ctx: Context) -> Iterator[Hit]:
    return _status(paden.START, bericht.client.start_producten)


@regel("CS058", "WMO307")
def cs058_stop(bericht: Any, ctx: Context) -> Iterator[Hit]:
    return _status(paden.STOP, bericht.client.stop_producten)


def _status(pad: str, producten: tuple[Any, ...]) -> Iterator[Hit]:
    for plek, product in paden.genummerd(pad, producten):
        if product.status_aanlevering not in _AANLEVEREN:
            yield Hit(f"{plek}/StatusAanlevering", product.status_aanlevering)


@regel("CD043")
def cd043(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, product in paden.genummerd(paden.AANGEVRAAGD, bericht.client.aangevraagde_producten):
        if (product.beschikking_nummer is None) != (product.beschikking_ingangsdatum is None):
            yield Hit(f"{pad}/BeschikkingIngangsdatum")


def _verwijzers(bericht: Any) -> Iterator[tuple[str, Any]]:
    for pad, product in paden.genummerd(paden.AANGEVRAAGD, bericht.client.aangevraagde_producten):
        yield f"{pad}/Verwijzer", product.verwijzer


@regel("CD066")
def cd066(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, verwijzer in _verwijzers(bericht):
        met_code = verwijzer.type in _VERWIJZER_MET_CODE and verwijzer.zorgverlener_code is not None
        if met_code and verwijzer.naam is not None:
            yield Hit(f"{pad}/Naam")


@regel("CD067")
def cd067(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, verwijzer in _verwijzers(bericht):
        if verwijzer.type in _VERWIJZER_MET_CODE and verwijzer.zorgverlener_code is None and verwijzer.naam is None:
            yield Hit(f"{pad}/Naam")


@regel("CD068")
def cd068(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, verwijzer in _verwijzers(bericht):
        if verwijzer.type not in _VERWIJZER_MET_CODE and verwijzer.zorgverlener_code is not None:
            yield Hit(f"{pad}/ZorgverlenerCode", verwijzer.zorgverlener_code)


@regel("CD085")
def cd085(bericht: Any, ctx: Context) -> Iterator[Hit]:
    antwoord = bericht.antwoord
    if antwoord.verzoek_antwoord == _AFGEWEZEN and antwoord.reden_afwijzing_verzoek is None:
        yield Hit("/Bericht/Antwoord/RedenAfwijzingVerzoek")


@regel("CD086")
def cd086(bericht: Any, ctx: Context) -> Iterator[Hit]:
    antwoord = bericht.antwoord
    if antwoord.verzoek_antwoord == _IN_ONDERZOEK and antwoord.reden_afwijzing_verzoek is not None:
        yield Hit("/Bericht/Antwoord/RedenAfwijzingVerzoek", antwoord.reden_afwijzing_verzoek)


@regel("TR352")
def tr352(bericht: Any, ctx: Context) -> Iterator[Hit]:
    verzoek = bericht.client.verzoek
    if not verzoek.ongewijzigde_producten and not verzoek.te_wijzigen_producten:
        yield Hit(paden.VERZOEK)


@regel("TR353")
def tr353(bericht: Any, ctx: Context) -> Iterator[Hit]:
    verzoek = bericht.client.verzoek
    if not verzoek.te_wijzigen_producten and not verzoek.nieuwe_producten:
        yield Hit(paden.VERZOEK)
