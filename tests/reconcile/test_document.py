"""What code and tests cite is explained in docs/reconciliation.md."""

import re
from pathlib import Path

from gateway.reconcile.verschillen import SOORTEN

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reconciliation.md").read_text(encoding="utf-8")


def test_every_kind_of_difference_is_explained() -> None:
    """A01–A33, B01–B13, R01–R05."""
    assert [kind for kind in SOORTEN if kind not in PAGE] == []


def test_every_choice_that_is_cited_is_explained() -> None:
    """[Cnn] in code, tests and the page itself has a row in section 7."""
    places = [
        *ROOT.glob("gateway/reconcile/*.py"),
        *ROOT.glob("gateway/domain/*.py"),
        *ROOT.glob("tests/reconcile/*.py"),
    ]
    text = PAGE + "".join(place.read_text(encoding="utf-8") for place in places)
    cited = set(re.findall(r"\[(C\d\d)\]", text))

    assert sorted(cited - set(re.findall(r"^\| (C\d\d) \|", PAGE, re.MULTILINE))) == []
