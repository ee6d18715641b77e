"""Decisions against orders (reconciliation 1.2): matching, comparison, every kind A01–A33."""

from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from gateway.berichten import basis, wmo315, wmo317
from gateway.domain.period import Period
from gateway.reconcile import toewijzingen as t
from gateway.reconcile.beschikkingen import BeschikkingRegel
from gateway.reconcile.contract import Contract
from gateway.reconcile.koppeling import Verzoek, bekende_verzoeken
from gateway.reconcile.omvang import Omvang
from gateway.reconcile.toewijzingen import Antwoord301, ToewijzingVersie
from gateway.reconcile.vergelijking import Vergelijking, vergelijk
from gateway.reconcile.verschillen import SOORTEN, Verschil
from gateway.reconcile.weergave import vergelijking_json
from tests.reconcile import reference as ref
from tests.reconcile.reference import AANBIEDER, B1, B2, GEMEENTE, periode, versie

TODAY = date(2025, 7, 10)
ZOMER = "2025-07-07..2025-09-07"


def besluit(
    nummer: int = 1, looptijd: str = ZOMER, omvang: str = "3 04 2", product: str = "02/02A03", **fields: Any
) -> BeschikkingRegel:
    """A decision line as in `reference.versie`."""
    categorie, _, code = product.partition("/")
    volume = omvang.split()
    values: dict[str, Any] = {
        "gemeente": GEMEENTE,
        "beschikkingnummer": nummer,
        "besluitmoment": moment("2025-06-01"),
        "bsn": B1,
        "aanbieder": AANBIEDER,
        "categorie": categorie or None,
        "code": code or None,
        "ingangsdatum": periode(looptijd).begin,
        "einddatum": periode(looptijd).eind,
        "omvang": Omvang(int(volume[0]), volume[1], volume[2]) if volume else None,
    }
    return BeschikkingRegel(**{**values, **fields})


def moment(day: str) -> datetime:
    """Decided at noon, local time, as the case-management system says it."""
    return datetime.fromisoformat(f"{day}T12:00:00")


def order(nummer: int = 1, looptijd: str = ZOMER, omvang: str = "3 04 2", **rest: Any) -> ToewijzingVersie:
    product = rest.pop("product", "02/02A03")
    bsn = rest.pop("bsn", B1)
    return versie(nummer, bsn, product, looptijd, omvang, **rest)


def compare(regels: list[BeschikkingRegel], orders: list[ToewijzingVersie], **options: Any) -> Vergelijking:
    today = options.pop("today", TODAY)
    return vergelijk(regels, t.toewijzingen(orders), today, **options)


def kinds(result: Vergelijking) -> list[str]:
    return sorted(v.kind for v in result.verschillen)


def only(result: Vergelijking) -> Verschil:
    (found,) = result.verschillen
    return found


# 1.2.6 ---------------------------------------------------------------------------------------------------------------


def test_a_a_equal() -> None:
    """A-a: the order says what was decided."""
    assert compare([besluit()], [order()]) == Vergelijking(1, 1, ())


def test_a_b_other_volume() -> None:
    """A-b: expected 3, actual 4; with a tariff the money at stake is 9 weeks of one hour."""
    found = only(compare([besluit()], [order(omvang="4 04 2")], contract=ref.CONTRACT))

    assert (found.kind, found.field, found.decided, found.ordered) == ("A11", "volume", 3, 4)
    assert (found.severity, found.who, found.cents_at_stake) == ("S2", "BO", 9 * 6250)


def test_a_c_equivalent_unit() -> None:
    """A-c: 180 minutes is 3 hours, yet reported, with severity S3."""
    found = only(compare([besluit()], [order(omvang="180 01 2")]))

    assert (found.kind, found.severity, found.equivalent) == ("A12", "S3", True)


def test_a_d_slices_merge() -> None:
    """A-d: two successive allocations with one content are one."""
    orders = [order(1, "2025-01-01..2025-06-30"), order(2, "2025-07-01..2025-12-31")]

    assert compare([besluit(looptijd="2025-01-01..2025-12-31")], orders) == Vergelijking(1, 1, ())


def test_a_e_totals_do_not_merge() -> None:
    """A-e: 80 in total is not 40 and 40."""
    orders = [order(1, "2025-01-01..2025-06-30", "40 04 6"), order(2, "2025-07-01..2025-12-31", "40 04 6")]

    result = compare([besluit(looptijd="2025-01-01..2025-12-31", omvang="80 04 6")], orders)

    assert sorted((v.kind, v.toewijzing_nummer) for v in result.verschillen) == [
        ("A07", 2),
        ("A08", 1),
        ("A11", 1),
        ("A11", 2),
    ]
    assert {(v.decided, v.ordered) for v in result.verschillen if v.kind == "A11"} == {(80, 40)}


def test_a_f_an_interval_in_the_middle() -> None:
    """A-f: July 2025 was ordered at the old volume."""
    regels = [besluit(1, "2025-01-01..2025-06-30"), besluit(1, "2025-07-01..2025-12-31", "5 04 2", regelnummer=2)]
    orders = [order(1, "2025-01-01..2025-07-31"), order(2, "2025-08-01..2025-12-31", "5 04 2")]

    found = only(compare(regels, orders))

    assert (found.kind, found.decided, found.ordered) == ("A11", 5, 3)
    assert found.interval == periode("2025-07")


def test_a_g_structural_end() -> None:
    """A-g: a decision without an end, an order that must have one; near its end also A30."""
    regels, orders = [besluit(looptijd="2025-07-07..")], [order(looptijd="2025-07-07..2026-06-30")]

    found = only(compare(regels, orders))
    later = compare(regels, orders, today=date(2026, 6, 10))

    assert (found.kind, found.severity, found.structural) == ("A08", "S4", True)
    assert (found.decided, found.ordered) == (None, "2026-06-30")
    assert kinds(later) == ["A08", "A30"]


def test_a_h_withdrawn_decision() -> None:
    """A-h: withdrawn per 15 August, ordered until 7 September."""
    withdrawn = besluit(looptijd="2025-07-07..2025-08-15", status="INGETROKKEN", besluitmoment=moment("2025-08-10"))

    found = only(compare([withdrawn], [order()], today=date(2025, 8, 20)))

    assert (found.kind, found.interval) == ("A18", periode("2025-08-16..2025-09-07"))


def test_a_i_rejected_change() -> None:
    """A-i: the newest version is rejected and changed what may not change; the older one still counts."""
    newer = order(omvang="5 04 2", vastgesteld="2025-07-01", antwoord=Antwoord301.REJECTED)
    sent = msgspec.structs.replace(newer.verzendingen[0], codes=("9379",))
    newer = msgspec.structs.replace(newer, verzendingen=(sent,))

    result = compare([besluit()], [order(), newer])

    assert kinds(result) == ["A11", "A25", "A27"]
    a25 = next(v for v in result.verschillen if v.kind == "A25")
    assert (a25.severity, a25.ordered, a25.decided) == ("S2", "9379", "geldend: versie van 2024-12-20")
    a11 = next(v for v in result.verschillen if v.kind == "A11")
    assert (a11.decided, a11.ordered) == (3, 5)


# 1.2.5, kind by kind -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decided_on", "begin", "kind"),
    [
        ("2025-07-02", "2025-08-01", []),  # five working days are not over
        ("2025-07-02", "2025-07-01", ["A01"]),  # but the begin has passed
        ("2025-07-01", "2025-08-01", ["A01"]),
    ],
)
def test_a01_missing_allocation(decided_on: str, begin: str, kind: list[str]) -> None:
    """A01: nothing ordered, after grace or after the begin; what it is worth."""
    regel = besluit(looptijd=f"{begin}..2025-08-31", omvang="30000 83 4", besluitmoment=moment(decided_on))
    today = date(2025, 7, 9)

    result = compare([regel], [], today=today)

    assert kinds(result) == kind
    assert all(v.severity == "S1" and v.cents_at_stake in (30000, 60000) for v in result.verschillen)


def test_a02_missing_decision() -> None:
    """A02: an order without any decision; a removed one needs none."""
    found = only(compare([], [order(omvang="", budget=500000, product="06/")]))

    assert (found.kind, found.cents_at_stake) == ("A02", 500000)
    removed = order(looptijd="2025-07-07..2025-07-07", reden="13")
    assert compare([], [removed]).verschillen == ()


def test_a03_to_a06_identity() -> None:
    """A03–A06: per linked pair; the BSN itself is never shown."""
    regel = besluit(toewijzing_nummers=(1,))
    other = "65656056"

    client = only(compare([regel], [order(bsn=B2)]))
    provider = only(compare([regel], [order(aanbieder=other)]))
    code = only(compare([regel], [order(product="02/02A05")]))
    category = only(compare([regel], [order(product="03/02A03")]))
    specificity = compare([regel], [order(product="02/", omvang="", budget=None)])

    assert (client.kind, client.decided, client.ordered) == ("A03", None, None)
    assert (provider.kind, provider.decided, provider.ordered) == ("A04", AANBIEDER, other)
    assert (code.kind, code.sub_kind, code.decided, code.ordered) == ("A06", "CODE", "02A03", "02A05")
    assert (category.sub_kind, category.ordered) == ("CATEGORY", "03")
    assert [(v.kind, v.sub_kind) for v in specificity.verschillen if v.kind in ("A06", "A15")] == [
        ("A06", "SPECIFICITY"),
        ("A15", None),
    ]


def test_a05_other_municipality() -> None:
    """A05: unless both codes are own or predecessor codes."""
    regel = besluit(gemeente="0363", toewijzing_nummers=(1,))
    own = Contract(eigen_codes=frozenset({"0363", GEMEENTE}))

    assert only(compare([regel], [order()])).kind == "A05"
    assert compare([regel], [order()], contract=own).verschillen == ()


@pytest.mark.parametrize(
    ("decided", "ordered", "kind", "interval"),
    [
        (["2025-07-07..2025-09-07"], ["2025-07-14..2025-09-07"], "A07", "2025-07-07..2025-07-13"),
        (["2025-07-14..2025-09-07"], ["2025-07-07..2025-09-07"], "A07", "2025-07-07..2025-07-13"),
        (["2025-07-07..2025-09-07"], ["2025-07-07..2025-08-31"], "A08", "2025-09-01..2025-09-07"),
        (["2025-07-07..2025-09-07"], ["2025-07-07..2025-07-31", "2025-08-11..2025-09-07"], "A09",
         "2025-08-01..2025-08-10"),
        (["2025-07-07..2025-07-31", "2025-08-11..2025-09-07"], ["2025-07-07..2025-09-07"], "A10",
         "2025-08-01..2025-08-10"),
    ],
)  # fmt: skip
def test_a07_to_a10_periods(decided: list[str], ordered: list[str], kind: str, interval: str) -> None:
    """A07–A10: uncovered or surplus at the start, at the end, in the middle."""
    regels = [besluit(1, p, regelnummer=n) for n, p in enumerate(decided, start=1)]
    orders = [order(n, p) for n, p in enumerate(ordered, start=1)]

    found = only(compare(regels, orders, contract=ref.CONTRACT, today=date(2025, 6, 20)))

    assert (found.kind, found.interval) == (kind, periode(interval))
    assert found.cents_at_stake is not None
    assert found.cents_at_stake > 0


def test_a13_to_a15_content() -> None:
    """A12–A15: unit, frequency, budget, kind."""
    assert kinds(compare([besluit()], [order(omvang="3 16 2")])) == ["A12"]
    assert kinds(compare([besluit()], [order(omvang="3 04 4")])) == ["A13"]
    assert kinds(compare([besluit()], [order(omvang="3 16 4")])) == ["A12", "A13"]
    money = besluit(product="06/", omvang="", budget=500000)
    budget = only(compare([money], [order(product="06/", omvang="", budget=450000)]))
    assert (budget.kind, budget.decided, budget.ordered, budget.cents_at_stake) == ("A14", 500000, 450000, 50000)
    assert kinds(compare([money], [order(product="06/", omvang="")])) == ["A15"]


def test_a_unit_without_a_partner() -> None:
    """1.2.4: an unpaired total is A09, a surplus one A10."""
    first, second = (
        besluit(1, "2025-01-01..2025-06-30", "40 04 6"),
        besluit(1, "2025-07-01..2025-12-31", "40 04 6", regelnummer=2),
    )
    orders = [order(1, "2025-01-01..2025-06-30", "40 04 6")]

    linked = msgspec.structs.replace(second, toewijzing_nummers=(1,))
    result = compare([msgspec.structs.replace(first, toewijzing_nummers=(1,)), linked], orders)
    surplus = compare(
        [msgspec.structs.replace(first, toewijzing_nummers=(1, 2))],
        [*orders, order(2, "2025-07-01..2025-12-31", "40 04 6")],
    )

    assert [(v.kind, v.regelnummer) for v in result.verschillen] == [("A09", 2)]
    assert [(v.kind, v.toewijzing_nummer) for v in surplus.verschillen] == [("A10", 2)]


def test_a16_stacked_orders() -> None:
    """A16: as TR302; aids (categories 11–14) are exempt."""

    def stacked(*products: str) -> list[str]:
        regels = [besluit(n, product=p, toewijzing_nummers=(n,)) for n, p in enumerate(products, start=1)]
        orders = [order(n, product=p) for n, p in enumerate(products, start=1)]
        return [v.kind for v in compare(regels, orders).verschillen if v.kind == "A16"]

    assert stacked("02/02A03", "02/02A03") == ["A16"]
    assert stacked("02/02A03", "02/02A05") == []
    assert stacked("02/02A03", "02/") == ["A16"]
    assert stacked("02/02A03", "/") == ["A16"]
    assert stacked("02/02A03", "03/03A03") == []
    assert stacked("11/11A01", "11/11A01") == []


def test_a17_removed_order() -> None:
    """A17: removed, while the decision stands and nothing replaces it."""
    removed = order(looptijd="2025-07-07..2025-07-07", reden="13", vastgesteld="2025-07-08")

    assert kinds(compare([besluit()], [order(), removed])) == ["A17"]
    assert kinds(compare([besluit()], [order(), removed, order(2, vastgesteld="2025-07-08")])) == []


@pytest.mark.parametrize(
    ("fields", "interval"),
    [
        ({"status": "VERNIETIGD"}, ZOMER),
        ({"status": "INGETROKKEN", "besluitmoment": moment("2025-08-15")}, "2025-08-16..2025-09-07"),
    ],
)
def test_a18_annulled_or_withdrawn(fields: dict[str, Any], interval: str) -> None:
    """A18: an annulled decision never gave title; a withdrawn one until the day of withdrawal."""
    found = only(compare([besluit(**fields)], [order()], today=date(2025, 8, 20)))

    assert (found.kind, found.interval) == ("A18", periode(interval))


def test_a18_not_if_the_order_ends_in_time() -> None:
    """A18: a withdrawn decision whose order ended with it is settled."""
    withdrawn = besluit(looptijd="2025-07-07..2025-08-15", status="INGETROKKEN", besluitmoment=moment("2025-08-15"))

    assert compare([withdrawn], [order(looptijd="2025-07-07..2025-08-15")]).verschillen == ()


def test_a19_superseded() -> None:
    """A19: the order follows an older version of the line, or a line that was replaced."""
    newer = besluit(omvang="5 04 2", besluitmoment=moment("2025-07-01"))
    replaced = besluit(7, status="VERVANGEN", vervangen_door=8, toewijzing_nummers=(1,))
    successor = besluit(8, omvang="5 04 2")

    assert kinds(compare([besluit(), newer], [order()])) == ["A11", "A19"]
    assert kinds(compare([replaced, successor], [order()])) == ["A11", "A19"]
    assert kinds(compare([besluit(), newer], [order(omvang="5 04 2")])) == []


def test_a20_stacked_decisions() -> None:
    """A20: two lines of one decision say different things for the same days."""
    regels = [besluit(), besluit(omvang="5 04 2", regelnummer=2)]

    assert "A20" in kinds(compare(regels, [order()]))


def test_a21_personal_budget() -> None:
    """A21 (OP043): the order must end before the personal budget begins."""
    pgb = besluit(2, "2025-08-01..2025-12-31", leveringsvorm="PGB", aanbieder=None)

    found = only(compare([besluit(), pgb], [order()]))

    assert (found.kind, found.decided, found.ordered) == ("A21", "2025-07-31", "2025-09-07")
    assert found.interval == periode("2025-08-01..2025-09-07")


def test_a22_ambiguous() -> None:
    """A22: two decisions compete for an order, or two orders for a decision; neither is guessed, neither is missing."""
    decisions = compare([besluit(1), besluit(2)], [order()])
    orders = compare([besluit()], [order(1), order(2)])

    assert kinds(decisions) == ["A22"]
    assert only(decisions).decided == "1 2"
    assert kinds(orders) == ["A16", "A22", "A22"]
    assert kinds(compare([besluit(1, toewijzing_nummers=(1,)), besluit(2)], [order()])) == ["A01"]


def test_a23_to_a25_sending() -> None:
    """A23–A25: a draft that waits, a 301 without answer, a rejection with nothing that still counts."""
    draft = msgspec.structs.replace(order(vastgesteld="2025-07-07"), verzendingen=())
    unanswered = order(vastgesteld="2025-07-04", antwoord=Antwoord301.UNANSWERED)
    rejected = order(antwoord=Antwoord301.REJECTED)

    assert [v.kind for v in compare([besluit()], [draft]).verschillen] == ["A23"]
    assert compare([besluit()], [draft], today=date(2025, 7, 8)).verschillen == ()
    assert kinds(compare([besluit()], [unanswered])) == ["A24"]
    assert kinds(compare([besluit()], [unanswered], today=date(2025, 7, 9))) == []
    assert kinds(compare([besluit()], [unanswered], retouren=False)) == []  # no 302s at hand: nothing to conclude
    found = only(compare([besluit()], [rejected]))
    assert (found.kind, found.severity) == ("A25", "S1")


def test_a26_two_contents_for_one_moment() -> None:
    """A26 [C07]: what was recorded first stays."""
    result = compare([besluit()], [order(), order(omvang="9 04 2")])

    assert kinds(result) == ["A26"]


def test_a28_incomplete_301() -> None:
    """A28 (OP087): the last 301 left out an order that still runs."""
    regels = [besluit(1, toewijzing_nummers=(1,)), besluit(2, product="03/03A03", toewijzing_nummers=(2,))]
    second = order(2, product="03/03A03", vastgesteld="2025-07-01")

    found = only(compare(regels, [order(), second]))

    assert (found.kind, found.toewijzing_nummer, found.ordered) == ("A28", 1, "2024-12-20")
    again = order(verzonden="2025-07-01")
    assert compare(regels, [order(), again, second]).verschillen == ()


def test_a29_open_decision() -> None:
    """A29: nobody was chosen yet; with a request it is A01; with an order the provider is not compared."""
    open_ = besluit(aanbieder=None)
    request = Verzoek(gemeente=GEMEENTE, aanbieder=AANBIEDER, referentie_aanbieder="R1", beschikkingnummer=1)

    assert kinds(compare([open_], [])) == ["A29"]
    assert kinds(compare([open_], [], verzoeken=[request])) == ["A01"]
    assert kinds(compare([open_], [order()])) == []


def test_requests_from_messages() -> None:
    """1.2.3: a WMO315 names the decision and the product; a WMO317 only a reference; none known is not "none"."""
    header = {
        "bericht_versie": 3,
        "bericht_subversie": 2,
        "afzender": AANBIEDER,
        "ontvanger": GEMEENTE,
        "bericht_identificatie": basis.BerichtIdentificatie(identificatie="V1", dagtekening=date(2025, 7, 1)),
        "xsd_versie": ref.XSD,
    }
    product = wmo315.AangevraagdProduct(
        referentie_aanbieder="R1",
        beschikking_nummer=1,
        product=basis.Product(categorie="02", code="02A03"),
        toewijzing_ingangsdatum=date(2025, 7, 7),
        verwijzer=basis.Verwijzer(type="01"),
    )
    person = wmo315.Client(
        bsn=B1,
        geboortedatum=basis.Geboortedatum(datum=date(1950, 1, 1)),
        geslacht="0",
        naam=basis.VerkorteNaam(geslachtsnaam=basis.Achternaam(achternaam="Test")),
        aangevraagde_producten=(product,),
    )
    change = wmo317.Verzoek(referentie_aanbieder="R2", reden_verzoek="1")
    messages = [
        wmo315.Bericht(header=wmo315.Header(bericht_code="444", **header), client=person),  # type: ignore[arg-type]
        wmo317.Bericht(
            header=wmo317.Header(bericht_code="480", **header),  # type: ignore[arg-type]
            client=wmo317.Client(bsn=B1, verzoek=change),
        ),
    ]

    assert bekende_verzoeken(messages) == (
        Verzoek(
            gemeente=GEMEENTE,
            aanbieder=AANBIEDER,
            referentie_aanbieder="R1",
            beschikkingnummer=1,
            categorie="02",
            code="02A03",
        ),
        Verzoek(gemeente=GEMEENTE, aanbieder=AANBIEDER, referentie_aanbieder="R2"),
    )
    assert bekende_verzoeken([ref.JUNI]) is None


def test_matching_by_request() -> None:
    """1.2.3 step 2: the first honouring 301 carries the provider's reference."""
    honoured = msgspec.structs.replace(order(product="02/02A05"), referentie_aanbieder="R1")
    request = Verzoek(gemeente=GEMEENTE, aanbieder=AANBIEDER, referentie_aanbieder="R1", beschikkingnummer=1)
    narrow = msgspec.structs.replace(request, categorie="02", code="02A05")

    assert kinds(compare([besluit()], [honoured], verzoeken=[request])) == ["A06"]
    assert kinds(compare([besluit()], [honoured], verzoeken=[narrow])) == ["A01", "A02"]


@pytest.mark.parametrize(
    ("today", "decided", "omvang", "kind"),
    [
        ("2025-08-15", "2025-07-07..2025-12-31", "3 04 2", ["A08", "A30"]),
        ("2025-08-01", "2025-07-07..2025-12-31", "3 04 2", ["A08"]),  # more than 28 days
        ("2025-08-15", "2025-07-07..2025-12-31", "3 04 6", ["A08"]),  # a total is not stretched
    ],
)
def test_a30_expiring(today: str, decided: str, omvang: str, kind: list[str]) -> None:
    """A30 (OP380): the decision goes on; the end must be stretched before it passes."""
    regels, orders = [besluit(looptijd=decided, omvang=omvang)], [order(omvang=omvang)]

    assert kinds(compare(regels, orders, today=date.fromisoformat(today))) == kind


def test_a30_not_if_a_successor_takes_over() -> None:
    """A30: the next order begins on the next day."""
    orders = [order(), order(2, "2025-09-08..2025-12-31")]

    assert compare([besluit(looptijd="2025-07-07..2025-12-31")], orders, today=date(2025, 9, 1)).verschillen == ()


@pytest.mark.parametrize(
    ("nummer", "change", "field"),
    [
        (20072, {"reden_wijziging": "13", "einddatum": date(2025, 7, 7)}, "redenWijziging"),
        (20072, {"einddatum": date(2025, 7, 13)}, "omvang"),
        (20077, {"omvang": Omvang(49, "04", "6")}, "omvang"),
        (20076, {"budget": 299999}, "budget"),
        (20076, {"budget": 300000}, None),
        (20077, {"einddatum": date(2025, 6, 30)}, "einddatum"),
        (20077, {"omvang": Omvang(50, "04", "6")}, None),
    ],
)
def test_a31_change_blocked(nummer: int, change: dict[str, Any], field: str | None) -> None:
    """A31 (TR385, UP031): a draft may not take away what was approved."""
    state = ref.stand()
    now = state.toewijzingen[GEMEENTE, nummer].newest
    draft = msgspec.structs.replace(now, toewijzingsdatum=date(2025, 8, 20), verzendingen=(), **change)
    state.record([draft])

    result = vergelijk([], state.toewijzingen, date(2025, 8, 20), state=state)

    found = [v.field for v in result.verschillen if v.kind == "A31"]
    assert found == ([field] if field else [])


def test_a32_reference() -> None:
    """A32 (TR379): no such request, or repeated on a later change; not judged without requests."""
    first = msgspec.structs.replace(order(), referentie_aanbieder="R1")
    later = msgspec.structs.replace(first, toewijzingsdatum=date(2025, 7, 1), einddatum=date(2025, 8, 31))
    request = Verzoek(gemeente=GEMEENTE, aanbieder=AANBIEDER, referentie_aanbieder="R1", beschikkingnummer=1)

    def references(*orders: ToewijzingVersie, **options: Any) -> int:
        return kinds(compare([besluit()], list(orders), **options)).count("A32")

    assert references(first, verzoeken=[request]) == 0
    assert references(first, verzoeken=[]) == 1
    assert references(first, later, verzoeken=[request]) == 1
    assert references(first) == 0


@pytest.mark.parametrize(
    ("product", "looptijd", "omvang", "budget", "rules"),
    [
        ("02/02A03", ZOMER, "3 04 2", None, []),
        ("02/02A03", ZOMER, "", None, ["CD041"]),
        ("06/", "2025-07-07..", "", 500000, ["CD075"]),
        ("02/02A03", "2025-07-07..", "3 04 2", None, ["CD076"]),
        ("02/02A03", ZOMER, "3 04 2", 500000, ["CD078"]),
        ("/", ZOMER, "", None, ["CD079"]),
        ("06/", ZOMER, "3 04 4", None, ["CD080"]),
        ("06/", "2020-01-01..2020-12-31", "3 04 4", None, []),
        ("02/02A03", ZOMER, "3 14 1", None, ["CS338"]),
        ("02/02A03", ZOMER, "3 82 1", None, []),
    ],
)
def test_a33_structure(product: str, looptijd: str, omvang: str, budget: int | None, rules: list[str]) -> None:
    """A33: what is filled must fit the kind of allocation (1.1)."""
    result = compare([], [order(product=product, looptijd=looptijd, omvang=omvang, budget=budget)])

    assert [v.sub_kind for v in result.verschillen if v.kind == "A33"] == rules


def test_the_natural_key_needs_provider_and_shared_days() -> None:
    """1.2.3 step 3: another provider, or no day in common, is no match."""
    elsewhere = order(aanbieder="65656056")
    later = order(looptijd="2026-01-01..2026-03-31")

    assert kinds(compare([besluit()], [elsewhere])) == ["A01", "A02"]
    assert kinds(compare([besluit()], [later])) == ["A01", "A02"]


def test_lines_in_force_go_before_withdrawn_ones() -> None:
    """1.2.3: a withdrawn decision does not compete with the one that took its place."""
    withdrawn = besluit(1, status="INGETROKKEN")

    assert compare([withdrawn, besluit(2)], [order()]).verschillen == ()


def test_an_open_end_is_structural_only_where_an_end_is_compulsory() -> None:
    """A08: per month the order may stay open, so an end is a real difference; at the start nothing is structural."""
    monthly = only(compare([besluit(looptijd="2025-07-07..", omvang="3 04 4")], [order(omvang="3 04 4")]))
    begin = compare([besluit(looptijd="2025-07-01..")], [order(looptijd="2025-07-07..2025-12-31")]).verschillen
    surplus = only(compare([besluit()], [order(looptijd="2025-07-07..2025-12-31")]))

    assert (monthly.kind, monthly.severity, monthly.structural) == ("A08", "S2", False)
    assert {v.kind: v.structural for v in begin} == {"A07": False, "A08": True}
    assert (surplus.kind, surplus.structural) == ("A08", False)


def test_a_difference_at_the_start_shows_the_first_day_of_both_sides() -> None:
    """A07: of several lines and orders the earliest."""
    regels = [besluit(1, "2025-01-01..2025-06-30"), besluit(1, "2025-07-01..2025-12-31", regelnummer=2)]
    orders = [order(1, "2025-02-01..2025-06-30"), order(2, "2025-07-01..2025-12-31")]

    found = only(compare(regels, orders))

    assert (found.kind, found.decided, found.ordered) == ("A07", "2025-01-01", "2025-02-01")
    assert found.interval == periode("2025-01")


def test_a_total_with_another_period() -> None:
    """1.2.4: a total belongs to its period as a whole; the days in between are named."""
    found = only(compare([besluit(omvang="80 04 6")], [order(looptijd="2025-07-14..2025-09-07", omvang="80 04 6")]))

    assert (found.kind, found.interval) == ("A07", periode("2025-07-07..2025-07-13"))


def test_a_product_that_only_one_side_has() -> None:
    """1.2.4: beside an equal product, a line without order is A09, an order without line A10."""
    two = [
        besluit(1, toewijzing_nummers=(1, 2)),
        besluit(1, product="03/03A03", regelnummer=2, toewijzing_nummers=(1,)),
    ]
    orders = [order(1), order(2, looptijd="2025-09-08..2025-12-31", product="04/04A01")]

    missing = compare(two, orders[:1])
    surplus = compare(two[:1], orders)

    assert [(v.kind, v.regelnummer) for v in missing.verschillen] == [("A09", 2)]
    assert {v.kind for v in surplus.verschillen} == {"A06", "A10"}


def test_what_counts_as_compared() -> None:
    """An order, or a line in force; not a replaced line, a personal budget, or a waiting candidate."""
    pgb = besluit(2, "2026-01-01..2026-12-31", leveringsvorm="PGB", aanbieder=None)
    old = besluit(3, "2024-01-01..2024-12-31", status="VERVANGEN")

    assert compare([besluit(), pgb, old], [order()]) == Vergelijking(1, 1, ())
    assert compare([besluit(1), besluit(2)], [order()]).compared == 1


def test_every_kind_is_tested_here() -> None:
    """1.2.5 has 33 kinds."""
    assert [kind for kind in SOORTEN if kind[0] == "A"] == [f"A{n:02}" for n in range(1, 34)]


def test_the_json_of_the_command() -> None:
    """commands.md, reconcile beschikkingen; a key follows one difference from day to day."""
    result = compare([besluit()], [order(omvang="4 04 2")])
    answer = vergelijking_json(result)

    assert (answer["compared"], answer["equal"]) == (1, 0)
    (found,) = answer["differences"]
    expected = {
        "kind": "A11",
        "severity": "S2",
        "who": "BO",
        "toewijzingNummer": 1,
        "beschikkingNummer": 1,
        "field": "volume",
        "decided": 3,
        "ordered": 4,
        "centsAtStake": None,
        "advice": "Stem het volume af op het besluit.",
    }
    assert {name: found[name] for name in expected} == expected
    assert only(result).key == only(compare([besluit()], [order(omvang="4 04 2")], today=date(2025, 7, 11))).key
    assert B1 not in str(answer)
    assert only(result).interval == Period(date(2025, 7, 7), date(2025, 9, 7))
