"""What was refused is opened again by itself when that changes which it was refused for (SM-104, table of section 12).

Keys, partners, anchors and the rest are compared with what they were at the last look, by this process or by one
before it; so a key that was put beside the others while the gateway was stopped counts too.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec

from gateway.flows.parties import Surroundings
from gateway.flows.quarantine import claimed_by
from gateway.securemail import QUARANTINE
from gateway.securemail.conclusions import Retry
from gateway.store import Unit

SEEN: Final = "heropenen-stand"
_LAST: Final = "laatste"
_ADDRESSES: Final = "addresses"


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What everything was at the last look."""

    stamps: dict[str, str] = {}


class Reopened(msgspec.Struct, frozen=True, kw_only=True):
    """What a look set in motion."""

    because: tuple[str, ...] = ()
    messages: int = 0
    recalled: int = 0  # mail of a stranger that is a partner now: to be fetched whole (SM-144)


def reopen(unit: Unit, us: Surroundings) -> Reopened:
    """Open again what the changes since the last look may help; nothing where nothing changed."""
    kept = unit.records.get(SEEN, _LAST, _Seen)
    before = {} if kept is None else kept.body.stamps
    now = {_ADDRESSES: unit.partners.addresses(), **_stamps(unit, us)}
    changed = tuple(name for name, stamp in now.items() if before.get(name) != stamp)
    if not changed:
        return Reopened()
    unit.records.put(SEEN, _LAST, _Seen(stamps=now), kept)
    reasons = [reason for reason, words in QUARANTINE.items() if set(words.retried_when) & set(changed)]
    messages = unit.inbox.reopen_all(reasons)
    recalled = sum(unit.inbox.want(number) for number in _of_partners(unit)) if _ADDRESSES in changed else 0
    if messages or recalled:
        detail = {"because": list(changed), "messages": messages, "recalled": recalled}
        unit.audit.write("opened_again", "inbox", detail=detail)
    return Reopened(because=changed, messages=messages, recalled=recalled)


def _stamps(unit: Unit, us: Surroundings) -> dict[str, str]:
    """What each kind of retry waits for, as a hash. New data on revocation have their own way (flows.revocation)."""
    partners = unit.partners.version()
    trust = hashlib.sha256(msgspec.msgpack.encode(us.trust)).hexdigest()
    found: dict[Retry, str] = {
        "key": _hash(*sorted(key.identity for key in us.mailbox.keys)),
        "profile": partners,
        "partner-or-anchor": _hash(partners, trust),
        "certificate": _hash(partners, trust, us.revocation.version),
        "mapping": us.mapping,
    }
    return {str(name): stamp for name, stamp in found.items()}


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _of_partners(unit: Unit) -> Iterator[int]:
    """Mail of which only the header was kept and whose sender is, by now, a partner's address."""
    after = 0
    while batch := unit.inbox.list(states=["quarantined"], reason="stranger", after=after, limit=1000):
        after = batch[-1].id
        for item in batch:
            if item.wanted_at is None and claimed_by(unit, item.id) is not None:
                yield item.id
