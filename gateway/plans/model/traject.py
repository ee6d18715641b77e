"""The case: everything from one melding, or from one revision, to its closing (plan 5.2 to 5.7, 5.13)."""

from datetime import date, datetime
from typing import Literal

from gateway.plans.model.basis import Record
from gateway.plans.model.besluit import Besluit, ToewijzingKoppeling
from gateway.plans.model.client import Betrokkene, Client
from gateway.plans.model.plan import (
    AanbiederGegevens,
    ArrangementRegel,
    Bijlage,
    Deelmoment,
    JaNee,
    Ondersteuningsplan,
)
from gateway.plans.model.records import (
    Afstemming,
    Bezwaar,
    Evaluatie,
    Gebeurtenis,
    Rapportage,
    Signaal,
    Spoed,
    Termijn,
    Verhuizing,
)


class Melding(Record, frozen=True, kw_only=True):
    """The report that support is needed; its receipt starts the eight weeks (PL-46, PL-57)."""

    ontvangen_op: datetime
    kanaal: Literal[
        "balie",
        "telefoon",
        "brief",
        "website",
        "email",
        "aanbieder",
        "signaal",
        "evaluatie",
        "overdracht",
        "bezwaar",
        "anders",
    ]
    melder: Literal["client", "vertegenwoordiger", "mantelzorger", "professional", "aanbieder", "gemeente", "anders"]
    vraag: str
    spoed: bool = False


class AkkoordClient(Record, frozen=True, kw_only=True):
    """The client agreed that the report goes along as an attachment, and to nothing else (PL-35, PL-38)."""

    op: date
    wijze: Literal["mondeling", "schriftelijk", "portaal"]


class Onderzoek(Record, frozen=True, kw_only=True):
    """The conversation and what the client was told in it (PL-35, PL-39, PL-47, PL-56)."""

    gesprek_op: date | None = None
    wijze: Literal["huisbezoek", "kantoor", "telefoon", "beeldbellen"] | None = None
    aanwezig: tuple[str, ...] = ()
    verslag: str | None = None  # id of the Bijlage
    verslag_akkoord_client: AkkoordClient | None = None
    geinformeerd_op: date | None = None
    geinformeerd_door: str | None = None
    geinformeerd_wijze: Literal["gesprek", "brief", "portaal", "telefoon"] | None = None
    clientondersteuning_gewezen_op: date | None = None


class Weigering(Record, frozen=True, kw_only=True):
    """The provider cannot or will not take it on (PL-61)."""

    soort: Literal["geen_capaciteit", "niet_passend", "anders"]
    tekst: str | None = None


class Uitvraag(Record, frozen=True, kw_only=True):
    """One request for a plan to one provider. After sending it never changes (plan 5.6)."""

    id: str
    formaat_id: str
    formaat_versie: int
    aanbieder: AanbiederGegevens = AanbiederGegevens()
    onderzoeksverslag_meegezonden: JaNee | None = None
    bijlage: tuple[Bijlage, ...] = ()
    proportioneel_beoordeeld_door: str | None = None
    proportioneel_beoordeeld_op: datetime | None = None
    grondslag: str | None = None
    retouradres: str | None = None
    kanaal: str | None = None
    reageer_voor: date | None = None
    verzonden_op: datetime | None = None
    bezorgd_op: datetime | None = None
    geopend_op: datetime | None = None
    ingetrokken_op: datetime | None = None
    mislukt_op: datetime | None = None  # final failure of the channel (event 7)
    weigering: Weigering | None = None
    momentopname: Ondersteuningsplan | None = None  # the municipal part as sent
    sha256: str | None = None  # of the municipal part as sent

    @property
    def open(self) -> bool:
        """Sent, and neither withdrawn, undeliverable nor refused (PL-72: at most one per traject)."""
        return self.verzonden_op is not None and not (self.ingetrokken_op or self.mislukt_op or self.weigering)


class Vindplaats(Record, frozen=True, kw_only=True):
    onderdeel: Literal["arrangement", "resultaten", "samenvatting"]
    document: str


class Afwijking(Record, frozen=True, kw_only=True):
    """Why no plan was asked for, with the three conditions of PL-7 (plan 5.7)."""

    reden: str | None = None
    klantgroep: str | None = None
    vindplaats: tuple[Vindplaats, ...] = ()
    aanbieder: str | None = None
    client_betrokken_op: date | None = None
    client_betrokken_wijze: str | None = None
    aanbieder_kortgesloten_op: date | None = None
    aanbieder_kortgesloten_wijze: Literal["gesprek", "telefoon", "bericht"] | None = None
    aanbieder_kortgesloten_met: str | None = None
    vastgelegd_door: str | None = None
    vastgelegd_op: datetime | None = None


Herkomst = Literal["melding", "herziening", "verhuizing", "bezwaar", "splitsing"]
Sluitreden = Literal["afgerond", "afgewezen", "ingetrokken", "overleden", "verhuisd", "ander_domein", "opgevolgd"]


class Traject(Record, frozen=True, kw_only=True):
    """The gemeente's case. `toestand` is moved by events only (plan 7.1, `machine.apply`)."""

    id: str
    gemeente: str
    wet: Literal["wmo"] = "wmo"
    zaakkenmerk: str | None = None
    herkomst: Herkomst = "melding"
    vorig_traject: str | None = None
    volgend_traject: tuple[str, ...] = ()
    client: Client = Client()
    betrokkene: tuple[Betrokkene, ...] = ()
    melding: Melding | None = None
    onderzoek: Onderzoek = Onderzoek()
    arrangement: tuple[ArrangementRegel, ...] = ()
    arrangement_met_client_op: date | None = None
    voorkeur_client: str | None = None  # AGB code, geen_voorkeur or niet_gecontracteerd
    voorkeur_client_tekst: str | None = None
    reden_andere_aanbieder: str | None = None
    reden_andere_aanbieder_verteld_op: date | None = None
    uitvraag: tuple[Uitvraag, ...] = ()
    afwijking: Afwijking | None = None
    plan: tuple[Ondersteuningsplan, ...] = ()
    concept_gedeeld: tuple[Deelmoment, ...] = ()
    besluit: tuple[Besluit, ...] = ()
    toewijzing: tuple[ToewijzingKoppeling, ...] = ()
    spoed: tuple[Spoed, ...] = ()
    signaal: tuple[Signaal, ...] = ()
    evaluatie: tuple[Evaluatie, ...] = ()
    bezwaar: tuple[Bezwaar, ...] = ()
    verhuizing: Verhuizing | None = None
    afstemming: tuple[Afstemming, ...] = ()
    rapportage: tuple[Rapportage, ...] = ()
    termijn: tuple[Termijn, ...] = ()
    toestand: str | None = None
    sluitreden: Sluitreden | None = None
    gebeurtenis: tuple[Gebeurtenis, ...] = ()


class OntvangenUitvraag(Record, frozen=True, kw_only=True):
    """The provider's case: one per uitvraag (plan 7.2). It never holds melding, onderzoek, rapportage or besluit."""

    id: str  # = plan_id
    gemeente: str
    uitvraag: Ondersteuningsplan  # the municipal part as received, read-only
    bijlage: tuple[Bijlage, ...] = ()
    plan: tuple[Ondersteuningsplan, ...] = ()
    weigering: Weigering | None = None
    toewijzing_nummer: tuple[int, ...] = ()
    afstemming: tuple[Afstemming, ...] = ()
    toestand: str | None = None
    gebeurtenis: tuple[Gebeurtenis, ...] = ()
