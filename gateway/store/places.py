"""Places of a mailbox: which message of the inbox stood there, and whether the mailbox let go of it (SM-92, SM-97)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from .prepared import Prepared, among, bound, empty, off_index
from .states import HEADER_ONLY
from .tables import UNMOVED_SQL, inbox, inbox_places

MAX_FETCH_FAILURES = 3  # SM-100


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mailbox keeps a message: the key that fetching never sees twice (SM-92)."""

    source: str  # imap, pop3, maildir, folder
    account: str
    folder: str
    uid: str  # IMAP: UIDVALIDITY/UID; POP3: UIDL; maildir and folder: file name


_IN_ONE_QUERY = 500

PLACE = [inbox_places.c[name] for name in Place.__struct_fields__]
_BOX = PLACE[:3]

_PLACES = Prepared(
    sa.select(*PLACE).where(
        *(off_index(column) == sa.bindparam(f"{column.name}_") for column in _BOX),
        among(inbox_places.c.uid, "uids"),
    )
)


@cache
def _change(names: tuple[str, ...], nulls: frozenset[str]) -> Prepared:
    """Write these columns of a place."""
    here = [column == sa.bindparam(column.name) for column in PLACE]
    return Prepared(inbox_places.update().where(*here).values(bound(names, nulls)))


@cache
def _add(names: tuple[str, ...], nulls: frozenset[str]) -> Prepared:
    return Prepared(inbox_places.insert().values({"failures": sa.text("0")} | bound(names, nulls)))


@cache
def _unmoved(header_only: bool | None, until: bool) -> Prepared:
    query = (
        sa.select(*PLACE)
        .where(
            sa.text(f"inbox_places.{UNMOVED_SQL}"),
            inbox_places.c.inbox_id.is_not(None),
            *(column == sa.bindparam(f"{column.name}_") for column in _BOX),
        )
        .order_by(inbox_places.c.id)
        .limit(sa.bindparam("limit_", type_=sa.Integer))
    )
    if header_only is not None or until:
        query = query.join(inbox, inbox.c.id == inbox_places.c.inbox_id)
    if until:
        query = query.where(inbox.c.fetched_at < sa.bindparam("until"))
    if header_only is not None:
        judged = sa.or_(*(sa.func.coalesce(inbox.c.reason, "") == reason for reason in HEADER_ONLY))
        query = query.where(judged if header_only else ~judged)
    return Prepared(query)


def in_box(source: str, account: str, folder: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The places of one mailbox, which are found by something else: by these three all that it ever held is read."""
    return tuple(off_index(column) == value for column, value in zip(_BOX, (source, account, folder), strict=True))


class Places:
    """Named queries on the places of mailboxes, within one unit of work."""

    def __init__(self, conn: sa.Connection, now: datetime) -> None:
        self._conn, self._now = conn, now

    # -- fetching ----------------------------------------------------------------------------------------------------

    def known(
        self, source: str, account: str, folder: str, uids: Sequence[str], *, let_go_for_good: bool = False
    ) -> set[str]:
        """Which messages of a mailbox the inbox has, or has given up fetching (SM-100).

        `let_go_for_good`: what the mailbox let go of is not known by that name any more.
        """
        found: set[str] = set()
        here: sa.ColumnElement[bool] = inbox_places.c.inbox_id.is_not(None)
        if let_go_for_good:
            by_header = sa.select(inbox.c.id).where(inbox.c.reason.in_(HEADER_ONLY))
            here &= inbox_places.c.moved_at.is_(None) | inbox_places.c.inbox_id.in_(by_header)
        for begin in range(0, len(uids), _IN_ONE_QUERY):
            query = sa.select(inbox_places.c.uid).where(
                *in_box(source, account, folder),
                inbox_places.c.uid.in_(uids[begin : begin + _IN_ONE_QUERY]),
                sa.or_(here, inbox_places.c.failures >= MAX_FETCH_FAILURES),
            )
            found |= set(self._conn.scalars(query))
        return found

    def found(self, messages: Mapping[Place, int]) -> None:
        """Which message of the inbox stands at each of these places."""
        here: set[Place] = set()
        for source, account, folder in {(place.source, place.account, place.folder) for place in messages}:
            box = {"source_": source, "account_": account, "folder_": folder}
            asked = {**box, "uids": [place.uid for place in messages]}
            here |= {Place(**row._asdict()) for row in _PLACES.rows(self._conn, asked)}
        for place in here & messages.keys():
            self._set(place, inbox_id=messages[place], moved_at=None)
        rows = [
            {**msgspec.structs.asdict(place), "inbox_id": number, "moved_at": None}
            for place, number in messages.items()
            if place not in here
        ]
        if rows:
            _add(tuple(rows[0]), empty(rows)).many(self._conn, rows)

    def of(self, message: int) -> list[Place]:
        """Where a message was found; more than one place if the same bytes came twice."""
        query = sa.select(*PLACE).where(inbox_places.c.inbox_id == message).order_by(inbox_places.c.id)
        return [Place(**row._mapping) for row in self._conn.execute(query)]

    def fetch_failed(self, place: Place) -> int:
        """A message could not be read from the mailbox; how often by now. At the third it is left there (SM-100)."""
        at = (*in_box(place.source, place.account, place.folder), inbox_places.c.uid == place.uid)
        failures = self._conn.scalar(sa.select(inbox_places.c.failures).where(*at)) or 0
        self._set(place, failures=failures + 1)
        return failures + 1

    def given_up(self) -> int:
        """How many messages could not be read and were left in their mailbox (SM-100)."""
        query = sa.select(sa.func.count()).where(
            sa.text(f"inbox_places.{UNMOVED_SQL}"), inbox_places.c.failures >= MAX_FETCH_FAILURES
        )
        return self._conn.scalar(query.where(inbox_places.c.inbox_id.is_(None))) or 0

    # -- letting go --------------------------------------------------------------------------------------------------

    def unmoved(
        self,
        source: str,
        account: str,
        folder: str,
        limit: int = 1000,
        *,
        header_only: bool | None = None,
        until: datetime | None = None,
    ) -> list[Place]:
        """What is committed and still stands in the mailbox as far as we know; if asked only whole, or only headers.

        `until`: only what was fetched before that time.
        """
        asked: dict[str, Any] = {"source_": source, "account_": account, "folder_": folder, "limit_": limit}
        if until is not None:
            asked["until"] = until
        found = _unmoved(header_only, until is not None).rows(self._conn, asked)
        return [Place(**row._asdict()) for row in found]

    def moved(self, places: Sequence[Place]) -> None:
        """The mailbox has let go of what stood there."""
        rows = [{**msgspec.structs.asdict(place), "moved_at": self._now} for place in places]
        if rows and _change(("moved_at",), frozenset()).many(self._conn, rows) < len(rows):
            for place in places:
                self._set(place, moved_at=self._now)

    def stands_again(self, place: Place) -> None:
        """It stands in its mailbox still, and is to be let go of."""
        self._set(place, moved_at=None)

    def _set(self, place: Place, **values: Any) -> None:
        names, row = tuple(values), msgspec.structs.asdict(place) | values
        if _change(names, empty([values])).many(self._conn, [row]) == 0:
            _add(tuple(row), empty([row])).many(self._conn, [row])
