"""Our rules and the same rules in XPath (`orakel.py`) give one verdict on many messages near the edge.

HYPOTHESIS_PROFILE=long runs twenty times as many.
"""

import datetime as dt
import os

import pytest

from gateway import berichten
from gateway.berichten.soorten import SOORTEN
from tests.berichten.regels import orakel
from tests.berichten.regels.bericht import xml
from tests.berichten.regels.gevallen import GEVALLEN
from tests.berichten.regels.mutanten import mutanten

LANG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
AANTAL, ZAAD = (1500, 2) if LANG else (75, 1)  # per kind of message


def _onze(data: bytes) -> set[str]:
    return {f.code for f in berichten.validate(data, level=2).findings}


@pytest.mark.parametrize("soort", SOORTEN)
def test_mutants_get_the_verdict_of_the_oracle(soort):
    for data in mutanten(soort, AANTAL, ZAAD):
        assert _onze(data) == orakel.codes(soort, data), data.decode()
        berichten.validate(data, today=dt.date(2025, 9, 8))  # and no rule of any level raises


def test_the_cases_get_the_verdict_of_the_oracle():
    """The cases reach every rule, so the oracle knows every rule."""
    for geval in GEVALLEN:
        for wijziging in (geval.goed, geval.fout):
            data = xml(geval.bericht, wijziging)
            assert _onze(data) == orakel.codes(geval.bericht, data)
