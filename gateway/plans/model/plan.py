"""The Ondersteuningsplan: what the municipality asked and what provider and client answer (plan 5.5, 5.8 to 5.10)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from gateway.plans.model.basis import Record
from gateway.plans.model.client import Client

Richting = Literal["verbetering", "stabiliteit"]
Toedeling = Literal["eigen", "elders"]
JaNee = Literal["ja", "nee"]
Planstatus = Literal["concept", "ter_ondertekening", "ingediend", "afgekeurd", "vervangen", "vervallen"]
Reactie = Literal["akkoord", "aanpassing_voorgesteld", "niet_akkoord", "geen_reactie"]


class ArrangementRegel(Record, frozen=True, kw_only=True):
    """One result agreed with the client: which, what direction, and who takes it up (PL-14, PL-15)."""

    resultaat: str | None = None  # code of the region's catalogue, once per traject
    richting: Richting | None = None
    toedeling: Toedeling | None = None
    uitvoerder_elders: str | None = None  # never sent to the provider


class AanbiederGegevens(Record, frozen=True, kw_only=True):
    """The provider the form is addressed to."""

    agb: str | None = None
    naam: str | None = None
    contactpersoon: str | None = None
    contactpersoon_voorletters: str | None = None
    telefoon: str | None = None
    mobiel: str | None = None
    email: str | None = None


class ResultaatBlok(Record, frozen=True, kw_only=True):
    """How one result asked for is reached, with which products, in how much time (PL-16)."""

    regel: int | None = None  # number of the arrangement line, counted from 1
    formulering: str | None = None
    actie: tuple[str, ...] = ()
    toelichting: str | None = None
    product: dict[str, bool] = msgspec.field(default_factory=dict)
    uren_per_week: Decimal | None = None  # hours, whatever the product (assumption A-2)


class ProductSamenvatting(Record, frozen=True, kw_only=True):
    """Period, average volume and frequency of one product over all results (PL-18)."""

    duur: str | None = None  # "6 maanden", "26 weken", "1 jaar"; other text is kept, not understood
    start: date | None = None
    eind: date | None = None
    omvang: Decimal | None = None
    omvang_periode: str | None = None  # a key of the format's perioden
    frequentie: Decimal | None = None
    frequentie_periode: str | None = None
    productcode: str | None = None


class Opsteller(Record, frozen=True, kw_only=True):
    naam_functie: str | None = None
    contactpersoon: str | None = None


class GeenHandtekening(Record, frozen=True, kw_only=True):
    """Why the client did not sign and how the alignment took place otherwise (PL-23)."""

    toelichting: str | None = None
    reden: str | None = None  # on screen only, joined into toelichting
    wijze_afstemming: str | None = None  # on screen only, joined into toelichting


class Controle(Record, frozen=True, kw_only=True):
    """Verdict on an electronic signature (PLD-18)."""

    uitkomst: Literal["geldig", "geldig_met_wijziging", "ongeldig", "niet_te_controleren"]
    op: datetime


class Handtekening(Record, frozen=True, kw_only=True):
    """Who signed, when, how, over which version. The client's means having taken note, never agreement (PL-24)."""

    naam: str
    namens: Literal["zelf", "vertegenwoordiger"] | None = None
    betekenis: Literal["opgesteld", "kennisgenomen"]
    wijze: Literal["pades", "portaal", "papier_scan"]
    op: datetime | date
    versie: int
    sha256: str
    bewijs: str | None = None  # id of the Bijlage
    controle: Controle | None = None


class Handtekeningen(Record, frozen=True, kw_only=True):
    aanbieder: Handtekening | None = None
    client: Handtekening | None = None


class Deelmoment(Record, frozen=True, kw_only=True):
    """The concept was shown to the client, and what the client said (PL-44)."""

    op: date
    door: Literal["gemeente", "aanbieder"]
    wijze: Literal["gesprek", "post", "portaal"]
    reactie: Reactie
    toelichting: str | None = None  # needed for every reaction but akkoord


class Bijlage(Record, frozen=True, kw_only=True):
    """An attachment or document: its description, never its bytes (plan 5.13)."""

    id: str
    soort: Literal[
        "onderzoeksverslag", "gespreksverslag", "plandocument", "scan", "beschikking", "overdracht", "anders"
    ]
    naam: str
    mediatype: str
    omvang_bytes: int
    sha256: str
    toegevoegd_door: str
    toegevoegd_op: datetime
    doel: str | None = None  # needed as soon as it is sent
    controle: Literal["schoon", "geweigerd", "beoordelen"] | None = None


class Ondersteuningsplan(Record, frozen=True, kw_only=True):
    """One version of a plan. Paths of a form start here (plan 5.1): `resultaat.2.toelichting`."""

    plan_id: str  # = uitvraag.id
    versie: int = 1
    status: Planstatus = "concept"
    gemeente: str | None = None
    formaat_id: str | None = None
    formaat_versie: int | None = None
    uitgevraagd_op: date | None = None  # day the uitvraag was sent; datum_plan may not lie before it (PL-19)
    # the municipality's part: snapshot of the uitvraag, read-only (PL-13)
    client: Client = Client()
    aanbieder: AanbiederGegevens = AanbiederGegevens()
    arrangement: tuple[ArrangementRegel, ...] = ()
    onderzoeksverslag_meegezonden: JaNee | None = None
    retouradres: str | None = None
    # the provider's part
    resultaat: tuple[ResultaatBlok, ...] = ()
    samenvatting: dict[str, ProductSamenvatting] = msgspec.field(default_factory=dict)
    opsteller: Opsteller = Opsteller()
    geen_handtekening: GeenHandtekening = GeenHandtekening()
    datum_plan: date | None = None
    extra: dict[str, str] = msgspec.field(default_factory=dict)  # fields a region added (plan 8.3)
    handtekening: Handtekeningen = Handtekeningen()
    # at and after receipt
    ontvangen_op: datetime | None = None
    concept_gedeeld: tuple[Deelmoment, ...] = ()
    ontvangen_als: Literal["gateway", "pdf_formulier", "docx_formulier", "plat_pdf", "scan"] | None = None
    overgenomen_door: str | None = None
    gecontroleerd_door: str | None = None  # another person than overgenomen_door (PLD-22)
    document: tuple[Bijlage, ...] = ()
    sha256: str | None = None
