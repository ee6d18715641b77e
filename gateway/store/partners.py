"""Partner records: values owned by others, kept here with the keys they are found by."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from .errors import AlreadyThere, Conflict
from .prepared import Prepared
from .tables import partner_keys, partners

T = TypeVar("T")


# The statements that every message needs.
_FIND = Prepared(
    sa.select(partner_keys.c.partner).where(
        partner_keys.c.name == sa.bindparam("name_"), partner_keys.c.value == sa.bindparam("value_")
    )
)
_STAMP = Prepared(sa.select(partners.c.code, partners.c.versie, partners.c.changed_at).order_by(partners.c.code))
_GET = Prepared(sa.select(partners.c.body, partners.c.versie).where(partners.c.code == sa.bindparam("code_")))


class Partners:
    """Named queries on partners, within one unit of work."""

    def __init__(self, conn: sa.Connection, now: datetime) -> None:
        self._conn, self._now = conn, now
        self._stamp: object = None  # what was read in this unit, until it is written
        self._read: dict[tuple[str, object], tuple[Any, int]] = {}

    def forget(self) -> None:
        """What was read may be undone, or another's."""
        self._stamp = None
        self._read.clear()

    def put(self, code: str, body: object, *, keys: Sequence[tuple[str, str]] = (), versie: int | None = None) -> int:
        """Write a partner record; its new version. Give the version you read, or None for a new partner.

        `keys` are (name, value) pairs that belong to this partner alone, such as its addresses (SM-133): AlreadyThere
        if another has one. Conflict if the record changed since `versie`.
        """
        self.forget()
        data = msgspec.json.encode(body)
        known = self._conn.scalar(sa.select(partners.c.versie).where(partners.c.code == code).with_for_update())
        if known != versie:
            raise Conflict(f"partner {code}: version {known} is stored, {versie} was expected")
        if known is None:
            self._conn.execute(partners.insert().values(code=code, versie=1, body=data, changed_at=self._now))
        else:
            values = {"versie": known + 1, "body": data, "changed_at": self._now}
            self._conn.execute(partners.update().where(partners.c.code == code).values(**values))
        self._set_keys(code, keys)
        return (known or 0) + 1

    def get(self, code: str, type: type[T]) -> tuple[T, int] | None:
        """A partner's record and version; None if there is none."""
        if (read := self._read.get((code, type))) is None:
            found = _GET.rows(self._conn, {"code_": code})
            if not found:
                return None
            read = self._read[code, type] = msgspec.json.decode(found[0].body, type=type), found[0].versie
        return read

    def find(self, name: str, value: str) -> str | None:
        """The code of the partner that has this key."""
        found = _FIND.rows(self._conn, {"name_": name, "value_": value})
        return found[0].partner if found else None

    def list(self, type: type[T]) -> Sequence[tuple[str, T]]:
        """All partners by code."""
        rows = self._conn.execute(sa.select(partners).order_by(partners.c.code))
        return [(row.code, msgspec.json.decode(row.body, type=type)) for row in rows]

    def stamp(self) -> object:
        """Equal to an earlier one if no partner changed in between; cheaper than reading them."""
        if self._stamp is None:
            self._stamp = _STAMP.rows(self._conn, {})
        return self._stamp

    def version(self) -> str:
        """Changes with every change of any partner."""
        rows = self._conn.execute(sa.select(partners.c.code, partners.c.versie).order_by(partners.c.code))
        return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()

    def addresses(self) -> str:
        """Changes with every change of any partner's keys (addresses)."""
        rows = self._conn.execute(sa.select(partner_keys.c.name, partner_keys.c.value, partner_keys.c.partner))
        return hashlib.sha256(repr(sorted(tuple(row) for row in rows)).encode()).hexdigest()

    def _set_keys(self, code: str, keys: Sequence[tuple[str, str]]) -> None:
        self._conn.execute(partner_keys.delete().where(partner_keys.c.partner == code))
        for name, value in keys:
            if (other := self.find(name, value)) not in (None, code):
                raise AlreadyThere(f"{name} {value} (of partner {other})", 0)
            self._conn.execute(partner_keys.insert().values(name=name, value=value, partner=code))
