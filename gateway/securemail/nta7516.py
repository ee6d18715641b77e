"""Whether a mail domain takes part in NTA 7516, from DNS answers that were looked up elsewhere (SM-109, SM-110)."""

import calendar
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from gateway.domain.findings import Finding
from gateway.securemail.addresses import is_domain

VERSION = "NTA7516-1"
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\Z", re.ASCII)
_PREFERENCE = re.compile(r"(\d{1,5}) +(\S+)\Z", re.ASCII)
_SINGLE = ("v", "startdate", "enddate", "provider")
LAST_GOOD_COUNTS = timedelta(hours=24)


class MailHost(msgspec.Struct, frozen=True, order=True):
    """A mail server; the lowest preference first."""

    preference: int
    host: str  #: lower case, no final dot


class NtaRecord(msgspec.Struct, frozen=True):
    """A well-formed record that is in date."""

    start: date  #: first day
    end: date  #: last day
    provider: str | None
    hosts: tuple[MailHost, ...]  #: ntamx; empty: the ordinary MX hosts


def parse_nta_record(strings: Sequence[str], today: date) -> NtaRecord | Finding:
    """Read the TXT records of a domain, each with its strings concatenated; others (SPF, ...) are passed over.

    A finding when the domain does not qualify: no record, two, malformed, or out of date on *today* (Europe/Amsterdam).
    """
    ours = [s for s in strings if s.split(";")[0].strip().lower().startswith("v=nta7516")]
    ours = [s for s in ours if s.split(";")[0].strip() == f"v={VERSION}"] or ours
    if len(ours) != 1:
        return _not_qualified("geen NTA 7516-record" if not ours else "meer dan een NTA 7516-record")
    pairs = [tuple(map(str.strip, field.partition("=")[::2])) for field in ours[0].split(";") if field.strip()]
    if pairs[0] != ("v", VERSION):
        return _not_qualified("record van een andere versie")
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in _SINGLE and name in values:
            return _not_qualified(f"veld {name} staat er twee keer in")
        values[name] = value
    return _in_date(values, [value for name, value in pairs if name == "ntamx"], today)


def _in_date(values: Mapping[str, str], written: Sequence[str], today: date) -> NtaRecord | Finding:
    start, end = _MONTH.match(values.get("startdate", "")), _MONTH.match(values.get("enddate", ""))
    if start is None or end is None or "0000" in (start[1], end[1]):
        return _not_qualified("startdatum of einddatum ontbreekt of is onleesbaar")
    first = date(int(start[1]), int(start[2]), 1)
    last = date(int(end[1]), int(end[2]), calendar.monthrange(int(end[1]), int(end[2]))[1])
    if last < first:
        return _not_qualified("einddatum ligt voor de startdatum")
    if not first <= today <= last:
        return _not_qualified("record is niet geldig op deze dag")
    hosts = []
    for value in written:
        found = _PREFERENCE.match(value)
        host = found[2].removesuffix(".").lower() if found else ""
        if found is None or int(found[1]) > 65_535 or not is_domain(host):
            return _not_qualified("mailserver in het record is onleesbaar")
        hosts.append(MailHost(int(found[1]), host))
    return NtaRecord(first, last, values.get("provider") or None, tuple(sorted(hosts)))


class Answer(msgspec.Struct, frozen=True):
    """A DNS answer as far as it may be believed (the AD bit counts only from a trusted resolver)."""

    status: Literal["secure", "insecure", "unknown"]  #: unknown: SERVFAIL or timeout
    values: tuple[str, ...] = ()  #: TXT strings, MX hosts, or TLSA as `usage selector matching data`


class DnsFact(msgspec.Struct, frozen=True):
    """One question and what was answered, to be kept with what was sent because of it (SM-111)."""

    name: str
    type: Literal["TXT", "MX", "TLSA"]
    status: Literal["secure", "insecure", "unknown"]
    values: tuple[str, ...] = ()


class Qualification(msgspec.Struct, frozen=True):
    """Whether mail for a domain may go out as NTA 7516; stored with each dispatch as evidence (SM-111)."""

    status: Literal["qualified", "not qualified", "unknown"]
    detail: str = ""
    provider: str | None = None


def qualify(txt: Answer, mx: Answer, tlsa: Mapping[str, Answer], today: date) -> Qualification:
    """Judge a domain: record, DNSSEC, and a usable TLSA record for every mail host. *tlsa* is by host name."""
    if txt.status != "secure":
        return _doubt(txt, "TXT")
    record = parse_nta_record(txt.values, today)
    if isinstance(record, Finding):
        return Qualification("not qualified", record.message)
    if mx.status != "secure":
        return _doubt(mx, "MX")
    hosts = [h.host for h in record.hosts] or [value.removesuffix(".").lower() for value in mx.values]
    if not hosts:
        return Qualification("not qualified", "geen mailservers")
    for host in hosts:
        answer = tlsa.get(host, Answer("unknown"))
        if answer.status != "secure":
            return _doubt(answer, "TLSA")
        if not any(_usable(value) for value in answer.values):
            return Qualification("not qualified", "mailserver zonder bruikbaar TLSA-record")
    return Qualification("qualified", provider=record.provider)


def counts_as_qualified(latest: Qualification, last_good: datetime | None, now: datetime) -> bool:
    """SM-110: while the answer is unknown, the last good one counts for at most 24 hours."""
    if latest.status == "unknown":
        return last_good is not None and timedelta(0) <= now - last_good <= LAST_GOOD_COUNTS
    return latest.status == "qualified"


def _doubt(answer: Answer, what: str) -> Qualification:
    if answer.status == "unknown":
        return Qualification("unknown", f"{what}-antwoord niet te krijgen of vervalst")
    return Qualification("not qualified", f"{what}-antwoord is niet met DNSSEC beveiligd")


def _usable(tlsa: str) -> bool:
    """Usage 2 or 3 (DANE-TA, DANE-EE), matching 1 or 2 (RFC 7672 3.1)."""
    fields = tlsa.split()
    return len(fields) >= 4 and fields[0] in ("2", "3") and fields[1] in ("0", "1") and fields[2] in ("1", "2")


def _not_qualified(detail: str) -> Finding:
    return Finding(code="SM-109", severity="error", message=detail)
