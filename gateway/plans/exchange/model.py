"""The envelope around a plan between two gateways: `application/json`, name `ondersteuningsplan.json`."""

from datetime import date, datetime
from typing import Literal

from gateway.plans.model import Deelmoment, Ondersteuningsplan, Record

SCHEMA = "ondersteuningsplan-uitwisseling/1"
Soort = Literal["uitvraag", "retour"]


class Partij(Record, frozen=True, kw_only=True):
    """Who speaks or is spoken to; the code must be in the record of the partner that sealed the mail (SM-130)."""

    soort: Literal["gemeente", "aanbieder"]
    code: str  # gemeentecode or AGB code


class FormaatVerwijzing(Record, frozen=True, kw_only=True):
    id: str
    versie: int


class MeegezondenBijlage(Record, frozen=True, kw_only=True):
    """An attachment that travels in the same mail, found by its hash. Who added it stays with the gemeente (PL-40)."""

    soort: Literal["onderzoeksverslag", "gespreksverslag", "plandocument", "scan"]
    naam: str
    mediatype: str
    omvang_bytes: int
    sha256: str
    doel: str | None = None


class Uitwisseling(Record, frozen=True, kw_only=True):
    """One message about a plan. `sha256` is the hash of the plan's content (plan 5.8), not of the message."""

    schema: str
    soort: Soort
    formaat: FormaatVerwijzing
    plan_id: str
    versie: int
    afzender: Partij
    ontvanger: Partij
    verzonden_op: datetime
    reageer_voor: date | None = None
    bijlage: tuple[MeegezondenBijlage, ...] = ()
    plan: Ondersteuningsplan
    concept_gedeeld: tuple[Deelmoment, ...] = ()
    sha256: str
