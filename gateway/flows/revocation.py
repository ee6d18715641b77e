"""Revocation data in the store: kept when verified and newer, and what their arrival sets in motion (SM-36 to SM-41).

New data open again what waited for them (SM-39) and may show that a partner's certificate was revoked (SM-138).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography import x509

from gateway.flows import tasks
from gateway.flows.parties import PartnerRecord, Surroundings, partners
from gateway.flows.partners import disown
from gateway.securemail.chains import Certificate, Chain, read_certificate, walk
from gateway.securemail.revocation_check import Verified, about_certificate, is_newer, make_request, responders
from gateway.store import InboxItem, NotThere, Unit

DATA: Final = "intrekkingsgegevens"
STANDING: Final = "intrekkingsstand"
REVOKED: Final = "ingetrokken-certificaat"
WAITS: Final = "revocation-unknown"
RETRY: Final = timedelta(minutes=5)  # after a source that gave nothing
ALARM: Final = timedelta(hours=24)  # 12: so long mail may wait for data before a person is told
_LAST: Final = "laatste"
_LIST, _RESPONSE = "crl/", "ocsp/"
_LATE: Final = f"alarm/{WAITS}"
_NAMED = 20  # messages in the words of a task; the record has them all
_FINE = (None, "older")
_ACCEPTED = ("opened", "receipt_read")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """How an address does. `fault`: why the last try gave nothing to believe; `older` is a replay or no news."""

    tried_at: datetime
    good_at: datetime | None = None
    fault: str | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried and what was done with it. `changes` counts what was kept: every process sees there is more."""

    changes: int = 0
    acted_on: str = ""  # version of the data after whose arrival waiting mail was last opened again
    sources: dict[str, Source] = {}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a responder is to be asked about one certificate."""

    url: str
    certificate: x509.Certificate
    issuer: x509.Certificate

    @property
    def source(self) -> str:
        """The name under which its tries are kept."""
        return f"{self.url} {about_certificate(self.certificate)}"

    @property
    def request(self) -> bytes:
        """For the responder, DER."""
        return make_request(self.certificate, self.issuer)


class AcceptedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was believed because of a certificate."""

    inbox: int
    at: datetime
    message_id: str | None


class RevokedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The one task of SM-138: which messages a person must look at again. `since`: revocation or invalidity date."""

    partner: str
    sha256: str
    found_at: datetime
    since: datetime
    messages: tuple[AcceptedMessage, ...]


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """What new data set in motion."""

    reopened: int = 0
    revoked: tuple[str, ...] = ()  # codes of partners


def standing(unit: Unit) -> Standing:
    """What was tried, when, and how it went."""
    kept = unit.records.get(STANDING, _LAST, Standing)
    return Standing() if kept is None else kept.body


def due(unit: Unit, sources: Iterable[str], every: timedelta) -> list[str]:
    """The sources whose time has come: `every` after a good try, sooner after another; longest ago tried first."""
    tried = standing(unit).sources
    found = [name for name in sources if (last := tried.get(name)) is None or _next(last, every) <= unit.now]
    return sorted(found, key=lambda name: "" if name not in tried else tried[name].tried_at.isoformat())


def _next(source: Source, every: timedelta) -> datetime:
    return source.tried_at + (every if source.fault in _FINE else min(every, RETRY))


def questions(unit: Unit, us: Surroundings, may: Callable[[str], bool]) -> list[Question]:
    """One for each certificate in the chain of a partner's usable ones that names a configured responder (SM-36)."""
    found: dict[str, Question] = {}
    for _, chain in _chains(unit, us):
        for certificate, issuer in chain.pairs:
            url = next(filter(may, responders(certificate)), None)
            if url is not None:
                asked = Question(url=url, certificate=certificate, issuer=issuer)
                found.setdefault(asked.source, asked)
    return list(found.values())


def authorities(us: Surroundings) -> tuple[bytes, ...]:
    """Whose lists are believed: the configured roots and what stands below them."""
    return (*(anchor.certificate for anchor in us.trust.every), *us.trust.intermediates)


def keep_list(unit: Unit, source: str, found: Verified | str) -> bool:
    """Keep a list from this source, or remember why there is none; whether there are new data."""
    return _keep(unit, source, _LIST, found)


def newer_known(unit: Unit, found: Verified) -> Verified | None:
    """The list that is kept, if it is newer than this one: then this one is not to be used (SM-137)."""
    kept = unit.records.get(DATA, _LIST + found.about, Verified)
    if kept is None or kept.body.der == found.der or is_newer(found, kept.body):
        return None
    return kept.body


def take_dropped(unit: Unit, found: Iterable[tuple[str, Verified]]) -> list[str]:
    """Keep the lists that an operator put in the folder, by file name; the names of those that are put back (SM-137).

    A person is told once of each: whoever puts an older list back hides what was revoked since.
    """
    back = []
    for name, one in found:
        newer = newer_known(unit, one)
        if newer is not None:
            back.append(name)
            _tell_put_back(unit, name, one, newer)
        else:
            keep_list(unit, f"folder {name}", one)
    return back


def _tell_put_back(unit: Unit, name: str, one: Verified, kept: Verified) -> None:
    about = f"crl/{hashlib.sha256(one.der).hexdigest()[:16]}"
    if unit.records.get(tasks.SOORT, about, tasks.Task) is not None:
        return
    task = tasks.Task(
        what=f"In de map met intrekkingslijsten staat een oudere lijst dan al bekend was: {name[:80]}.",
        who=f"Zij is van {one.this_update:%d-%m-%Y %H:%M}, de bekende van {kept.this_update:%d-%m-%Y %H:%M} (UTC).",
        advice="Zij wordt niet gebruikt. Haal haar weg, en ga na wie haar terugzette.",
        weight="warning",
    )
    tasks.raise_task(unit, about, task)
    unit.audit.write("revocation_list_put_back", about, outcome="no")


def keep_response(unit: Unit, source: str, found: Verified | str) -> bool:
    """Keep an OCSP response from this source, or remember why there is none; whether there are new data."""
    return _keep(unit, source, _RESPONSE, found)


def _keep(unit: Unit, source: str, kind: str, found: Verified | str) -> bool:
    fault = found if isinstance(found, str) else None if _put(unit, kind + found.about, found) else "older"
    now = standing(unit)
    before = now.sources.get(source)
    good = unit.now if fault in _FINE else None if before is None else before.good_at
    tried = Source(tried_at=unit.now, good_at=good, fault=fault)
    _save(
        unit,
        msgspec.structs.replace(now, changes=now.changes + (fault is None), sources={**now.sources, source: tried}),
    )
    if fault is not None and fault not in _FINE and (before is None or before.fault != fault):
        unit.audit.write("revocation_data_missed", STANDING, outcome=fault, ground=source.partition(" ")[0][:160])
    return fault is None


def _put(unit: Unit, key: str, found: Verified) -> bool:
    """Keep it if it is newer than what is kept (SM-137)."""
    kept = unit.records.get(DATA, key, Verified)
    newer = kept is None or is_newer(found, kept.body)
    if newer:
        unit.records.put(DATA, key, found, kept)
    return newer


def stored(unit: Unit) -> tuple[list[bytes], list[bytes]]:
    """Every list and every response that is kept, DER."""
    found = unit.records.list(DATA, Verified)
    lists = [one.body.der for one in found if one.sleutel.startswith(_LIST)]
    return lists, [one.body.der for one in found if one.sleutel.startswith(_RESPONSE)]


# -- what new data set in motion -------------------------------------------------------------------------------------


def act(unit: Unit, us: Surroundings) -> Acted:
    """Once for every change of the data, wherever they came from: open again what waited, find what was revoked."""
    now = standing(unit)
    if now.acted_on == us.revocation.version:
        return Acted()
    _save(unit, msgspec.structs.replace(now, acted_on=us.revocation.version))
    waiting = _waiting(unit)
    for item in waiting:
        unit.inbox.reopen(item.id)
    return Acted(reopened=len(waiting), revoked=tuple(_find_revoked(unit, us)))


def overdue(unit: Unit) -> list[InboxItem]:
    """Mail that has waited for revocation data for more than a day: a person is to be told (12)."""
    return [item for item in _waiting(unit) if item.fetched_at + ALARM < unit.now]


def tell_overdue(unit: Unit) -> int:
    """One alarm for all that waits too long, done by itself when nothing does; how many messages."""
    late = overdue(unit)
    known = unit.records.get(tasks.SOORT, _LATE, tasks.Task)
    is_open = known is not None and known.body.state == "open"
    if late and not is_open:
        task = tasks.Task(
            what="Er wachten berichten langer dan 24 uur op gegevens over ingetrokken certificaten.",
            who=f"Het oudste is bericht {late[0].id} van de binnengekomen post.",
            advice="Kijk of de adressen bij [revocation] te bereiken zijn, of zet nieuwe lijsten in de map.",
            weight="alarm",
        )
        tasks.raise_task(unit, _LATE, task)
    elif is_open and not late:
        tasks.done(unit, _LATE, "de gegevens zijn er")
    return len(late)


def revoked_certificates(unit: Unit) -> list[RevokedCertificate]:
    """Every certificate of a partner that turned out revoked, with the messages accepted with it (SM-138)."""
    return [one.body for one in unit.records.list(REVOKED, RevokedCertificate)]


def _waiting(unit: Unit) -> list[InboxItem]:
    found: list[InboxItem] = []
    while batch := unit.inbox.list(
        states=["quarantined"], reason=WAITS, after=found[-1].id if found else 0, limit=1000
    ):
        found += batch
    return found


def _find_revoked(unit: Unit, us: Surroundings) -> Iterator[str]:
    for record, chain in _chains(unit, us):
        sha256 = chain.leaf.fingerprint.hex()
        dates = [us.revocation.revoked_since(one, issuer) for one, issuer in chain.pairs]
        since = min((day for day in dates if day is not None), default=None)
        if since is None or unit.records.get(REVOKED, sha256, RevokedCertificate) is not None:
            continue
        told = RevokedCertificate(
            partner=record.code,
            sha256=sha256,
            found_at=unit.now,
            since=since,
            messages=tuple(_accepted_with(unit, record.code, sha256, since)),
        )
        unit.records.add(REVOKED, sha256, told, keys={"partner": record.code})
        detail = {"sha256": sha256, "since": since.isoformat(), "messages": len(told.messages)}
        unit.audit.write("certificate_revoked", f"partner/{record.code}", partner=record.code, detail=detail)
        tasks.raise_task(unit, f"certificate/{sha256}", _task(told))
        disown(unit, record, sha256)
        yield record.code


def _task(told: RevokedCertificate) -> tasks.Task:
    numbers = [str(one.inbox) for one in told.messages]
    named = ", ".join(numbers[:_NAMED]) + (" en verder" if len(numbers) > _NAMED else "")
    look = f"Ga na of deze berichten echt van de partner zijn: {named}. " if numbers else ""
    return tasks.Task(
        what=f"Een certificaat van partner {told.partner} is ingetrokken, met ingang van {told.since:%d-%m-%Y}.",
        who=f"Sindsdien zijn er {len(numbers)} berichten mee aangenomen.",
        advice=f"Bel de partner. {look}Vraag om een nieuw certificaat.",
        weight="alarm",
    )


def _accepted_with(unit: Unit, code: str, sha256: str, since: datetime) -> Iterator[AcceptedMessage]:
    """From the audit trail, whole: a revoked certificate is rare, and another index would be kept for it alone."""
    after = 0
    while batch := unit.audit.list(after=after, limit=1000):
        for entry in batch:
            if entry.action in _ACCEPTED and entry.partner == code and entry.at >= since and sha256 in entry.detail:
                number = int(entry.object.removeprefix("inbox/"))
                yield AcceptedMessage(inbox=number, at=entry.at, message_id=_message_id(unit, number))
        after = batch[-1].nr


def _message_id(unit: Unit, number: int) -> str | None:
    """None where the message was destroyed since."""
    try:
        return unit.inbox.get(number).message_id
    except NotThere:
        return None


def _chains(unit: Unit, us: Surroundings) -> Iterator[tuple[PartnerRecord, Chain]]:
    """The usable certificates of all partners that lead to a root, by configured certificates only (SM-36)."""
    records: Sequence[PartnerRecord] = partners(unit)
    for record in records:
        for kept in (*record.usable, *record.announced):
            read = read_certificate(kept.der)
            if not isinstance(read, Certificate):
                continue
            chain = walk(read, us.trust.anchors_of(record.code), us.trust.intermediates, ())
            if chain is not None:
                yield record, chain


def _save(unit: Unit, body: Standing) -> None:
    kept = unit.records.get(STANDING, _LAST, Standing)
    unit.records.put(STANDING, _LAST, body, kept)
