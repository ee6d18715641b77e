"""The NTA 7516 record and what DNS must prove beside it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import securemail as sm
from gateway.domain.findings import Finding
from gateway.securemail.nta7516 import Answer, MailHost

TODAY = date(2026, 11, 22)
RECORD = "v=NTA7516-1;startdate=2020-01;enddate=2026-11;provider=Zorg;ntamx=20 b.zorg.example.;ntamx=10 A.zorg.example"


def test_sm109_a_record_is_read():
    """Valid through the last day of the last month, hosts by preference."""
    record = sm.parse_nta_record(["v=spf1 -all", RECORD], TODAY)

    assert record == sm.NtaRecord(
        date(2020, 1, 1),
        date(2026, 11, 30),
        "Zorg",
        (MailHost(10, "a.zorg.example"), MailHost(20, "b.zorg.example")),
    )


@pytest.mark.parametrize("today", [date(2020, 1, 1), date(2026, 11, 30)])
def test_sm109_first_and_last_day_count(today):
    """From the first day of the first month to the last day of the last."""
    assert isinstance(sm.parse_nta_record([RECORD], today), sm.NtaRecord)


def test_sm109_unknown_fields_are_ignored():
    """A later version of the record may add some."""
    assert isinstance(sm.parse_nta_record([RECORD + ";nieuw=1;nieuw=2;"], TODAY), sm.NtaRecord)


@pytest.mark.parametrize(
    ("strings", "today"),
    [
        ([], TODAY),
        (["v=spf1 -all"], TODAY),
        ([RECORD, RECORD], TODAY),
        ([RECORD], date(2019, 12, 31)),
        ([RECORD], date(2026, 12, 1)),
        ([RECORD.replace("NTA7516-1", "NTA7516-2")], TODAY),
        ([RECORD.replace("v=NTA", "v=nta")], TODAY),
        (["startdate=2020-01;v=NTA7516-1;enddate=2026-12"], TODAY),
        ([RECORD + ";provider=Ander"], TODAY),
        ([RECORD.replace("2020-01", "2020-13")], TODAY),
        ([RECORD.replace("2020-01", "2020-1")], TODAY),
        ([RECORD.replace("2020-01", "0000-01")], TODAY),
        ([RECORD.replace("2020-01", "2027-01")], TODAY),
        ([RECORD.replace("enddate=2026-11;", "")], TODAY),
        ([RECORD.replace("10 A.zorg", "10  ")], TODAY),
        ([RECORD.replace("10 A.zorg.example", "A.zorg.example")], TODAY),
        ([RECORD.replace("10 A", "70000 A")], TODAY),
        ([RECORD.replace("A.zorg", "A_b zorg")], TODAY),
    ],
)
def test_sm109_anything_else_does_not_qualify(strings, today):
    """Missing, double, malformed or out of date is a finding."""
    assert isinstance(sm.parse_nta_record(strings, today), Finding)


@given(st.lists(st.one_of(st.text(), st.text(alphabet="v=NTA7516-1;startdate 0")), max_size=3))
def test_sm20_any_strings_are_an_answer(strings):
    """The parser never raises."""
    assert isinstance(sm.parse_nta_record(strings, TODAY), sm.NtaRecord | Finding)


TXT = Answer("secure", (RECORD,))
MX = Answer("secure", ("mx.zorg.example.",))
TLSA = {h: Answer("secure", ("3 1 1 abcd",)) for h in ("a.zorg.example", "b.zorg.example", "mx.zorg.example")}


@pytest.mark.parametrize(
    ("txt", "mx", "tlsa", "status"),
    [
        (TXT, MX, TLSA, "qualified"),
        (Answer("secure", (RECORD.split(";ntamx")[0],)), MX, TLSA, "qualified"),
        (Answer("secure", (RECORD.split(";ntamx")[0],)), Answer("secure"), TLSA, "not qualified"),
        (Answer("insecure", (RECORD,)), MX, TLSA, "not qualified"),
        (Answer("unknown"), MX, TLSA, "unknown"),
        (Answer("secure"), MX, TLSA, "not qualified"),
        (TXT, Answer("insecure", MX.values), TLSA, "not qualified"),
        (TXT, Answer("unknown"), TLSA, "unknown"),
        (TXT, MX, {}, "unknown"),
        (TXT, MX, {**TLSA, "b.zorg.example": Answer("insecure", ("3 1 1 ab",))}, "not qualified"),
        (TXT, MX, {**TLSA, "b.zorg.example": Answer("secure", ("1 1 1 ab", "3 1 0 ab", "3"))}, "not qualified"),
        (TXT, MX, {**TLSA, "b.zorg.example": Answer("secure", ("1 1 1 ab", "2 0 2 ab"))}, "qualified"),
    ],
)
def test_sm110_every_answer_must_be_secure(txt, mx, tlsa, status):
    """TXT, MX and a usable TLSA for each host; a failed look-up is unknown, not a refusal."""
    assert sm.qualify(txt, mx, tlsa, TODAY).status == status


@pytest.mark.parametrize(
    ("status", "hours", "counts"),
    [
        ("qualified", None, True),
        ("not qualified", 1, False),
        ("unknown", 24, True),
        ("unknown", 25, False),
        ("unknown", None, False),
    ],
)
def test_sm110_the_last_good_answer_counts_for_a_day(status, hours, counts):
    """While DNS does not answer."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    last = None if hours is None else now - timedelta(hours=hours)

    assert sm.counts_as_qualified(sm.Qualification(status), last, now) is counts
