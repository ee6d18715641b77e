"""The table of 13.4: when to seal, sign or hold."""

from datetime import date, timedelta

import pytest

from gateway import securemail as sm

TODAY = date(2026, 11, 22)
EXCEPTION = sm.TransportOnly(TODAY - timedelta(days=10), TODAY + timedelta(days=10), "overgang")


def decide(*, book=False, nta=False, certificate=True, iwmo=False, **agreements) -> str:
    inputs = sm.RouteInputs(
        in_domain_book=book,
        nta_qualified=nta,
        active_certificate=certificate,
        iwmo=iwmo,
        agreements=sm.Agreements(**agreements),
        today=TODAY,
    )
    answer = sm.route(inputs)
    assert answer.inputs is inputs  # SM-114: stored with its inputs
    assert answer.why
    return answer.action


@pytest.mark.parametrize(
    ("circumstances", "action"),
    [
        ({"book": True}, "seal"),
        ({"nta": True}, "seal"),
        ({}, "hold"),
        ({"internet_route": True}, "seal"),
        ({"book": True, "certificate": False}, "hold"),
        ({"nta": True, "certificate": False}, "hold"),
        ({"book": True, "certificate": False, "transport_only": EXCEPTION}, "sign"),
        ({"nta": True, "certificate": False, "transport_only": EXCEPTION}, "sign"),
        ({"certificate": False}, "hold"),
        ({"certificate": False, "transport_only": EXCEPTION, "internet_route": True}, "hold"),
        ({"book": True, "certificate": False, "transport_only": EXCEPTION, "iwmo": True}, "hold"),
        ({"book": True, "transport_only": EXCEPTION}, "seal"),
    ],
)
def test_sm114_the_route_follows_the_table(circumstances, action):
    """Neither certificate nor secure route: never sent; an exception never weakens what can be sealed."""
    assert decide(**circumstances) == action


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [(-10, 0, True), (0, 0, True), (1, 5, False), (-10, -1, False), (-1, 365, True), (-1, 366, False)],
)
def test_sm115_an_exception_ends_and_lasts_a_year_at_most(since, until, holds):
    """Its last day counts; one set for longer than 12 months is no exception at all."""
    exception = sm.TransportOnly(TODAY + timedelta(days=since), TODAY + timedelta(days=until), "reden")

    assert decide(book=True, certificate=False, transport_only=exception) == ("sign" if holds else "hold")
