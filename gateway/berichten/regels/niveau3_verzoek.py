"""WMO315 and WMO317 against earlier messages: references, pending requests, and the allocations to be changed."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from gateway.berichten.regels.niveau3 import (
    Element,
    Zaak,
    aangevraagd,
    client,
    historisch,
    nieuw,
    ongewijzigd,
    te_wijzigen,
    verzoek,
)
from gateway.berichten.regels.registry import Hit
from gateway.berichten.regels.stapeling import Looptijd, gestapeld

_AFGEWEZEN = "1"  # VerzoekAntwoord
_TOTAAL = "6"  # Frequentie: total over the whole allocation
_OUDE_REGELS_TOT = dt.date(2020, 12, 31)


def _verzoeken(bericht: Any) -> Iterator[Element]:
    """The parts of a request that carry a reference of their own."""
    return aangevraagd(bericht) if hasattr(bericht.client, "aangevraagde_producten") else verzoek(bericht)


def _verzoek_als_geheel(bericht: Any) -> Iterator[Element]:
    """The class that stands for the whole request: a WMO315 has none but the client."""
    return client(bericht) if hasattr(bericht.client, "aangevraagde_producten") else verzoek(bericht)


@historisch("TR304", "WMO317", bij=client)
def tr304(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """A client is known if this provider was ever assigned anything for this Bsn."""
    for pad, _ in elementen:
        if not zaak.earlier.toewijzingen(zaak.dossier):
            yield Hit(f"{pad}/Bsn")


@historisch("TR347", "WMO315", "WMO317", bij=_verzoeken)
def tr347(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, deel in elementen:
        if zaak.earlier.verzoek(zaak.gemeente, zaak.aanbieder, deel.referentie_aanbieder) is not None:
            yield Hit(f"{pad}/ReferentieAanbieder")


@historisch("TR374", "WMO315", "WMO317", bij=_verzoek_als_geheel)
def tr374(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """Every earlier reference must have ended in a refusal or in an allocation (OP350)."""
    for pad, _ in elementen:
        if any(_is_onderhanden(v.referentie, zaak) for v in zaak.earlier.verzoeken(zaak.dossier)):
            yield Hit(pad)


def _is_onderhanden(referentie: str, zaak: Zaak) -> bool:
    vraag = (zaak.gemeente, zaak.aanbieder, referentie)
    return _AFGEWEZEN not in zaak.earlier.antwoorden(*vraag) and not zaak.earlier.toegewezen(*vraag)


@historisch("TR349", "WMO317", bij=verzoek)
def tr349(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """All current allocations of the client to this provider, which are all that it can know of (OP095)."""
    for pad, deel in elementen:
        genoemd = {p.toewijzing_nummer for p in (*deel.ongewijzigde_producten, *deel.te_wijzigen_producten)}
        actueel = (v for v in zaak.earlier.toewijzingen(zaak.dossier) if v.is_actueel(zaak.dagtekening))
        if any(v.product.toewijzing_nummer not in genoemd for v in actueel):
            yield Hit(pad)


@historisch("TR350", "WMO317", bij=ongewijzigd)
def tr350(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    return _niet_actueel(elementen, zaak)


@historisch("TR351", "WMO317", bij=te_wijzigen)
def tr351(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    return _niet_actueel(elementen, zaak)


def _niet_actueel(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, product in elementen:
        versie = zaak.toewijzing(product.toewijzing_nummer)
        if versie is None or not versie.is_actueel(zaak.dagtekening):
            yield Hit(f"{pad}/ToewijzingNummer", str(product.toewijzing_nummer))


def _met_toewijzing(elementen: Iterable[Element], zaak: Zaak) -> Iterator[tuple[str, Any, Any]]:
    """Every product with the ToegewezenProduct that it is about; one without is left to TR351."""
    for pad, product in elementen:
        versie = zaak.toewijzing(product.toewijzing_nummer)
        if versie is not None:
            yield pad, product, versie.product


@historisch("TR357", "WMO317", bij=te_wijzigen)
def tr357(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, product, toegewezen in _met_toewijzing(elementen, zaak):
        gewenst = product.gewenste_ingangsdatum
        if gewenst <= zaak.dagtekening and gewenst != toegewezen.ingangsdatum:
            yield Hit(f"{pad}/GewensteIngangsdatum", gewenst.isoformat())


@historisch("TR373", "WMO317", bij=te_wijzigen)
def tr373(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """A budget, or a total over the whole allocation, can only change for the whole allocation (IV092)."""
    for pad, product, toegewezen in _met_toewijzing(elementen, zaak):
        gewenst = product.gewenste_ingangsdatum
        if _wijzigt_geheel(product, toegewezen) and gewenst != toegewezen.ingangsdatum:
            yield Hit(f"{pad}/GewensteIngangsdatum", gewenst.isoformat())


def _wijzigt_geheel(product: Any, toegewezen: Any) -> bool:
    omvang = toegewezen.omvang
    if omvang is not None and omvang.frequentie == _TOTAAL and product.omvang != omvang:
        return True
    return toegewezen.budget is not None and bool(product.budget != toegewezen.budget)


def _onder_huidige_regels(toegewezen: Any) -> bool:
    return toegewezen.einddatum is None or toegewezen.einddatum > _OUDE_REGELS_TOT


@historisch("TR375", "WMO317", bij=te_wijzigen)
def tr375(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, product, toegewezen in _met_toewijzing(elementen, zaak):
        if product.omvang is not None and toegewezen.product is None and _onder_huidige_regels(toegewezen):
            yield Hit(f"{pad}/Omvang")


@historisch("TR411", "WMO317", bij=te_wijzigen)
def tr411(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, product, toegewezen in _met_toewijzing(elementen, zaak):
        if product.omvang is None and toegewezen.product is not None and toegewezen.product.code is not None:
            yield Hit(f"{pad}/Omvang")


@historisch("TR412", "WMO317", bij=te_wijzigen)
def tr412(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """An allocation without any product has its own rule (TR375)."""
    for pad, product, toegewezen in _met_toewijzing(elementen, zaak):
        zonder_code = toegewezen.product is not None and toegewezen.product.code is None
        if product.omvang is not None and zonder_code and _onder_huidige_regels(toegewezen):
            yield Hit(f"{pad}/Omvang")


@historisch("TR361", "WMO317", bij=verzoek)
def tr361(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """The product of what is unchanged or to be changed, and the period of what is unchanged, are the allocation's."""
    return gestapeld(_looptijden(zaak))


def _looptijden(zaak: Zaak) -> Iterator[Looptijd]:
    for pad, _, toegewezen in _met_toewijzing(ongewijzigd(zaak.bericht), zaak):
        yield Looptijd(pad, toegewezen.product, toegewezen.ingangsdatum, toegewezen.einddatum or dt.date.max)
    for pad, product, toegewezen in _met_toewijzing(te_wijzigen(zaak.bericht), zaak):
        yield Looptijd(pad, toegewezen.product, product.gewenste_ingangsdatum, product.einddatum or dt.date.max)
    for pad, product in nieuw(zaak.bericht):
        yield Looptijd(pad, product.product, product.gewenste_ingangsdatum, product.einddatum or dt.date.max)
