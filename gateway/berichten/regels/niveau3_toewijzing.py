"""WMO301 against earlier messages: the number of an allocation, the request it honours, and its removal."""

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.berichten.historie import Versie
from gateway.berichten.historie.waarden import VERWIJDERD
from gateway.berichten.regels.niveau3 import Element, Zaak, historisch, toegewezen
from gateway.berichten.regels.registry import Hit


@historisch("TR332", "WMO301", bij=toegewezen)
def tr332(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """One number, one allocation: client, provider, product and start never change under a number (1.1, IV066)."""
    for pad, product in elementen:
        for versie in zaak.earlier.toewijzing(zaak.gemeente, product.toewijzing_nummer):
            zelfde = (versie.product.product, versie.product.ingangsdatum) == (product.product, product.ingangsdatum)
            if versie.dossier != zaak.dossier or not zelfde:
                yield Hit(f"{pad}/ToewijzingNummer", str(product.toewijzing_nummer))
                break


@historisch("TR379", "WMO301", bij=toegewezen)
def tr379(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """A reference names a request for this client, and only in the first version that honours it (IV097)."""
    for pad, product in elementen:
        referentie = product.referentie_aanbieder
        if referentie is None:
            continue
        verzoek = zaak.earlier.verzoek(zaak.gemeente, zaak.aanbieder, referentie)
        onbekend = verzoek is None or verzoek.dossier != zaak.dossier
        if onbekend or any(v.product.referentie_aanbieder == referentie for v in _oudere_versies(product, zaak)):
            yield Hit(f"{pad}/ReferentieAanbieder")


def _oudere_versies(product: Any, zaak: Zaak) -> Iterator[Versie]:
    moment = (product.toewijzingsdatum, product.toewijzingstijd)
    return (v for v in zaak.earlier.toewijzing(zaak.gemeente, product.toewijzing_nummer) if v.moment < moment)


@historisch("TR385", "WMO301", bij=toegewezen)
def tr385(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, product in elementen:
        verwijderd = product.reden_wijziging == VERWIJDERD
        if verwijderd and zaak.earlier.open_debetregels(zaak.gemeente, product.toewijzing_nummer):
            yield Hit(f"{pad}/RedenWijziging", VERWIJDERD)
