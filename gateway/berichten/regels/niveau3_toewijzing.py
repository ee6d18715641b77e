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
        eerder = zaak.earlier.toegewezen(zaak.gemeente, zaak.aanbieder, referentie)
        if onbekend or any(_is_oudere_versie(versie, product) for versie in eerder):
            yield Hit(f"{pad}/ReferentieAanbieder")


def _is_oudere_versie(versie: Versie, product: Any) -> bool:
    nieuw = (product.toewijzingsdatum, product.toewijzingstijd)
    return bool(versie.product.toewijzing_nummer == product.toewijzing_nummer and versie.moment < nieuw)


@historisch("TR385", "WMO301", bij=toegewezen)
def tr385(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, product in elementen:
        verwijderd = product.reden_wijziging == VERWIJDERD
        if verwijderd and zaak.earlier.open_debetregels(zaak.gemeente, product.toewijzing_nummer):
            yield Hit(f"{pad}/RedenWijziging", VERWIJDERD)
