"""From plan to proposed toewijzing: the examples of plan 9.2 and the mapping of 9.3."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gateway.plans import voorbeeld
from gateway.plans.formaat import Formaat
from gateway.plans.model import Ondersteuningsplan, ProductSamenvatting, ResultaatBlok
from gateway.plans.orders import ToegewezenProduct, uit_besluitregel, vergelijk_beschikking, voor_verzending
from gateway.plans.paths import put
from gateway.plans.proposal import Voorstelregel, anders_dan_voorstel, naar_besluitregel, propose

START, EIND = date(2026, 5, 1), date(2027, 4, 30)
INDIVIDUEEL, GROEP, VERBLIJF = "begeleiding_individueel", "begeleiding_groep", "kortdurend_verblijf"
CODES = {INDIVIDUEEL: "02A03", GROEP: "07A03", VERBLIJF: "04A03"}


@pytest.fixture
def stel_voor(deel: Ondersteuningsplan, formaat: Formaat, contract):
    """The proposal for one product with one summary, a year long unless told otherwise."""

    def voorstel(
        product: str, contract: Any = contract, today: date = date(2026, 4, 1), **velden: Any
    ) -> Voorstelregel:
        samenvatting = ProductSamenvatting(**{"start": START, "eind": EIND, "productcode": CODES[product], **velden})
        plan = msgspec.structs.replace(
            deel, resultaat=(ResultaatBlok(regel=2, product={product: True}),), samenvatting={product: samenvatting}
        )
        (regel,) = propose(plan, formaat, contract, today)
        return regel

    return voorstel


def omvang(regel: Voorstelregel) -> tuple[int | None, str | None, str | None]:
    return regel.volume, regel.eenheid, regel.frequentie


@pytest.mark.parametrize(
    ("product", "velden", "expected"),
    [
        (INDIVIDUEEL, {"omvang": "2", "omvang_periode": "week"}, (2, "04", "2")),
        (INDIVIDUEEL, {"omvang": "2.5", "omvang_periode": "week"}, (150, "01", "2")),
        (
            GROEP,
            {"omvang": "4", "omvang_periode": "week", "frequentie": "2", "frequentie_periode": "week"},
            (4, "16", "2"),
        ),
        (VERBLIJF, {"omvang": "2", "frequentie": "1", "frequentie_periode": "maand"}, (2, "14", "4")),
        (VERBLIJF, {"omvang": "2", "frequentie": "1.5", "frequentie_periode": "maand"}, (3, "14", "4")),
        (INDIVIDUEEL, {"omvang": "10", "omvang_periode": "maand"}, (10, "04", "4")),
    ],
)
def test_a_whole_volume_is_proposed_as_it_stands(product, velden, expected, stel_voor) -> None:
    """Plan 9.2: the frequency of hours and dagdelen counts visits and is never multiplied; that of a stay is."""
    regel = stel_voor(product, **numbers(velden))

    assert omvang(regel) == expected
    assert regel.leeg == ()
    assert regel.opties == ()


def numbers(velden: dict[str, str]) -> dict[str, Any]:
    return {naam: Decimal(w) if naam in ("omvang", "frequentie") else w for naam, w in velden.items()}


@pytest.mark.parametrize(
    ("product", "velden"),
    [
        (INDIVIDUEEL, {"omvang": "2.33", "omvang_periode": "week"}),
        (GROEP, {"omvang": "0.5", "omvang_periode": "week"}),
    ],
)
def test_a_volume_that_is_not_whole_stays_empty(product, velden, stel_voor) -> None:
    """Plan 9.2: never rounded by the gateway; volume_niet_geheel is for a person (H-7)."""
    regel = stel_voor(product, **numbers(velden))

    assert omvang(regel) == (None, None, None)
    assert [(leeg.veld, leeg.reden) for leeg in regel.leeg] == [("volume", "volume_niet_geheel")]


def test_minutes_are_proposed_only_if_they_are_contracted(stel_voor, contract) -> None:
    """Plan 9.2, step 2: the contract for the code must allow the finer unit."""
    uren = tuple(msgspec.structs.replace(line, eenheden=("04",)) for line in contract)

    regel = stel_voor(INDIVIDUEEL, contract=uren, omvang=Decimal("2.5"), omvang_periode="week")

    assert omvang(regel) == (None, None, None)


@pytest.mark.parametrize(
    ("etmalen", "velden", "opties"),
    [
        ("3", {}, [(1, "14", "4"), (12, "14", "6")]),
        ("2", {}, [(8, "14", "6")]),
        ("3", {"eind": date(2026, 12, 31)}, [(1, "14", "4")]),
        ("3", {"start": None, "eind": None, "duur": "6 maanden"}, [(1, "14", "4"), (6, "14", "6")]),
        ("2", {"start": None, "eind": None, "duur": "26 weken"}, []),
        ("2", {"start": date(2026, 1, 15), "eind": date(2026, 4, 14)}, [(2, "14", "6")]),
        ("2", {"eind": date(2026, 9, 15)}, []),
    ],
)
def test_a_quarter_has_no_code_and_gets_its_options_worked_out(etmalen, velden, opties, stel_voor) -> None:
    """Plan 9.2, step 3, and G-10: per month if it divides by three, in total if the period is whole quarters."""
    regel = stel_voor(
        VERBLIJF, **{"omvang": Decimal(etmalen), "frequentie": Decimal(1), "frequentie_periode": "kwartaal", **velden}
    )

    assert omvang(regel) == (None, None, None)
    assert [(o.volume, o.eenheid, o.frequentie) for o in regel.opties] == opties
    assert ("volume", "periode_zonder_code") in [(leeg.veld, leeg.reden) for leeg in regel.leeg]


def test_a_summary_without_numbers_proposes_nothing(stel_voor) -> None:
    """What is not filled in is named, not guessed."""
    assert [leeg.reden for leeg in stel_voor(INDIVIDUEEL).leeg] == ["niet_ingevuld"]
    assert [leeg.reden for leeg in stel_voor(VERBLIJF, omvang=Decimal(1), frequentie_periode="maand").leeg] == [
        "niet_ingevuld"
    ]


@pytest.mark.parametrize(
    ("velden", "start", "eind", "redenen"),
    [
        ({}, START, EIND, []),
        ({"eind": None, "duur": "6 maanden"}, START, date(2026, 10, 31), []),
        (
            {"start": None, "eind": None, "duur": "6 maanden"},
            None,
            None,
            ["start_ontbreekt", "eind_volgt_uit_ingangsdatum"],
        ),
        ({"start": date(2026, 3, 1)}, None, EIND, ["start_voorbij"]),
        ({"eind": None}, START, None, ["eind_ontbreekt"]),
        ({"eind": None, "omvang_periode": "maand"}, START, None, []),
    ],
)
def test_begin_and_end_follow_the_plan_or_stay_empty(velden, start, eind, redenen, stel_voor) -> None:
    """Plan 9.3: start unless absent or past; end, or start + duration - 1; per week an end is needed (CD076)."""
    regel = stel_voor(INDIVIDUEEL, **{"omvang": Decimal(2), "omvang_periode": "week", **velden})

    assert (regel.ingangsdatum, regel.einddatum) == (start, eind)
    assert [leeg.reden for leeg in regel.leeg] == redenen


def test_the_code_is_taken_over_only_if_it_is_contracted(stel_voor) -> None:
    """Plan 9.3 and H-6."""
    regel = stel_voor(INDIVIDUEEL, productcode="02A99", omvang=Decimal(2), omvang_periode="week")
    zonder = stel_voor(INDIVIDUEEL, productcode=None, omvang=Decimal(2), omvang_periode="week")

    assert regel.code is None
    assert regel.categorie == "02"
    assert [leeg.reden for leeg in regel.leeg] == ["code_niet_in_contract"]
    assert zonder.code is None


def test_the_example_gives_one_line_per_product(plan, formaat, contract, dagen) -> None:
    """The whole row of plan 9.3 for the example case, and its besluitregel."""
    eerste, tweede = propose(plan, formaat, contract, dagen.besluit)

    assert (eerste.product, eerste.resultaat, eerste.categorie, eerste.code) == (INDIVIDUEEL, (1,), "02", "02A03")
    assert (tweede.product, tweede.resultaat, *omvang(tweede)) == (GROEP, (2,), 4, "16", "2")
    assert (tweede.ingangsdatum, tweede.einddatum, tweede.aanbieder) == (START, date(2026, 10, 31), voorbeeld.AANBIEDER)
    regel = naar_besluitregel(eerste, 1)
    assert (regel.nr, regel.volume, regel.eenheid, regel.frequentie, regel.code) == (1, 2, "04", "2", "02A03")
    assert anders_dan_voorstel(regel, eerste) == ()
    assert anders_dan_voorstel(msgspec.structs.replace(regel, volume=1), eerste) == ("volume",)


def test_filling_what_was_left_empty_is_no_deviation(stel_voor) -> None:
    """5.11: afwijking_van_voorstel is asked for a value that differs, not for one that was missing."""
    regel = stel_voor(INDIVIDUEEL, omvang=Decimal("2.33"), omvang_periode="week")

    assert anders_dan_voorstel(msgspec.structs.replace(naar_besluitregel(regel, 1), volume=2), regel) == ()


def test_an_unticked_product_is_not_proposed(plan, formaat, contract, dagen) -> None:
    """Plan 9.1: one line per filled summary of a ticked product."""
    less = put(plan, "resultaat.1.product", {INDIVIDUEEL: False})

    assert [regel.product for regel in propose(less, formaat, contract, dagen.besluit)] == [GROEP]


@pytest.fixture
def regel(plan, formaat, contract, dagen):
    return naar_besluitregel(propose(plan, formaat, contract, dagen.besluit)[0], 1)


@pytest.mark.parametrize(
    ("veld", "waarde"),
    [
        ("aanbieder", "87654321"),
        ("categorie", "07"),
        ("code", None),
        ("volume", 3),
        ("eenheid", "01"),
        ("frequentie", "4"),
        ("ingangsdatum", date(2026, 5, 2)),
        ("einddatum", None),
    ],
)
def test_an_order_that_differs_from_the_decision_is_refused_with_the_field(veld, waarde, regel) -> None:
    """PL-28: field by field, no tolerance."""
    order = uit_besluitregel(regel)

    assert vergelijk_beschikking(regel, order) == []
    findings = vergelijk_beschikking(regel, msgspec.structs.replace(order, **{veld: waarde}))
    assert [(f.code, f.path) for f in findings] == [("BESCHIKKING_ONGELIJK", f"besluit.regel.1.{veld}")]


@pytest.mark.parametrize(
    ("velden", "code"),
    [
        ({"code": None}, "CD041"),
        ({"volume": None}, "CD041"),
        ({"ingangsdatum": None}, "PL-4"),
        ({"einddatum": None}, "CD076"),
        ({"frequentie": "6", "einddatum": None}, "CD076"),
        ({"eenheid": "16", "frequentie": "1"}, "CS338"),
        ({"einddatum": date(2026, 4, 30)}, "CS003"),
        ({"categorie": "07"}, "TR381"),
        ({"aanbieder": "87654321"}, "TR381"),
        ({"eenheid": "82"}, "TR381"),
    ],
)
def test_a_line_that_breaks_a_rule_of_the_standard_is_found_before_sending(velden, code, regel, contract) -> None:
    """Plan 9.4."""
    assert voor_verzending([regel], gemeente=voorbeeld.GEMEENTE, contract=contract) == []
    changed = msgspec.structs.replace(regel, **velden)

    assert code in [f.code for f in voor_verzending([changed], gemeente=voorbeeld.GEMEENTE, contract=contract)]


def test_the_same_product_twice_on_one_day_is_refused(regel) -> None:
    """TR302: among the new lines and with what already runs; periods that follow each other are fine."""
    tweede = msgspec.structs.replace(regel, nr=2)
    erna = msgspec.structs.replace(regel, nr=2, ingangsdatum=date(2026, 11, 1), einddatum=date(2026, 12, 31))
    lopend = ToegewezenProduct(
        aanbieder=regel.aanbieder, categorie="02", code="02A03", ingangsdatum=date(2025, 1, 1), einddatum=None
    )

    assert [(f.code, f.path) for f in voor_verzending([regel, tweede], gemeente="0957")] == [
        ("TR302", "besluit.regel.2.ingangsdatum")
    ]
    assert voor_verzending([regel, erna], gemeente="0957") == []
    assert [f.code for f in voor_verzending([regel], gemeente="0957", lopend=[lopend])] == ["TR302"]
    undated = msgspec.structs.replace(lopend, ingangsdatum=None)
    assert voor_verzending([regel], gemeente="0957", lopend=[undated]) == []
