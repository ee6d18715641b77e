"""Which mail domains are reached over a secure route: the provider's domain book and NTA 7516 (13.2, 13.3).

What jobs fetched is kept as records; decisions read them here, so that every node decides alike.
"""

import hashlib
from datetime import datetime
from typing import Final

import msgspec

from gateway.domain.findings import Finding
from gateway.securemail import Qualification, counts_as_qualified, parse_domain_book
from gateway.securemail.domainbook import DomainBook, in_force
from gateway.securemail.nta7516 import DnsFact
from gateway.store import Unit

BOOK: Final = "domeinboek"
ANSWERS: Final = "dns-antwoorden"
DOMAIN: Final = "maildomein"
_LAST: Final = "laatste"


class KeptBook(msgspec.Struct, frozen=True, kw_only=True):
    """The last good book. `fetched_at` is when a good one was last fetched: seven days later it holds no more."""

    fetched_at: datetime
    book: DomainBook


class KeptDomain(msgspec.Struct, frozen=True, kw_only=True):
    """The last answer about a domain, and when it last qualified (SM-110)."""

    checked_at: datetime
    until: datetime  # ask again from then on (SM-111)
    latest: Qualification
    last_good: datetime | None = None
    answers: str = ""  # name of what DNS said: the last answers that it qualified by, else the latest


class DnsAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """What DNS said of a domain. Kept under its own hash, once, for all that was sent because of it (SM-111)."""

    first_seen: datetime
    facts: tuple[DnsFact, ...]


def in_domain_book(unit: Unit, domain: str) -> bool:
    """Whether the domain stands in a book that is in force."""
    kept = unit.records.get(BOOK, _LAST, KeptBook)
    return kept is not None and in_force(kept.body.fetched_at, unit.now) and kept.body.book.holds(domain)


def book_fetched_at(unit: Unit) -> datetime | None:
    """When a good book was last fetched; None if none was."""
    kept = unit.records.get(BOOK, _LAST, KeptBook)
    return None if kept is None else kept.body.fetched_at


def qualified_by(unit: Unit, domain: str) -> tuple[bool, str]:
    """Whether the domain qualifies for NTA 7516, and the name of the answers that this rests on (empty: never asked).

    While DNS gives no answer the last good one counts for 24 hours.
    """
    kept = unit.records.get(DOMAIN, domain.lower(), KeptDomain)
    if kept is None:
        return False, ""
    return counts_as_qualified(kept.body.latest, kept.body.last_good, unit.now), kept.body.answers


def dns_answers(unit: Unit, name: str) -> DnsAnswers | None:
    """What DNS said, by the name that the evidence of a message has."""
    kept = unit.records.get(ANSWERS, name, DnsAnswers)
    return None if kept is None else kept.body


def take_book(unit: Unit, data: bytes) -> DomainBook | Finding:
    """Keep a fetched book; one that shrank too much is not taken and a person is told (SM-113)."""
    kept = unit.records.get(BOOK, _LAST, KeptBook)
    book = parse_domain_book(data, None if kept is None else kept.body.book)
    if isinstance(book, Finding):
        unit.audit.write("domain_book_kept_aside", f"{BOOK}/{_LAST}", outcome="refused", ground=book.message[:160])
        return book
    body = KeptBook(fetched_at=unit.now, book=book)
    unit.records.put(BOOK, _LAST, body, kept)
    return book


def is_due(unit: Unit, domain: str) -> bool:
    """Whether DNS is to be asked about the domain again."""
    kept = unit.records.get(DOMAIN, domain.lower(), KeptDomain)
    return kept is None or kept.body.until <= unit.now


def take_qualification(
    unit: Unit, domain: str, found: Qualification, *, until: datetime, facts: tuple[DnsFact, ...] = ()
) -> None:
    """Keep what DNS said of a domain, to be asked again from `until`."""
    kept = unit.records.get(DOMAIN, domain.lower(), KeptDomain)
    rests_on_before = found.status == "unknown" and kept is not None and kept.body.last_good is not None
    answers = kept.body.answers if rests_on_before and kept is not None else _keep_answers(unit, facts)
    good = unit.now if found.status == "qualified" else None if kept is None else kept.body.last_good
    body = KeptDomain(checked_at=unit.now, until=until, latest=found, last_good=good, answers=answers)
    unit.records.put(DOMAIN, domain.lower(), body, kept)


def _keep_answers(unit: Unit, facts: tuple[DnsFact, ...]) -> str:
    """The name of these answers; they are written once, however often they are given."""
    if not facts:
        return ""
    ordered = tuple(msgspec.structs.replace(fact, values=tuple(sorted(fact.values))) for fact in facts)
    name = hashlib.sha256(msgspec.json.encode(ordered)).hexdigest()
    if unit.records.get(ANSWERS, name, DnsAnswers) is None:
        unit.records.add(ANSWERS, name, DnsAnswers(first_seen=unit.now, facts=ordered))
    return name
