"""`gateway regels`: the table of rules, whole or of one message or kind."""

import json

import pytest

from gateway.cli.main import run
from gateway.cli.output import BROKEN, GOOD


def test_rules_of_one_message_and_one_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """Both filters hold; each line has number, retourcode and status."""
    assert run(["regels", "--bericht", "wmo323", "--soort", "tr", "--json"]) == GOOD
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "TR321" in {rule["code"] for rule in found}
    assert all(rule["kind"] == "TR" and "WMO323" in rule["messages"] for rule in found)
    assert all(rule["status"] for rule in found)


def test_an_unknown_message_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """No rules is a question that went wrong, not an empty answer."""
    assert run(["regels", "--bericht", "WMO999"]) == BROKEN
    assert "gateway bericht soorten" in capsys.readouterr().err


def test_the_rules_about_plans_are_in_the_same_table(capsys: pytest.CaptureFixture[str]) -> None:
    """commands.md: every kind in one shape; plan rules belong to no message."""
    assert run(["regels", "--soort", "PL", "--json"]) == GOOD
    found = {rule["code"]: rule for rule in map(json.loads, capsys.readouterr().out.splitlines())}
    assert len(found) == 73
    assert (found["PL-28"]["status"], found["PL-28"]["kind"]) == ("implemented", "PL")
    assert found["PL-28"]["where"] == "gateway.plans.orders.vergelijk_beschikking"


def test_the_requirements_on_secure_mail_are_in_the_same_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its tests; what is not whole says what is missing."""
    assert run(["regels", "--soort", "SM", "--json"]) == GOOD
    found = {rule["code"]: rule for rule in map(json.loads, capsys.readouterr().out.splitlines())}
    assert len(found) == 151
    assert (found["SM-28"]["status"], found["SM-28"]["kind"]) == ("implemented", "SM")
    assert "tests/securemail/test_threats_signature.py" in found["SM-28"]["tests"]
    assert all(rule["how"] for rule in found.values() if rule["status"] == "partly")
