"""The dotted path is the identity of a field (plan 5.1)."""

from decimal import Decimal

import pytest

from gateway.plans.model import Ondersteuningsplan, ProductSamenvatting
from gateway.plans.names import camel, json_path, pdf_name, snake
from gateway.plans.paths import get, put, type_at


def test_a_path_reads_fields_list_items_and_products(plan: Ondersteuningsplan) -> None:
    """Lists count from 1; what is absent is None."""
    assert get(plan, "resultaat.2.actie.1") == "Deelname aan de creatieve groep op maandag en donderdag"
    assert get(plan, "samenvatting.begeleiding_groep.omvang") == Decimal(4)
    assert get(plan, "resultaat.4.toelichting") is None
    assert get(plan, "resultaat.0.toelichting") is None
    assert get(plan, "samenvatting.kortdurend_verblijf.omvang") is None


def test_a_path_writes_and_makes_what_is_on_the_way() -> None:
    """Blocks, actions and summaries come into being when something is put in them."""
    plan = Ondersteuningsplan(plan_id="p")

    plan = put(plan, "resultaat.1.actie.1", "bellen")
    plan = put(plan, "resultaat.1.product.begeleiding_groep", True)
    plan = put(plan, "samenvatting.begeleiding_groep.omvang", Decimal(4))
    plan = put(plan, "extra.kleur", "rood")
    plan = put(plan, "datum_plan", None)

    assert plan.resultaat[0].actie == ("bellen",)
    assert plan.resultaat[0].product == {"begeleiding_groep": True}
    assert plan.samenvatting == {"begeleiding_groep": ProductSamenvatting(omvang=Decimal(4))}
    assert plan.extra == {"kleur": "rood"}


@pytest.mark.parametrize(
    "path", ["kleur", "client.kleur", "resultaat.toelichting", "resultaat.3.toelichting", "versie.1"]
)
def test_a_path_outside_the_model_is_a_bug_of_the_caller(path: str) -> None:
    """Paths from outside are checked with `type_at` first; the rest is code."""
    with pytest.raises(KeyError):
        put(Ondersteuningsplan(plan_id="p"), path, "x")


@pytest.mark.parametrize("path", ["kleur", "resultaat.toelichting", "datum_plan.jaar"])
def test_reading_outside_the_model_is_a_bug_too(path: str, plan: Ondersteuningsplan) -> None:
    """A misspelt path does not read as empty."""
    with pytest.raises(KeyError):
        get(plan, path)


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("resultaat.formulering", True),
        ("resultaat.2.formulering", True),
        ("samenvatting.*.duur", True),
        ("client.straatnaam", True),
        ("arrangement", True),
        ("client.kleur", False),
        ("versie.x", False),
        ("arrangement.regel", False),
    ],
)
def test_type_at_knows_the_model(path: str, known: bool) -> None:
    """The rule at loading "path exists in the data model" rests on this."""
    assert (type_at(Ondersteuningsplan, path) is not None) is known


def test_the_three_spellings_of_a_path() -> None:
    """Python and region file, JSON, PDF field (PLD-9); nothing is lost between the first two."""
    assert json_path("resultaat.2.uren_per_week") == "resultaat.2.urenPerWeek"
    assert pdf_name("resultaat.2.actie.1") == "resultaat-2-actie-1"
    assert snake(camel("geen_handtekening")) == "geen_handtekening"
