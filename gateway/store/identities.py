"""Who sent what already: (partner, protected Message-ID) and MIC, with the outcome (SM-76, SM-131)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from .errors import NotThere
from .outbox import Outbox
from .prepared import Prepared, among, bound, off_index
from .tables import attempts, identities

REPEATS_MAX = 3  # SM-66: the first receipt again, byte for byte, at most 3 times …
REPEATS_WITHIN = timedelta(hours=24)  # … in 24 h


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was accepted once."""

    id: int
    partner: str
    message_id: str
    mic: str  # hex
    cms_sha256: str | None  # of the CMS bytes first accepted, hex; None if not told
    outcome: str  # the caller's word for what was done with it
    inbox_id: int | None
    receipt_id: int | None  # outbox number of its receipt
    registered_at: datetime


class NewIdentity(msgspec.Struct, frozen=True):
    """A message that is being accepted, to be registered."""

    partner: str
    message_id: str
    mic: bytes
    outcome: str
    cms_sha256: bytes | None = None
    inbox_id: int | None = None
    receipt_id: int | None = None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `look_up`: `new`, or `duplicate` or `conflict` with the identity that was first."""

    verdict: Literal["new", "duplicate", "conflict"]
    first: Identity | None = None


_FIELDS = [identities.c[name] for name in Identity.__struct_fields__]

# The statements that every message needs, made once: making one costs four times what running it does.
_OF_PARTNER = off_index(identities.c.partner) == sa.bindparam("partner_")
_FIRST = sa.select(*_FIELDS).where(_OF_PARTNER).order_by(off_index(identities.c.id)).limit(1)
_BY_NAME = Prepared(_FIRST.where(identities.c.message_id == sa.bindparam("message_id_")))
_BY_MIC = Prepared(_FIRST.where(identities.c.mic == sa.bindparam("mic_")))
_NAMES = Prepared(sa.select(identities.c.message_id).where(_OF_PARTNER, among(identities.c.message_id, "names")))
_MICS = Prepared(sa.select(identities.c.mic).where(_OF_PARTNER, among(identities.c.mic, "mics")))
_BY_NUMBER = Prepared(sa.select(*_FIELDS).where(identities.c.id == sa.bindparam("number")))
_ADD = Prepared(identities.insert().values(bound([name for name in identities.c.keys() if name != "id"])))  # noqa: SIM118


class Identities:
    """Named queries on the identities, within one unit of work."""

    def __init__(self, conn: sa.Connection, outbox: Outbox, now: datetime) -> None:
        self._conn, self._outbox, self._now = conn, outbox, now

    def look_up(self, partner: str, message_id: str, mic: bytes) -> Seen:
        """Same identity and MIC, or the same MIC alone: duplicate. Same identity, other MIC: conflict."""
        if (first := self._one(_BY_NAME, partner_=partner, message_id_=message_id)) is not None:
            return Seen(verdict="duplicate" if first.mic == mic.hex() else "conflict", first=first)
        if (first := self._one(_BY_MIC, partner_=partner, mic_=mic.hex())) is not None:
            return Seen(verdict="duplicate", first=first)
        return Seen(verdict="new")

    def among(self, partner: str, message_ids: Iterable[str], mics: Iterable[bytes]) -> tuple[set[str], set[bytes]]:
        """Which of these a partner's accepted messages have: by one and the other `look_up` finds them."""
        names = {"partner_": partner, "names": list(message_ids)}
        contents = {"partner_": partner, "mics": [mic.hex() for mic in mics]}
        return (
            {row.message_id for row in _NAMES.rows(self._conn, names)},
            {bytes.fromhex(row.mic) for row in _MICS.rows(self._conn, contents)},
        )

    def register(self, accepted: NewIdentity) -> None:
        """Register an accepted message, in the transaction that accepts it; never a refused one (SM-131)."""
        self.register_all([accepted])

    def register_all(self, accepted: Sequence[NewIdentity]) -> None:
        """`register` for many."""
        rows = [
            {
                **msgspec.structs.asdict(one),
                "mic": one.mic.hex(),
                "cms_sha256": None if one.cms_sha256 is None else one.cms_sha256.hex(),
                "registered_at": self._now,
            }
            for one in accepted
        ]
        _ADD.many(self._conn, rows)

    def repeat_receipt(self, number: int) -> bool:
        """Queue the first receipt again, the same bytes; False if there is none, it is on its way, or the day full."""
        identity = self._one(_BY_NUMBER, number=number)
        if identity is None:
            raise NotThere(f"identity {number} is not there")
        if identity.receipt_id is None or self._outbox.get(identity.receipt_id).state in _UNDER_WAY:
            return False
        if not self._outbox.is_kept(identity.receipt_id):
            return False  # it went with its dossier, or its term is over
        recent = sa.select(sa.func.count()).where(
            attempts.c.outbox_id == identity.receipt_id,
            attempts.c.verdict == "submitted",
            attempts.c.started_at > self._now - REPEATS_WITHIN,
        )
        if (self._conn.scalar(recent) or 0) > REPEATS_MAX:
            return False
        self._outbox.repeat(identity.receipt_id)
        return True

    def _one(self, query: Prepared, **values: Any) -> Identity | None:
        found = query.rows(self._conn, values)
        if not found:
            return None
        row = found[0]._asdict()
        return Identity(**row | {"registered_at": datetime.fromisoformat(row["registered_at"])})


_UNDER_WAY = ("new", "deferred", "uncertain", "sending", "held")
