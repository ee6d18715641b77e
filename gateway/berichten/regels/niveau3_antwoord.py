"""WMO319 against earlier messages: an answer belongs to a request that is still open."""

from collections.abc import Iterable, Iterator

from gateway.berichten.regels.niveau3 import Element, Zaak, antwoord, historisch
from gateway.berichten.regels.registry import Hit

_AFGEWEZEN, _IN_ONDERZOEK = "1", "2"  # VerzoekAntwoord


@historisch("TR355", "WMO319", bij=antwoord)
def tr355(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, deel in elementen:
        if zaak.earlier.verzoek(zaak.gemeente, zaak.aanbieder, deel.referentie_aanbieder) is None:
            yield Hit(f"{pad}/ReferentieAanbieder")


@historisch("TR359", "WMO319", bij=antwoord)
def tr359(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, deel in elementen:
        if zaak.earlier.toegewezen(zaak.gemeente, zaak.aanbieder, deel.referentie_aanbieder):
            yield Hit(f"{pad}/ReferentieAanbieder")


@historisch("TR360", "WMO319", bij=antwoord)
def tr360(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """ "In onderzoek" can be said once, and only as the first answer."""
    for pad, deel in elementen:
        eerder = zaak.earlier.antwoorden(zaak.gemeente, zaak.aanbieder, deel.referentie_aanbieder)
        if deel.verzoek_antwoord == _IN_ONDERZOEK and eerder:
            yield Hit(f"{pad}/VerzoekAntwoord", _IN_ONDERZOEK)


@historisch("TR365", "WMO319", bij=antwoord)
def tr365(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, deel in elementen:
        eerder = zaak.earlier.antwoorden(zaak.gemeente, zaak.aanbieder, deel.referentie_aanbieder)
        if any(gegeven != _IN_ONDERZOEK for gegeven in eerder):
            yield Hit(f"{pad}/VerzoekAntwoord", deel.verzoek_antwoord)
