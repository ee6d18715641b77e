"""The client and the people around it (plan 5.3, 5.4)."""

from datetime import date
from typing import Literal

from gateway.plans.model.basis import Record

Rol = Literal[
    "mantelzorger",
    "vertegenwoordiger",
    "clientondersteuner",
    "huisarts",
    "maatschappelijk_werker",
    "ergotherapeut",
    "casemanager",
    "klantmanager",
    "andere_professional",
]


class Betrokkene(Record, frozen=True, kw_only=True):
    """A person around the client. Only a representative can have access to a plan (PL-48)."""

    rol: Rol
    naam: str
    organisatie: str | None = None
    telefoon: str | None = None
    email: str | None = None
    van: date | None = None
    tot: date | None = None


class Communicatie(Record, frozen=True, kw_only=True):
    """Need of an interpreter: code of COD747, and the language with code 1 only (CD007)."""

    vorm: str
    taal: str | None = None


class Client(Record, frozen=True, kw_only=True):
    """The citizen who needs support. Limits are those of the iWmo schema, so that nothing is cut later (plan 5.3)."""

    bsn: str | None = None
    achternaam: str | None = None
    voorvoegsel: str | None = None
    partnernaam: str | None = None
    partner_voorvoegsel: str | None = None
    voornamen: str | None = None
    voorletters: str | None = None
    naam_gebruik: str | None = None  # COD700; without partnernaam only 1 (CS050)
    geboortedatum: date | None = None  # unknown parts are 01; wholly unknown 1900-01-01 (TR002)
    datum_gebruik: str | None = None  # COD170, only when part of the date is unknown
    geslacht: str | None = None  # COD046
    adres_soort: str | None = None  # COD757
    straatnaam: str | None = None
    huisnummer: int | None = None
    huisletter: str | None = None
    huisnummer_toevoeging: str | None = None
    postcode: str | None = None
    plaatsnaam: str | None = None
    landcode: str | None = None  # COD032
    telefoonnummer: str | None = None
    landnummer: str | None = None
    emailadres: str | None = None
    communicatie: Communicatie | None = None
    wettelijke_vertegenwoordiging: str | None = None  # WJ003
    vertegenwoordiger: Betrokkene | None = None
