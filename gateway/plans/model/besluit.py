"""The decision, its lines and their link with the orders sent (plan 5.11)."""

from datetime import date, datetime
from typing import Literal

from gateway.plans.model.basis import Record

Besluitsoort = Literal["toekenning", "gedeeltelijk", "afwijzing", "beeindiging", "spoed"]

GRANTS: frozenset[str] = frozenset({"toekenning", "gedeeltelijk", "spoed"})


class Grond(Record, frozen=True, kw_only=True):
    """What a decision rests on: exactly one of a plan version, the deviation, the onderzoek, spoed or a besluit."""

    soort: Literal["plan", "afwijking", "onderzoek", "spoed", "besluit"]
    plan_id: str | None = None
    versie: int | None = None
    besluit: str | None = None


class Besluitregel(Record, frozen=True, kw_only=True):
    """One line granted, already in the codes of the standard (plan 9.3)."""

    nr: int
    resultaat: tuple[int, ...] = ()  # numbers of arrangement lines
    product: str | None = None  # id in the region's format
    categorie: str | None = None  # WMO020
    code: str | None = None
    volume: int | None = None
    eenheid: str | None = None  # WJ756
    frequentie: str | None = None  # WMO757
    ingangsdatum: date | None = None
    einddatum: date | None = None
    aanbieder: str | None = None
    afwijking_van_voorstel: str | None = None  # stays with the gemeente
    zonder_plan: str | None = None  # reason when the line rests on neither plan line nor deviation (PL-2)


class Besluit(Record, frozen=True, kw_only=True):
    """A decision of the municipality (PL-21, PL-25). `vervallen`: taken back or replaced after a bezwaar."""

    id: str
    soort: Besluitsoort
    grond: Grond
    status: Literal["geldig", "vervallen"] = "geldig"
    gewogen: tuple[str, ...] = ()
    genomen_op: datetime | None = None
    genomen_door: str | None = None
    beschikkingnummer: int | None = None
    bekendgemaakt_op: date | None = None
    ontvangen_op: date | None = None
    ingangsdatum: date | None = None
    evaluatie_op: date | None = None
    regel: tuple[Besluitregel, ...] = ()
    reden: str | None = None
    einddatum: date | None = None  # beeindiging only: the day the support ends


class ToewijzingBericht(Record, frozen=True, kw_only=True):
    """One WMO301 sent for a line, and what its WMO302 said."""

    bericht: str
    verzonden_op: datetime
    reden_wijziging: str | None = None  # WMO002, with a change only
    retour: Literal["aanvaard", "afgekeurd"] | None = None


class ToewijzingKoppeling(Record, frozen=True, kw_only=True):
    """The link besluitregel - ToewijzingNummer, which no message carries (PL-29)."""

    toewijzing_nummer: int
    besluit: str
    regel: int
    bericht: tuple[ToewijzingBericht, ...] = ()
    begindatum: date | None = None  # delivery, from WMO305
    einddatum: date | None = None  # delivery, from WMO307
