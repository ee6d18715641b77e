"""Encryption at rest: the key tree and the `sealed` table (SM-145, SM-146)."""

import hmac
import os
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, Final
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from .errors import Damaged, NotThere, WrongMasterKey
from .keys import MasterKey
from .prepared import LARGE_SEEN, Prepared, among, blob, bound, copy_row
from .tables import keys, sealed

NONCE = 12  # bytes; random, which for one AES-GCM key is good for 2**32 values: a dossier or a day stays far below
TAG = 16  # bytes
LARGE = 1_000_000  # bytes of a value that is written in pieces of as many
ROOMY = 8_000_000  # bytes of a value that a connection to a server is not kept after
CACHE_MAX = 4096  # unwrapped keys kept in memory

INDEX: Final = "index"
AUDIT: Final = "audit"
DAY: Final = "day"
DOSSIER: Final = "dossier"

_HERE = sealed.c.field == sa.bindparam("field_"), sealed.c.row_id == sa.bindparam("row")
_FIND = Prepared(sa.select(sealed.c.row_id, sealed.c.key_id, sealed.c.data).where(*_HERE), for_each=True)
_ADD = Prepared(sealed.insert().values(bound(sealed.c.keys())))
_DROP = Prepared(sealed.delete().where(*_HERE))

_KEYS = Prepared(sa.select(keys.c.id, keys.c.purpose, keys.c.wrapped).where(among(keys.c.id, "ids")))
_BY_NAME = (
    sa.select(keys.c.id)
    .where(keys.c.purpose == sa.bindparam("purpose_"), keys.c.name == sa.bindparam("name_"))
    .order_by(keys.c.version.desc())
    .limit(1)
)
_NEWEST = Prepared(_BY_NAME)
_NEWEST_TO_STAY = Prepared(_BY_NAME.with_for_update(read=True, key_share=True))  # until the end of the transaction
_NEW_KEY = Prepared(keys.insert().values(bound(keys.c.keys())))
_INDEX_KEYS = Prepared(
    sa.select(keys.c.id, keys.c.version).where(keys.c.purpose == INDEX).order_by(keys.c.version.desc())
)


@cache
def _in_file() -> tuple[Prepared, Prepared]:
    """Of SQLite only: a new row with room for so many bytes, and where it stands."""
    room = {"data": sa.func.zeroblob(sa.bindparam("size", type_=sa.Integer))}
    place = sa.select(sa.literal_column("rowid", sa.Integer).label("place")).select_from(sealed).where(*_HERE)
    return Prepared(sealed.insert().values(bound(("field", "row_id", "key_id")) | room)), Prepared(place)


def _wrap_aad(key_id: str, purpose: str) -> bytes:
    return f"keys.wrapped|{key_id}|{purpose}".encode()


def _value_aad(field: str, row: int, key_id: str) -> bytes:
    return f"{field}|{row}|{key_id}".encode()


def _blind(key: bytes, name: str, value: str) -> str:
    return hmac.digest(key, f"{name}\0{value}".encode(), "sha256").hex()


def _at(field: str, rows: Sequence[int]) -> list[dict[str, Any]]:
    return [{"field_": field, "row": row} for row in rows]


def _sealed_pieces(plain: bytes, key: bytes, associated: bytes) -> Iterator[bytes]:
    """Nonce, encrypted value and tag."""
    nonce = os.urandom(NONCE)
    cipher = Cipher(AES(key), GCM(nonce)).encryptor()
    cipher.authenticate_additional_data(associated)
    yield nonce
    view = memoryview(plain)
    for at in range(0, len(plain), LARGE):
        yield cipher.update(view[at : at + LARGE])
    cipher.finalize()
    yield cipher.tag


def drop_all(conn: sa.Connection, field: str, rows: Sequence[int]) -> int:
    """Remove the values of these rows; how many there were."""
    return _DROP.many(conn, _at(field, rows))


def _newest(conn: sa.Connection, asked: dict[str, str]) -> str | None:
    found = (_NEWEST_TO_STAY if asked["purpose_"] == DOSSIER else _NEWEST).rows(conn, asked)
    return found[0].id if found else None


def _alone_with_name(conn: sa.Connection, purpose: str, name: str) -> None:
    """On a server: no other transaction makes or destroys keys of this name, until the end of this one."""
    conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"{purpose}|{name}"))))


def locked_to_destroy(conn: sa.Connection, purpose: str, name: str) -> list[str]:
    """Ids of the keys of this name: who is making one, or writes under one, has ended; who comes later waits."""
    if conn.dialect.name == "postgresql":
        _alone_with_name(conn, purpose, name)
    query = sa.select(keys.c.id).where(keys.c.purpose == purpose, keys.c.name == name)
    return list(conn.scalars(query.with_for_update()))


class KeyRing:
    """Unwrapped keys of one open store. Key ids are random, so a cached key of a rolled back unit does no harm.

    Who writes under a dossier's key keeps it from being destroyed meanwhile; who destroys it waits for them, and later
    ones get a new key. So nothing is left under a key that is gone, without a check of each row against its key.
    """

    def __init__(self, master: MasterKey) -> None:
        self._master = AESGCM(master.secret)
        self._open: dict[str, bytes] = {}
        # Committed names of keys that stay: of a day, for as long as anybody writes under it.
        self._lasting: dict[tuple[str, str], str] = {}
        self._made: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()  # by transaction, which may still be undone

    def get(self, conn: sa.Connection, key_id: str) -> bytes:
        """The key with this id; Damaged if it was destroyed or altered, WrongMasterKey if all were wrapped anew."""
        if (key := self._open.get(key_id)) is None:
            if not (rows := _KEYS.rows(conn, {"ids": [key_id]})):
                raise Damaged("the key of this value was destroyed; it can no longer be read")
            try:
                key = self.unwrap(key_id, rows[0].purpose, rows[0].wrapped)
            except WrongMasterKey:
                self._check_master(conn)
                raise Damaged("the key of this value was altered outside the gateway") from None
        return key

    def look_up(self, conn: sa.Connection, key_ids: Collection[str]) -> None:
        """Open many at once, so that `get` finds them; what is wrong with one is left for `get` to say."""
        if len(unknown := [key_id for key_id in key_ids if key_id not in self._open]) > 1:
            for row in _KEYS.rows(conn, {"ids": unknown}):
                with suppress(WrongMasterKey):
                    self.unwrap(row.id, row.purpose, row.wrapped)

    def _check_master(self, conn: sa.Connection) -> None:
        """WrongMasterKey unless the index key still opens: then it is one key that does not, and not ours."""
        index = sa.select(keys.c.id, keys.c.wrapped).where(keys.c.purpose == INDEX).limit(1)
        for row in conn.execute(index):
            self.unwrap(row.id, INDEX, row.wrapped)

    def unwrap(self, key_id: str, purpose: str, wrapped: bytes) -> bytes:
        """Open one wrapped key; WrongMasterKey if the master key does not fit."""
        try:
            key = self._master.decrypt(wrapped[:NONCE], wrapped[NONCE:], _wrap_aad(key_id, purpose))
        except InvalidTag:
            raise WrongMasterKey(WrongMasterKey.__doc__) from None
        self._remember(key_id, key)
        return key

    def named(self, conn: sa.Connection, purpose: str, name: str, now: datetime) -> tuple[str, bytes]:
        """The newest key (id, bytes) for a purpose and name, made on first use."""
        if (lasting := self._lasting.get((purpose, name))) is not None:
            return lasting, self.get(conn, lasting)
        asked = {"purpose_": purpose, "name_": name}
        if (key_id := _newest(conn, asked) or self._made_meanwhile(conn, asked)) is not None:
            # Found, so it was committed; unless an earlier unit of this very transaction made it (`Store.together`).
            if purpose != DOSSIER and key_id not in self._made.get(conn.get_transaction(), ()):
                self._lasting[purpose, name] = key_id
            return key_id, self.get(conn, key_id)
        return self.make(conn, purpose, name, 1, now)

    def make(self, conn: sa.Connection, purpose: str, name: str, version: int, now: datetime) -> tuple[str, bytes]:
        """A new random key (id, bytes)."""
        return self.make_all(conn, purpose, [name], version, now)[name]

    def make_all(
        self, conn: sa.Connection, purpose: str, names: Sequence[str], version: int, now: datetime
    ) -> dict[str, tuple[str, bytes]]:
        """A new random key (id, bytes) for each name."""
        made = {name: (secrets.token_hex(16), secrets.token_bytes(32)) for name in names}
        fixed = {"purpose": purpose, "version": version, "created_at": now}
        rows = [
            {**fixed, "id": key_id, "name": name, "wrapped": self.wrap(key_id, purpose, key)}
            for name, (key_id, key) in made.items()
        ]
        _NEW_KEY.many(conn, rows)
        self._made.setdefault(conn.get_transaction(), set()).update(key_id for key_id, _ in made.values())
        for key_id, key in made.values():
            self._remember(key_id, key)
        return made

    def _made_meanwhile(self, conn: sa.Connection, asked: dict[str, str]) -> str | None:
        """On a server another node may be making this key now: wait for it. SQLite has one writer."""
        if conn.dialect.name != "postgresql":
            return None
        _alone_with_name(conn, asked["purpose_"], asked["name_"])
        return _newest(conn, asked)

    def wrap(self, key_id: str, purpose: str, key: bytes) -> bytes:
        """`key` encrypted under the master key."""
        nonce = os.urandom(NONCE)
        return nonce + self._master.encrypt(nonce, key, _wrap_aad(key_id, purpose))

    def forget(self) -> None:
        """Empty the cache."""
        self._open.clear()
        self._lasting.clear()

    def _remember(self, key_id: str, key: bytes) -> None:
        if len(self._open) >= CACHE_MAX:
            self._open.clear()
        self._open[key_id] = key


class Sealer:
    """Values of the `sealed` table within one unit of work."""

    def __init__(self, conn: sa.Connection, ring: KeyRing, now: datetime) -> None:
        self._conn, self._ring, self._now = conn, ring, now
        self._today = now.date().isoformat()
        self._named: dict[tuple[str, str], tuple[str, bytes]] = {}  # of this unit: a rollback forgets it
        self._ciphers: dict[bytes, AESGCM] = {}  # of this unit: most of its values have one key
        self._index: list[tuple[int, bytes]] = []

    def known(self) -> dict[tuple[str, str], tuple[str, bytes]]:
        """The keys that were found or made so far, for `back_to`."""
        return self._named.copy()

    def back_to(self, known: dict[tuple[str, str], tuple[str, bytes]]) -> None:
        """What was made since then is undone."""
        self._named = known

    def begin(self, dossiers: Sequence[str]) -> None:
        """Make the keys of dossiers that begin in this unit, so that nobody else can be making them."""
        made = self._ring.make_all(self._conn, DOSSIER, dossiers, 1, self._now)
        self._named |= {(DOSSIER, name): key for name, key in made.items()}

    def stays(self, dossier: str) -> bool:
        """Keep the key of a dossier that was found from being destroyed until the end of this unit; False if it was."""
        if (DOSSIER, dossier) in self._named or self._conn.dialect.name != "postgresql":
            return True
        if (key_id := _newest(self._conn, {"purpose_": DOSSIER, "name_": dossier})) is None:
            return False
        self._named[DOSSIER, dossier] = key_id, self._ring.get(self._conn, key_id)
        return True

    def add(self, field: str, row: int, plain: bytes, dossier: str | None = None) -> None:
        """Encrypt the value of a new row under its dossier's key, or without a dossier under the key of the day."""
        self.add_all(field, [(row, plain, dossier)])

    def add_all(self, field: str, values: Sequence[tuple[int, bytes, str | None]]) -> None:
        """`add` for many rows: (row, value, dossier)."""
        rows = []
        for row, plain, dossier in values:
            if len(plain) >= LARGE:
                self._add_large(field, row, plain, dossier)
                continue
            key_id, data = self._seal(field, row, plain, dossier)
            rows.append({"field": field, "row_id": row, "key_id": key_id, "data": data})
        _ADD.many(self._conn, rows)

    def _add_large(self, field: str, row: int, plain: bytes, dossier: str | None) -> None:
        """In pieces: a driver makes one or two copies of what is bound, and may keep the room for it."""
        key_id, key = self._key_of(dossier)
        pieces, size = _sealed_pieces(plain, key, _value_aad(field, row, key_id)), NONCE + len(plain) + TAG
        if self._conn.dialect.name == "postgresql":
            names = [sealed.c.field, sealed.c.row_id, sealed.c.key_id]
            copy_row(self._conn, names, [field, row, key_id], sealed.c.data, size, pieces)
            return
        add, place = _in_file()
        add.many(self._conn, [{"field": field, "row_id": row, "key_id": key_id, "size": size}])
        (found,) = place.rows(self._conn, _at(field, [row])[0])
        with blob(self._conn, sealed.c.data, found.place) as data:
            for piece in pieces:
                data.write(piece)

    def replace(self, field: str, row: int, plain: bytes, dossier: str | None = None) -> None:
        """Encrypt a value in place of an older one."""
        if len(plain) >= LARGE:
            self.drop(field, row)
            self.add(field, row, plain, dossier)
            return
        key_id, data = self._seal(field, row, plain, dossier)
        where = sealed.c.field == field, sealed.c.row_id == row
        self._conn.execute(sealed.update().where(*where).values(key_id=key_id, data=data))

    def _seal(self, field: str, row: int, plain: bytes, dossier: str | None) -> tuple[str, bytes]:
        key_id, key = self._key_of(dossier)
        nonce = os.urandom(NONCE)
        return key_id, nonce + self._cipher(key).encrypt(nonce, plain, _value_aad(field, row, key_id))

    def _key_of(self, dossier: str | None) -> tuple[str, bytes]:
        return self._key(DAY, self._today) if dossier is None else self._key(DOSSIER, dossier)

    def _cipher(self, key: bytes) -> AESGCM:
        if (cipher := self._ciphers.get(key)) is None:
            if len(self._ciphers) >= CACHE_MAX:  # a walk over all dossiers: each has a key of its own
                self._ciphers.clear()
            cipher = self._ciphers[key] = AESGCM(key)
        return cipher

    def _key(self, purpose: str, name: str) -> tuple[str, bytes]:
        if (found := self._named.get((purpose, name))) is None:
            found = self._named[purpose, name] = self._ring.named(self._conn, purpose, name, self._now)
        return found

    def get(self, field: str, row: int) -> bytes:
        """The value; NotThere if there is none, Damaged if it was altered, moved, or its key destroyed."""
        if (value := self.find(field, row)) is None:
            raise NotThere(f"{field} of row {row} is not there")
        return value

    def find(self, field: str, row: int) -> bytes | None:
        """The value, or None if there is none."""
        found = _FIND.rows(self._conn, {"field_": field, "row": row})
        return self.open(field, row, found[0].key_id, found[0].data) if found else None

    def has(self, field: str, row: int) -> bool:
        """Whether there is a value; it is not decrypted."""
        query = sa.select(sa.literal(1)).where(sealed.c.field == field, sealed.c.row_id == row)
        return self._conn.scalar(query) is not None

    def open(self, field: str, row: int, key_id: str, data: bytes) -> bytes:
        """Decrypt a value that a query brought along."""
        if len(data) >= ROOMY:
            self._conn.info[LARGE_SEEN] = True
        aes = self._cipher(self._ring.get(self._conn, key_id))
        try:
            view = memoryview(data)  # of a mail of 50 MB a slice is 50 MB
            return aes.decrypt(view[:NONCE], view[NONCE:], _value_aad(field, row, key_id))
        except InvalidTag:
            raise Damaged(f"{field} of row {row} was altered outside the gateway") from None

    def find_all(self, field: str, rows: Sequence[int]) -> dict[int, Any]:
        """The values of many rows as `open` wants them, by row; a row that has none is left out."""
        found = _FIND.each(self._conn, _at(field, rows))
        self._ring.look_up(self._conn, {each.key_id for each in found})
        return {each.row_id: each for each in found}

    def drop(self, field: str, row: int) -> None:
        """Remove a value."""
        drop_all(self._conn, field, [row])

    def blind(self, name: str, value: str) -> str:
        """What a personal value is kept under: HMAC-SHA-256(index key, name, NUL, value), hex (SM-146)."""
        return _blind(self._index_keys()[0][1], name, value)

    @property
    def index_version(self) -> int:
        """Version of the key that `blind` uses."""
        return self._index_keys()[0][0]

    def blinds(self, name: str, value: str) -> list[str]:
        """What it is searched by: under the newest key, and while the index is rewritten under the one before it."""
        return [_blind(key, name, value) for _, key in self._index_keys()]

    def _index_keys(self) -> list[tuple[int, bytes]]:
        """Newest first. Asked anew in each unit: another process may have begun to replace the key."""
        if not self._index:
            rows = _INDEX_KEYS.rows(self._conn, {})
            self._index = [(row.version, self._ring.get(self._conn, row.id)) for row in rows]
        return self._index

    def audit_key(self) -> bytes:
        """The key of the audit chain: wrapped in the database, so a chain cannot be forged from the database alone."""
        return self._key(AUDIT, "")[1]
