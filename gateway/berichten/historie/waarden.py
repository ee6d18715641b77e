"""The values that a history hands out, and the view itself.

Whatever a history hands out counts: it stands in a message that was not rejected (a rejected message counts as not
sent, OP286, IV032) and was not deleted. A message without an answer counts, because it was delivered.
"""

import datetime as dt
from typing import Any, NamedTuple, Protocol

import msgspec

from gateway.berichten.historie.kenmerk import Kenmerk

VERVALLEN, VERWIJDERD = "01", "13"  # RedenWijziging; 01 occurs in history only


class Dossier(NamedTuple):
    """One client between one municipality and one provider."""

    gemeente: str
    aanbieder: str
    bsn: str


class Versie(msgspec.Struct, frozen=True):
    """A version of an allocation, as in one WMO301."""

    dossier: Dossier
    bron: Kenmerk  # the WMO301
    dagtekening: dt.date  # of that WMO301
    product: Any  # wmo301.ToegewezenProduct

    @property
    def moment(self) -> tuple[dt.date, dt.time]:
        """What orders versions, whatever the order in which messages arrive (IV013, OP033x1, OP080)."""
        return self.product.toewijzingsdatum, self.product.toewijzingstijd

    @property
    def is_verwijderd(self) -> bool:
        """Withdrawn as if it had never been (RedenWijziging 13; in history also 01 with equal dates)."""
        p = self.product
        return bool(
            p.reden_wijziging == VERWIJDERD or (p.reden_wijziging == VERVALLEN and p.einddatum == p.ingangsdatum)
        )

    def is_actueel(self, op: dt.date) -> bool:
        """Valid on that day or later, and not removed (TR349, OP087)."""
        return not self.is_verwijderd and (self.product.einddatum is None or self.product.einddatum >= op)


class Levering(msgspec.Struct, frozen=True):
    """A start or a stop by its logical key (IV008); a start has no reason and no end."""

    toewijzing_nummer: int | None
    product: tuple[str | None, str | None]  # Categorie, Code
    begindatum: dt.date
    reden: str | None = None  # RedenBeeindiging
    einddatum: dt.date | None = None

    @classmethod
    def of(cls, element: Any) -> "Levering":
        """The logical key of a StartProduct or StopProduct."""
        product = (None, None) if element.product is None else (element.product.categorie, element.product.code)
        return cls(
            element.toewijzing_nummer,
            product,
            element.begindatum,
            getattr(element, "reden_beeindiging", None),
            getattr(element, "einddatum", None),
        )

    @property
    def start(self) -> "Levering":
        """The start that a stop belongs to (TR382); of a start, itself."""
        return Levering(self.toewijzing_nummer, self.product, self.begindatum)


class Verzoek(msgspec.Struct, frozen=True):
    """A request with its own reference: an AangevraagdProduct of a WMO315, or the Verzoek of a WMO317."""

    dossier: Dossier
    referentie: str
    bron: Kenmerk


class Earlier(Protocol):
    """What rules of level 3 may ask about the messages exchanged before. Answers are values; nothing changes."""

    def zonder(self, bericht: Any) -> "Earlier":
        """This history without this very message, so that a repeat is judged like the first time."""
        ...

    def bericht(self, naam: Kenmerk) -> Any | None:
        """The message known under this name, rejected or not; the first, if the name was used twice (TR056)."""
        ...

    def retour(self, naam: Kenmerk) -> Any | None:
        """The return message that answered it."""
        ...

    def toewijzing(self, gemeente: str, nummer: int) -> tuple[Versie, ...]:
        """The versions of one allocation, oldest first; the last one is in force."""
        ...

    def toewijzingen(self, dossier: Dossier) -> tuple[Versie, ...]:
        """Of every allocation of a client the version in force."""
        ...

    def starts(self, dossier: Dossier) -> frozenset[Levering]:
        """The starts of a client that were not deleted (IV008)."""
        ...

    def stops(self, dossier: Dossier) -> frozenset[Levering]:
        """The stops of a client that were not deleted."""
        ...

    def verzoeken(self, dossier: Dossier) -> tuple[Verzoek, ...]:
        """All requests for a client."""
        ...

    def verzoek(self, gemeente: str, aanbieder: str, referentie: str) -> Verzoek | None:
        """The request with this reference."""
        ...

    def antwoorden(self, gemeente: str, aanbieder: str, referentie: str) -> tuple[str, ...]:
        """VerzoekAntwoord of every WMO319 about this reference."""
        ...

    def toegewezen(self, gemeente: str, aanbieder: str, referentie: str) -> tuple[Versie, ...]:
        """The allocations that were sent with this reference."""
        ...

    def open_debetregels(self, gemeente: str, nummer: int) -> int:
        """How many approved debit lines of an allocation have no approved credit (TR385)."""
        ...
