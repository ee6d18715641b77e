"""A complete, invented case: what the demonstration shows and the tests start from.

Dates come in; the person is from the BSN range that is reserved for tests. Two results are asked of the provider and
one is taken up elsewhere; the answer uses individual support (2 hours a week) and group support (4 dagdelen a week).
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from gateway.plans.contract import Contractregel
from gateway.plans.duration import Duur, last_day
from gateway.plans.formaat import Formaat
from gateway.plans.model import (
    AanbiederGegevens,
    Afstemming,
    AkkoordClient,
    ArrangementRegel,
    Besluit,
    Bijlage,
    Client,
    Deelmoment,
    Grond,
    Melding,
    Ondersteuningsplan,
    Onderzoek,
    Opsteller,
    ProductSamenvatting,
    ResultaatBlok,
    Traject,
    Uitvraag,
)
from gateway.plans.proposal import naar_besluitregel, propose
from gateway.plans.signing import teken

GEMEENTE = "0957"
AANBIEDER = "12345678"
PLAN_ID = "7f3a91c2-5d4e-4b6a-9c81-2f60d7a3be15"
TRAJECT_ID = "0d5c7e52-98a1-4f0b-8a3e-6c1de0b4f2e1"


class Dagen(NamedTuple):
    """The days of the case, in order."""

    melding: date
    gesprek: date
    uitvraag: date
    plan: date
    besluit: date
    start: date


def dagen_voor(start: date) -> Dagen:
    """A course of events that leads to support from `start` on, well within the eight weeks (PL-57)."""
    return Dagen(*(start - timedelta(days=dagen) for dagen in (60, 52, 49, 40, 33, 0)))


def moment(dag: date, uur: int = 10) -> datetime:
    """A moment on that day, in UTC."""
    return datetime.combine(dag, time(uur), tzinfo=UTC)


def client() -> Client:
    return Client(
        bsn="999900006",
        achternaam="Meer-Ünal",
        voorvoegsel="van der",
        voorletters="JÉ",
        naam_gebruik="1",
        geboortedatum=date(1961, 2, 1),
        geslacht="2",
        adres_soort="01",
        straatnaam="Voorbeeldlaan",
        huisnummer=12,
        huisletter="B",
        postcode="6041AB",
        plaatsnaam="Roermond",
        landcode="NL",
        telefoonnummer="0475123456",
        landnummer="+31",
    )


def arrangement() -> tuple[ArrangementRegel, ...]:
    return (
        ArrangementRegel(resultaat="2.e", richting="verbetering", toedeling="eigen"),
        ArrangementRegel(resultaat="3.c", richting="stabiliteit", toedeling="eigen"),
        ArrangementRegel(
            resultaat="1.a",
            richting="stabiliteit",
            toedeling="elders",
            uitvoerder_elders="Huishoudelijke hulp De Linde",
        ),
    )


def verslag(dagen: Dagen, *, omvang_bytes: int = 21_504, sha256: str = "0" * 64) -> Bijlage:
    """The description of the report that goes along; the caller knows the size and hash of the real file."""
    return Bijlage(
        id="b-verslag",
        soort="onderzoeksverslag",
        naam="onderzoeksverslag.pdf",
        mediatype="application/pdf",
        omvang_bytes=omvang_bytes,
        sha256=sha256,
        toegevoegd_door="K. de Wit",
        toegevoegd_op=moment(dagen.uitvraag, 9),
        doel="de aanbieder hoeft het gesprek niet te herhalen",
    )


def uitvraag(dagen: Dagen, bijlage: Bijlage | None = None) -> Uitvraag:
    return Uitvraag(
        id=PLAN_ID,
        formaat_id="mlo-2018",
        formaat_versie=1,
        aanbieder=AanbiederGegevens(
            agb=AANBIEDER,
            naam="Stichting Zorg & Zoë",
            contactpersoon="Jansen",
            contactpersoon_voorletters="P.",
            telefoon="0475654321",
            mobiel="0612345678",
            email="plannen@zorg.example",
        ),
        onderzoeksverslag_meegezonden="ja",
        bijlage=(bijlage or verslag(dagen),),
        proportioneel_beoordeeld_door="K. de Wit",
        proportioneel_beoordeeld_op=moment(dagen.uitvraag, 9),
        grondslag="wmo_5_1_1",
        retouradres="wmo@gemeente.example",
        kanaal="gateway",
    )


def traject(dagen: Dagen, bijlage: Bijlage | None = None) -> Traject:
    """The case as filled in by the municipality up to the uitvraag, in no state yet: events move it."""
    return Traject(
        id=TRAJECT_ID,
        gemeente=GEMEENTE,
        zaakkenmerk="Z-2026-00412",
        client=client(),
        melding=Melding(
            ontvangen_op=moment(dagen.melding),
            kanaal="telefoon",
            melder="client",
            vraag="Overzicht over de post en het geld is weg, en de dagen zijn leeg.",
        ),
        onderzoek=Onderzoek(
            gesprek_op=dagen.gesprek,
            wijze="huisbezoek",
            aanwezig=("client",),
            verslag="b-verslag",
            verslag_akkoord_client=AkkoordClient(op=dagen.gesprek, wijze="mondeling"),
            geinformeerd_op=dagen.gesprek,
            geinformeerd_door="K. de Wit",
            geinformeerd_wijze="gesprek",
            clientondersteuning_gewezen_op=dagen.gesprek,
        ),
        arrangement=arrangement(),
        arrangement_met_client_op=dagen.gesprek,
        voorkeur_client=AANBIEDER,
        uitvraag=(uitvraag(dagen, bijlage),),
        afstemming=(
            Afstemming(op=dagen.gesprek, met="client", wijze="gesprek", onderwerp="resultaten en keuze van aanbieder"),
        ),
    )


def ingevuld(plan: Ondersteuningsplan, dagen: Dagen) -> Ondersteuningsplan:
    """The municipal part with the provider's part filled in, not signed yet."""
    eind = last_day(dagen.start, Duur(maanden=6))
    return msgspec.structs.replace(
        plan,
        resultaat=(
            ResultaatBlok(
                regel=1,
                formulering="Mevrouw heeft overzicht over haar geldzaken en betaalt vaste lasten op tijd.",
                actie=(
                    "Wekelijks samen de post openen en ordenen",
                    "Een eenvoudige maandbegroting maken en bijhouden",
                    "Betalingsregelingen nalopen met de schuldhulpverlener",
                ),
                toelichting="Mevrouw leert de stappen zelf te zetten; de begeleider doet steeds minder voor.",
                product={"begeleiding_individueel": True},
                uren_per_week=Decimal(2),
            ),
            ResultaatBlok(
                regel=2,
                formulering="Mevrouw heeft vier dagdelen per week een zinvolle invulling buiten de deur.",
                actie=(
                    "Deelname aan de creatieve groep op maandag en donderdag",
                    "Kennismaken met twee andere activiteiten in de wijk",
                ),
                product={"begeleiding_groep": True},
                uren_per_week=Decimal(16),
            ),
        ),
        samenvatting={
            "begeleiding_individueel": ProductSamenvatting(
                duur="6 maanden",
                start=dagen.start,
                eind=eind,
                omvang=Decimal(2),
                omvang_periode="week",
                frequentie=Decimal(1),
                frequentie_periode="week",
                productcode="02A03",
            ),
            "begeleiding_groep": ProductSamenvatting(
                duur="6 maanden",
                start=dagen.start,
                eind=eind,
                omvang=Decimal(4),
                omvang_periode="week",
                frequentie=Decimal(2),
                frequentie_periode="week",
                productcode="07A03",
            ),
        },
        opsteller=Opsteller(naam_functie="P. Jansen, begeleider", contactpersoon="P. Jansen 0475-654321"),
        datum_plan=dagen.plan,
        concept_gedeeld=(Deelmoment(op=dagen.plan, door="aanbieder", wijze="gesprek", reactie="akkoord"),),
    )


def ondertekend(plan: Ondersteuningsplan, dagen: Dagen) -> Ondersteuningsplan:
    """A filled plan with both signatures under it."""
    plan = teken(plan, "aanbieder", naam="P. Jansen", op=moment(dagen.plan, 14), wijze="portaal")
    return teken(plan, "client", naam="J.É. van der Meer-Ünal", op=dagen.plan, wijze="papier_scan")


def contract(dagen: Dagen, formaat: Formaat) -> tuple[Contractregel, ...]:
    """A contract for every product of the format, the finer unit included, from a year before the support starts."""
    return tuple(
        Contractregel(
            gemeente=GEMEENTE,
            aanbieder=AANBIEDER,
            product=product.id,
            categorie=product.iwmo.categorie,
            code=code,
            eenheden=(product.omvang.eenheid, *([product.fijnere_eenheid.eenheid] if product.fijnere_eenheid else [])),
            geldig_vanaf=dagen.start - timedelta(days=365),
        )
        for product in formaat.producten
        for code in product.iwmo.codes
    )


def besluit(plan: Ondersteuningsplan, formaat: Formaat, dagen: Dagen) -> Besluit:
    """The decision that follows the proposal in everything."""
    regels = tuple(
        naar_besluitregel(voorstel, nr)
        for nr, voorstel in enumerate(propose(plan, formaat, contract(dagen, formaat), dagen.besluit), 1)
    )
    return Besluit(
        id="b-2026-0001",
        soort="toekenning",
        grond=Grond(soort="plan", plan_id=plan.plan_id, versie=plan.versie),
        gewogen=("ondersteuningsplan versie 1", "onderzoeksverslag"),
        genomen_op=moment(dagen.besluit),
        genomen_door="M. Bakker",
        ingangsdatum=dagen.start,
        evaluatie_op=dagen.start + timedelta(days=150),
        regel=regels,
    )
