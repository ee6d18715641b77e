"""Reference data of reconciliation 1.4.4: gemeente 0384, one provider, nine allocations, tariffs, a month of history.

`regel("RN200", 20072, ...)` makes a line, `bericht(...)` a WMO323 around lines; dates are written as text.
"""

from datetime import date, time
from fractions import Fraction
from typing import Any

from gateway.berichten import basis, wmo301, wmo302, wmo323, wmo325
from gateway.domain.period import Period, month_of
from gateway.reconcile.beoordeling import Assessment, assess
from gateway.reconcile.contract import Contract, Product, Tarief
from gateway.reconcile.omvang import Omvang
from gateway.reconcile.state import State
from gateway.reconcile.toewijzingen import Antwoord301, ToewijzingVersie, Verzending
from gateway.reconcile.uitslag import Regelverdict

GEMEENTE, AANBIEDER = "0384", "65656055"
B1, B2, B3 = "999900006", "999900018", "999996770"
ONBEKEND = "999996782"


def dag(text: str) -> date:
    return date.fromisoformat(text)


def periode(text: str) -> Period:
    """`2025-08-01..2025-08-31`, or a month `2025-08`."""
    if ".." not in text:
        return month_of(dag(f"{text}-01"))
    begin, _, eind = text.partition("..")
    return Period(dag(begin), dag(eind) if eind else None)


def versie(
    nummer: int,
    bsn: str,
    product: str,
    looptijd: str,
    omvang: str = "",
    *,
    budget: int | None = None,
    reden: str | None = None,
    vastgesteld: str = "2024-12-20",
    tijd: str = "12:00",
    antwoord: Antwoord301 = Antwoord301.ACCEPTED,
    verzonden: str | None = None,
    aanbieder: str = AANBIEDER,
) -> ToewijzingVersie:
    """A version: product `02/02A03`, `06/` or ``, omvang `3 04 2`, sent on the day it was decided."""
    categorie, _, code = product.partition("/")
    volume = omvang.split()
    sent = Verzending(f"T{nummer}{vastgesteld[5:7]}{vastgesteld[8:]}", dag(verzonden or vastgesteld), antwoord)
    return ToewijzingVersie(
        gemeente=GEMEENTE,
        aanbieder=aanbieder,
        bsn=bsn,
        toewijzing_nummer=nummer,
        toewijzingsdatum=dag(vastgesteld),
        toewijzingstijd=time.fromisoformat(tijd),
        ingangsdatum=periode(looptijd).begin,
        einddatum=periode(looptijd).eind,
        product_categorie=categorie or None,
        product_code=code or None,
        omvang=Omvang(int(volume[0]), volume[1], volume[2]) if volume else None,
        budget=budget,
        reden_wijziging=reden,
        verzendingen=(sent,),
    )


VERSIES = (
    versie(20072, B1, "02/02A03", "2025-07-07..2025-09-07", "3 04 2"),
    versie(20073, B1, "01/01A03", "2025-07-07..2025-07-20", "3 04 2"),
    versie(20074, B2, "07/07A12", "2025-05-15..2025-12-31", "6 16 2"),
    versie(20075, B2, "02/02A20", "2025-07-07..2025-09-06", "30000 83 2"),
    versie(20076, B1, "06/", "2025-01-01..2025-12-31", budget=500000),
    versie(20077, B2, "03/03A03", "2025-03-01..2025-12-31", "80 04 6"),
    versie(20078, B1, "03/03A04", "2025-10-14..2025-12-13", "15 04 4"),
    versie(20079, B2, "08/08A03", "2025-06-01..2025-06-01", "10 84 4", reden="13"),
    versie(20080, B3, "", "2025-01-01..2025-12-31", budget=1000000),
)


def tarief(code: str, cents: str, eenheid: str, geldig: str = "2020-01-01..", minuten: bool = True) -> Tarief:
    return Tarief(
        gemeente=GEMEENTE,
        aanbieder=AANBIEDER,
        product_code=code,
        eenheid=eenheid,
        tarief=Fraction(cents),
        geldig=periode(geldig),
        minuten=minuten,
    )


TARIEVEN = (
    tarief("02A03", "6250", "04"),
    tarief("01A03", "3150", "04"),
    tarief("03A03", "5400", "04"),
    tarief("03A04", "5400", "04"),
    tarief("07A12", "4500", "16"),
    tarief("06A01", "5000", "04"),
)
PAREN = ("02/02A03", "01/01A03", "07/07A12", "02/02A20", "03/03A03", "03/03A04", "08/08A03", "02/02A05", "06/06A01")
PRODUCTEN = tuple(Product(*pair.split("/")) for pair in PAREN)
CONTRACT = Contract(revisie="2025-1", tarieven=TARIEVEN, producten=PRODUCTEN, eigen_codes=frozenset({GEMEENTE, "9998"}))


def regel(
    referentie: str,
    nummer: int,
    product: str,
    pp: str,
    volume: int,
    eenheid: str,
    bedrag: int,
    *,
    tarief: int | None = None,
    vorig: str | None = None,
) -> wmo323.Prestatie:
    """A line; the tariff follows from amount and volume unless it is given; `vorig` makes it a credit."""
    categorie, code = product.split("/")
    if tarief is None and eenheid != "83":
        tarief = bedrag // volume if volume else 0
    return wmo323.Prestatie(
        product_referentie=basis.Referentie(referentie_nummer=referentie, vorig_referentie_nummer=vorig),
        toewijzing_nummer=nummer,
        product_categorie=categorie,
        product_code=code,
        product_periode=_gesloten(pp),
        geleverd_volume=volume,
        eenheid=eenheid,
        product_tarief=tarief,
        ingediend_bedrag=basis.BedragMetDC(bedrag=bedrag, debet_credit="C" if vorig else "D"),
    )


def _gesloten(text: str) -> basis.GeslotenPeriode:
    p = periode(text)
    return basis.GeslotenPeriode(begindatum=p.begin, einddatum=p.last)


def bericht(
    *clienten: tuple[str, list[wmo323.Prestatie]],
    identificatie: str = "M20250905A",
    dagtekening: str = "2025-09-05",
    nummer: str = "D202508A",
    maand: str = "2025-08",
    declaratie_dagtekening: str | None = None,
    afzender: str = AANBIEDER,
    ontvanger: str = GEMEENTE,
    totaal: int | None = None,
) -> wmo323.Bericht:
    """A WMO323 with the header of 1.4.4 unless told otherwise; the total is the sum of the lines."""
    lines = [line for _, client in clienten for line in client]
    signed = [-p.ingediend_bedrag.bedrag if p.product_referentie.vorig_referentie_nummer else p.ingediend_bedrag.bedrag
              for p in lines]  # fmt: skip
    total = sum(signed) if totaal is None else totaal
    return wmo323.Bericht(
        header=wmo323.Header(
            bericht_code="484",
            bericht_versie=3,
            bericht_subversie=2,
            afzender=afzender,
            ontvanger=ontvanger,
            bericht_identificatie=basis.BerichtIdentificatie(identificatie=identificatie, dagtekening=dag(dagtekening)),
            xsd_versie=basis.XsdVersie(basisschema_xsd_versie="1.0.0", bericht_xsd_versie="1.0.0"),
        ),
        declaratie=wmo323.Declaratie(
            declaratie_nummer=nummer,
            declaratie_periode=_gesloten(maand),
            declaratie_dagtekening=dag(declaratie_dagtekening or dagtekening),
            totaal_ingediend_bedrag=basis.TotaalBedragMetDC(
                totaal_bedrag=abs(total), debet_credit="C" if total < 0 else "D"
            ),
            clienten=tuple(wmo323.Client(bsn=bsn, prestaties=tuple(client)) for bsn, client in clienten),
        ),
    )


RN099 = regel("RN099", 20074, "07/07A12", "2025-06", 20, "16", 90000)
RN100 = regel("RN100", 20072, "02/02A03", "2025-07-07..2025-07-31", 12, "04", 75000)
RN101 = regel("RN101", 20074, "07/07A12", "2025-07", 30, "16", 135000)
RN102 = regel("RN102", 20077, "03/03A03", "2025-07", 50, "04", 270000)
RN103 = regel("RN103", 20076, "06/06A01", "2025-07", 60, "04", 300000)
RN104 = regel("RN104", 20075, "02/02A20", "2025-07-07..2025-07-31", 120000, "83", 120000)
RN105 = regel("RN105", 20074, "07/07A12", "2025-06", 20, "16", 90000, vorig="RN099")

JUNI = bericht((B2, [RN099]), identificatie="M20250705A", dagtekening="2025-07-05", nummer="D202506A", maand="2025-06")
JULI = bericht(
    (B1, [RN100, RN103]),
    (B2, [RN101, RN102, RN104, RN105]),
    identificatie="M20250805A",
    dagtekening="2025-08-05",
    nummer="D202507A",
    maand="2025-07",
)


def stand(*extra: ToewijzingVersie, geschiedenis: bool = True) -> State:
    """The state of 1.4.4, after June and July; with `extra` versions recorded on top."""
    state = State()
    state.record(VERSIES)
    if geschiedenis:
        for earlier in (JUNI, JULI):
            verwerk(state, earlier)
    state.record(extra)
    return state


def verwerk(state: State, message: wmo323.Bericht, contract: Contract = CONTRACT, **options: Any) -> Assessment:
    """Assess a message on the day it is dated and commit its effects."""
    received = options.pop("received_on", message.header.bericht_identificatie.dagtekening)
    assessment = assess(message, state, contract, received, **options)
    state.commit(assessment.effects)
    return assessment


def beoordeel_regel(
    line: wmo323.Prestatie,
    bsn: str = B1,
    *,
    state: State | None = None,
    contract: Contract = CONTRACT,
    **header: Any,
) -> Regelverdict:
    """The verdict on a single line in a message of its own."""
    message = bericht((bsn, [line]), **header)
    received = message.header.bericht_identificatie.dagtekening
    (found,) = assess(message, state or stand(), contract, received).lines
    return found


def bericht_301(identificatie: str, dagtekening: str, *versies: ToewijzingVersie) -> wmo301.Bericht:
    """A WMO301 of one client with these versions."""
    first = versies[0]
    return wmo301.Bericht(
        header=wmo301.Header(
            bericht_code="414",
            bericht_versie=3,
            bericht_subversie=2,
            afzender=first.gemeente,
            ontvanger=first.aanbieder,
            bericht_identificatie=_identificatie(identificatie, dagtekening),
            xsd_versie=XSD,
        ),
        client=wmo301.Client(
            bsn=first.bsn,
            geboortedatum=basis.Geboortedatum(datum=dag("1950-01-01")),
            geslacht="0",
            naam=basis.VolledigeNaam(geslachtsnaam=basis.Achternaam(achternaam="Test"), naam_gebruik="1"),
            contactgegevens=(wmo301.Contact(soort="01"),),
            toegewezen_producten=tuple(map(_toegewezen, versies)),
        ),
    )


def _toegewezen(v: ToewijzingVersie) -> wmo301.ToegewezenProduct:
    product = v.product_categorie and basis.Product(categorie=v.product_categorie, code=v.product_code)
    omvang = v.omvang and basis.Omvang(volume=v.omvang.volume, eenheid=v.omvang.eenheid, frequentie=v.omvang.frequentie)
    return wmo301.ToegewezenProduct(
        toewijzing_nummer=v.toewijzing_nummer,
        referentie_aanbieder=v.referentie_aanbieder,
        product=product or None,
        toewijzingsdatum=v.toewijzingsdatum,
        toewijzingstijd=v.toewijzingstijd,
        ingangsdatum=v.ingangsdatum,
        einddatum=v.einddatum,
        reden_wijziging=v.reden_wijziging,
        omvang=omvang,
        budget=v.budget,
    )


def bericht_302(of: wmo301.Bericht, *codes: str) -> wmo302.Bericht:
    """The answer to a 301: accepted, or rejected with these codes on the client."""
    h = of.header
    client = wmo302.Client(
        **{name: getattr(of.client, name) for name in of.client.__struct_fields__ if name not in _DEEP},
        contactgegevens=(wmo302.Contact(soort="01", retour_codes=("0200",)),),
        toegewezen_producten=(),
        retour_codes=codes,
    )
    return wmo302.Bericht(
        header=wmo302.Header(
            bericht_code="415",
            bericht_versie=3,
            bericht_subversie=2,
            afzender=h.afzender,
            ontvanger=h.ontvanger,
            bericht_identificatie=h.bericht_identificatie,
            xsd_versie=h.xsd_versie,
            identificatie_retour=f"R{h.bericht_identificatie.identificatie}"[:12],
            dagtekening_retour=h.bericht_identificatie.dagtekening,
            xsd_versie_retour=XSD,
            retour_codes=("0200",) if codes else (),
        ),
        client=client if codes else None,
    )


_DEEP = {"relaties", "contactgegevens", "toegewezen_producten", "retour_codes"}
XSD = basis.XsdVersie(basisschema_xsd_versie="1.0.0", bericht_xsd_versie="1.0.0")


def _identificatie(nummer: str, dagtekening: str) -> basis.BerichtIdentificatie:
    return basis.BerichtIdentificatie(identificatie=nummer, dagtekening=dag(dagtekening))


def antwoord_op(message: wmo323.Bericht, state: State, dagtekening: str) -> wmo325.Bericht:
    """The WMO325 on a declaration, committed to the state."""
    found = verwerk(state, message)
    assert found.antwoord is not None
    nummer = f"A{message.header.bericht_identificatie.identificatie[1:]}"
    return found.antwoord.bericht(nummer, dag(dagtekening), ("1.0.0", "1.0.0"))
