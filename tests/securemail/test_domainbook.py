"""The provider's list of domains, and the guards against a damaged one."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway import securemail as sm
from gateway.domain.findings import Finding
from gateway.securemail.domainbook import in_force

BOOK = b"Domeinboek 2026\r\nZorg.example\r\n  gemeente.example \r\ngeen domein\r\n\r\n\r\n"


def book(count: int) -> bytes:
    return b"\n".join(b"d%d.example" % i for i in range(count))


def test_sm112_lines_are_trimmed_and_matched_exactly():
    """The heading and other lines are counted, a subdomain is another domain."""
    read = sm.parse_domain_book(BOOK)

    assert isinstance(read, sm.DomainBook)
    assert read.domains == {"zorg.example", "gemeente.example"}
    assert read.skipped == 2
    assert read.holds("ZORG.example")
    assert not read.holds("mail.zorg.example")


@pytest.mark.parametrize(("count", "taken"), [(100, True), (80, True), (79, False), (0, False)])
def test_sm113_a_book_that_shrank_by_more_than_a_fifth_is_kept_aside(count, taken):
    """The last good one stays in force."""
    before = sm.parse_domain_book(book(100))
    assert isinstance(before, sm.DomainBook)

    assert isinstance(sm.parse_domain_book(book(count), before), sm.DomainBook) is taken


def test_sm113_a_book_over_5_mb_is_kept_aside():
    """Whatever it holds."""
    assert isinstance(sm.parse_domain_book(book(10) + b" " * 5_000_000), Finding)


def test_sm113_a_book_is_in_force_for_seven_days():
    """After the last successful fetch."""
    now = datetime(2026, 11, 22, tzinfo=UTC)

    assert in_force(now - timedelta(days=7), now)
    assert not in_force(now - timedelta(days=7, seconds=1), now)
