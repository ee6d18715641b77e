"""The contract file (6.1, 6.3)."""

from datetime import date
from fractions import Fraction

from gateway.reconcile.contract import Policies
from gateway.reconcile.contract_bestand import laad_contract
from tests.reconcile.reference import periode

TOML = b"""
revision = "2025-1"
gemeente = "0384"
aanbieder = "65656055"
own_codes = ["0384"]
agb_aliases = [["65656055", "65656056"]]

[[contract_tariffs]]
product_code = "02A03"
eenheid = "04"
tarief = 6250

[[contract_tariffs]]
aanbieder = "65656057"
product_code = "02A03"
eenheid = "01"
tarief = 123.45
begindatum = 2025-01-01
einddatum = 2025-06-30
minutes_allowed = false

[[contract_complete]]
begindatum = 2025-01-01

[[product_list]]
product_categorie = "02"
product_code = "02A03"

[working_days]
closed = [2025-12-24]

[policies]
version_race = "reject_now"
"""


def test_a_toml_file() -> None:
    """6.1: every item, with defaults for gemeente and aanbieder; a fraction of a cent stays exact."""
    contract, findings = laad_contract(TOML)

    assert findings == ()
    assert contract is not None
    assert contract.revisie == "2025-1"
    assert [(t.aanbieder, t.tarief, t.minuten) for t in contract.tarieven] == [
        ("65656055", Fraction(6250), True),
        ("65656057", Fraction("123.45"), False),
    ]
    assert contract.rows("0384", "65656056", "02A03", periode("2025-08")) == contract.tarieven[:1]
    assert contract.rows("0384", "65656057", "02A03", periode("2025-06-30..2025-07-31")) == contract.tarieven[1:]
    assert contract.is_complete("0384", "65656055", periode("2025-08"))
    assert not contract.is_complete("0384", "65656055", periode("2024-12-31..2025-01-31"))
    assert contract.has_product("0384", "02", "02A03", date(2025, 8, 1))
    assert contract.policies == Policies(version_race="reject_now")
    assert not contract.werkdagen.is_workday(date(2025, 12, 24))
    assert contract.cbs_has("0384", date(2025, 9, 5))
    assert contract.cbs_has("9999", date(2025, 9, 5)) is False


def test_a_json_file() -> None:
    """The same names in JSON, dates as strings."""
    contract, findings = laad_contract(
        b'{"contract_tariffs": [{"gemeente": "0384", "aanbieder": "65656055", "product_code": "07A12", '
        b'"eenheid": "16", "tarief": 45.5, "begindatum": "2025-01-01"}]}'
    )

    assert findings == ()
    assert contract is not None
    assert contract.tarieven[0].tarief == Fraction("45.5")
    assert contract.has_product("0384", "02", "02A03", date(2025, 8, 1)) is None


def test_an_empty_file_configures_nothing() -> None:
    """6.3: missing configuration is allowed; rules become UNKNOWN."""
    contract, findings = laad_contract(b"")

    assert findings == ()
    assert contract is not None
    assert (contract.tarieven, contract.producten, contract.policies) == ((), None, Policies())


def test_all_faults_at_once() -> None:
    """Bad input is an answer: every row with a fault is named, with what is wrong."""
    contract, findings = laad_contract(
        b"""
        onbekend = 1
        own_codes = ["384"]
        agb_aliases = [["x"]]
        contract_complete = 3
        [[contract_tariffs]]
        gemeente = "0384"
        aanbieder = "1"
        product_code = "02A03"
        eenheid = "04"
        tarief = 1
        [[contract_tariffs]]
        gemeente = "0384"
        aanbieder = "65656055"
        product_code = "02A03"
        eenheid = "05"
        tarief = 1
        [[contract_tariffs]]
        gemeente = "384"
        aanbieder = "65656055"
        product_code = "02A03"
        eenheid = "04"
        tarief = 1
        begindatum = 2025-02-01
        einddatum = 2025-01-01
        [[contract_tariffs]]
        product_code = "02A03"
        [[contract_tariffs]]
        gemeente = "0384"
        aanbieder = "65656055"
        product_code = "02A03"
        eenheid = "04"
        tarief = -1
        [[product_list]]
        product_categorie = "02"
        product_code = "02A03"
        kleur = "rood"
        [policies]
        need_tariff = "reject"
        """
    )

    assert contract is None
    assert {f.code for f in findings} == {"CONTRACT"}
    assert [f.message for f in findings] == [
        "onbekend: deze naam is niet bekend.",
        "contract_tariffs[1]: `aanbieder` moet een AGB-code van acht cijfers zijn.",
        "contract_tariffs[2]: `eenheid` is geen code van lijst WJ756.",
        "contract_tariffs[3]: `gemeente` moet vier cijfers hebben.",
        "contract_tariffs[3]: `einddatum` ligt voor `begindatum`.",
        "contract_tariffs[4]: veld `eenheid` ontbreekt.",
        "contract_tariffs[5]: `tarief` is negatief.",
        "contract_complete: hier hoort een lijst van rijen.",
        "product_list[1]: veld `kleur` is niet bekend.",
        "own_codes: dit is geen geldige code: 384.",
        "agb_aliases: dit is geen geldige code: x.",
        "policies: waarde 'reject' kan niet bij `need_tariff`.",
    ]


def test_a_file_that_cannot_be_read_names_the_line() -> None:
    """The reader is told where to look; no exception."""
    contract, findings = laad_contract(b"revision = 1\n= 2\n")
    _, no_text = laad_contract(b"\xff")
    _, no_json = laad_contract(b"{\n")

    assert contract is None
    assert [f.line for f in (*findings, *no_text, *no_json)] == [2, None, 2]


def test_wrong_shapes_are_named() -> None:
    """A value of the wrong type, also where a whole row should stand."""
    _, findings = laad_contract(b'revision = 1\ncontract_tariffs = ["x"]\n[working_days]\nclosed = ["morgen"]\n')

    assert [f.message for f in findings] == [
        "contract_tariffs[1]: dit heeft de verkeerde vorm.",
        "working_days: de waarde bij `closed[0]` heeft de verkeerde vorm.",
        "revision: dit heeft de verkeerde vorm.",
    ]
