"""The tables. Times are UTC text of fixed width: they sort, are the same on every database, and a person can read them.

Bytes and personal fields are not here but in `sealed`, encrypted, addressed by field and row (SM-145). Partial indexes
hold open work only, so that a query that the worker repeats costs the same after a million messages. An index begins
with what tells most: a server that has no statistics yet looks through all rows with the same first column.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from .states import CLAIMABLE, ENDED, OPEN

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def utc_text(value: datetime) -> str:
    """`2026-03-01T09:00:00.000000Z`; ValueError without a zone."""
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
    return f"{value.isoformat(timespec='microseconds')[:-6]}Z"


class Utc(TypeDecorator[datetime]):
    """An aware datetime as `2026-03-01T09:00:00.000000Z`."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        return None if value is None else utc_text(value)

    def process_result_value(self, value: str | None, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


MESSAGE_ID_MAX = 403  # a partner's may be so long: <, 200, @, 200, >

_Bytewise = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")  # in some languages aa is after z
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _id() -> "sa.Column[int]":
    return sa.Column("id", Id, primary_key=True)


def _keep_until() -> "sa.Column[datetime]":
    """A term of this row alone, beside that of its dossier, which is the one that counts; nothing sets it yet."""
    return sa.Column("keep_until", Utc)


def any_of(states: tuple[str, ...], table: str = "") -> str:
    """`(state = 'new' OR state = 'held')`: as text, so that a partial index can be matched to the query.

    Not `IN`: SQLite makes a list of three or more into a table of its own, anew for every row that an index looks at.
    """
    column = f"{table}.state" if table else "state"
    return "(" + " OR ".join(f"{column} = '{state}'" for state in states) + ")"


CLAIMABLE_SQL = any_of(CLAIMABLE)
OPEN_SQL = any_of(OPEN)
ENDED_SQL = any_of(ENDED)
UNANSWERED_SQL = "state = 'submitted' AND wants_receipt"
INBOX_NEW_SQL = "state = 'new'"
INBOX_WANTED_SQL = "wanted_at IS NOT NULL"
UNMOVED_SQL = "moved_at IS NULL"


def _partial(name: str, table: sa.Table, where: str, *columns: str) -> None:
    sa.Index(name, *(table.c[c] for c in columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _filled(table: sa.Table, *columns: str) -> None:
    """An index for each of these columns, without the rows where it is empty."""
    for name in columns:
        _partial(f"ix_{table.name}_{name}", table, f"{name} IS NOT NULL", name)


keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("purpose", sa.String(16), nullable=False),  # index, audit, day, dossier
    sa.Column("name", sa.String(64), nullable=False),  # the day, the dossier; empty for the keys that there are one of
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),  # nonce + AES-256-GCM under the master key
    sa.Column("created_at", Utc, nullable=False),
    sa.UniqueConstraint("purpose", "name", "version"),
)

sealed = sa.Table(
    "sealed",
    metadata,
    sa.Column("field", sa.String(32), primary_key=True),  # table.column that the value belongs to
    sa.Column("row_id", Id, primary_key=True, autoincrement=False),
    sa.Column("key_id", sa.String(32), nullable=False, index=True),  # who writes or destroys locks it: see `KeyRing`
    sa.Column("data", sa.LargeBinary, nullable=False),  # nonce + AES-256-GCM; field, row and key are authenticated
)

dossiers = sa.Table(
    "dossiers",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("pseudonym", sa.String(16), nullable=False, unique=True),  # what the audit trail calls the client
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("keep_until", Utc),
)
_filled(dossiers, "keep_until")

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False, default=0),  # in a row
    sa.Column("failing_since", Utc),
    sa.Column("paused_until", Utc),
    sa.Column("reason", sa.Text),
    sa.Column("policy_run", sa.Text, nullable=False, default=""),  # recipients that failed alike in a row
)
_partial("ix_channels_paused", channels, "paused_until IS NOT NULL", "paused_until")

outbox = sa.Table(
    "outbox",
    metadata,
    _id(),
    sa.Column("message_id", sa.String(MESSAGE_ID_MAX), nullable=False, unique=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("partner", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("sender", sa.String(254), nullable=False),
    sa.Column("recipient", sa.String(254), nullable=False),
    sa.Column("reference", sa.String(128)),  # order is kept within (partner, reference)
    sa.Column("dossier", sa.String(64)),
    sa.Column("sha256", sa.String(64), nullable=False),  # of the wire bytes
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("mic", sa.String(64)),  # SHA-256 of the signed entity, hex
    sa.Column("wants_receipt", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text),  # why it is in this state, in words
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("next_at", Utc),  # earliest next attempt
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("first_try_at", Utc),
    sa.Column("submitted_at", Utc),
    sa.Column("attempt", sa.String(32)),  # envelope id of the attempt that holds the lease: a fence
    sa.Column("lease_until", Utc),
    sa.Column("lease_owner", sa.String(64)),
    _keep_until(),
    sqlite_autoincrement=True,
)
_partial("ix_outbox_due", outbox, CLAIMABLE_SQL, "next_at", "id")
_partial("ix_outbox_reference", outbox, OPEN_SQL, "reference", "partner", "id", "state")
_partial("ix_outbox_leased", outbox, "lease_until IS NOT NULL", "lease_until")
_partial("ix_outbox_unanswered", outbox, UNANSWERED_SQL, "submitted_at", "id")
_partial("ix_outbox_dossier", outbox, "dossier IS NOT NULL", "dossier")
_partial("ix_outbox_ended", outbox, ENDED_SQL, "state", "id")  # not of all: each index is written at every move
sa.Index("ix_outbox_partner", outbox.c.partner, outbox.c.id, outbox.c.kind)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("envelope_id", _Bytewise, primary_key=True),  # begins with the time: it grows at one end, in order
    sa.Column("outbox_id", sa.ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("ended_at", Utc),
    sa.Column("sha256", sa.String(64), nullable=False),  # of the bytes this attempt sends
    sa.Column("node", sa.String(64), nullable=False),
    sa.Column("verdict", sa.String(16)),  # empty while it runs
    sa.Column("phase", sa.String(16)),
    sa.Column("reason", sa.String(64)),
    sa.Column("code", sa.Integer),
    sa.Column("enhanced", sa.String(16)),
    sa.Column("text", sa.Text),
    sa.Column("remote", sa.String(260)),
    sa.Column("tls", sa.String(80)),
    sqlite_with_rowid=False,
)

outbox_notes = sa.Table(
    "outbox_notes",
    metadata,
    _id(),
    sa.Column("outbox_id", sa.ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # after the event
    sa.Column("detail", sa.Text),
)

inbox = sa.Table(
    "inbox",
    metadata,
    _id(),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),  # of the raw bytes
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("received_at", Utc, nullable=False),  # the mailbox's time
    sa.Column("fetched_at", Utc, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(64)),
    sa.Column("detail", sa.Text),
    sa.Column("partner", sa.String(64)),
    sa.Column("message_id", sa.String(MESSAGE_ID_MAX)),
    sa.Column("mic", sa.String(64)),
    sa.Column("dossier", sa.String(64)),
    sa.Column("tries", sa.Integer, nullable=False, default=0),  # written before each try
    sa.Column("next_at", Utc),
    sa.Column("settled_at", Utc),
    sa.Column("rules", sa.String(64)),  # version of the rules that judged it (SM-103)
    sa.Column("wanted_at", Utc),  # only its header is here, and it is to be fetched whole (SM-144)
    _keep_until(),
    sqlite_autoincrement=True,
)
_filled(inbox, "dossier")
_partial("ix_inbox_wanted", inbox, INBOX_WANTED_SQL, "wanted_at", "id")
_partial("ix_inbox_due", inbox, INBOX_NEW_SQL, "next_at", "id")
_partial("ix_inbox_reason", inbox, "reason IS NOT NULL", "reason", "id")
sa.Index("ix_inbox_state", inbox.c.state, inbox.c.id)

inbox_places = sa.Table(
    "inbox_places",
    metadata,
    _id(),
    sa.Column("source", sa.String(16), nullable=False),  # imap, pop3, maildir, folder
    sa.Column("account", sa.String(128), nullable=False),
    sa.Column("folder", sa.String(128), nullable=False),
    sa.Column("uid", sa.String(300), nullable=False),  # IMAP: UIDVALIDITY/UID; POP3: UIDL; maildir, folder: file name
    sa.Column("inbox_id", sa.ForeignKey("inbox.id", ondelete="CASCADE"), index=True),
    sa.Column("failures", sa.Integer, nullable=False, default=0),  # fetches that failed (SM-100)
    sa.Column("moved_at", Utc),  # the mailbox let go of it
    sa.UniqueConstraint("uid", "folder", "account", "source"),
)
_partial("ix_inbox_places_unmoved", inbox_places, UNMOVED_SQL, "source", "account", "folder")

identities = sa.Table(
    "identities",
    metadata,
    _id(),
    sa.Column("partner", sa.String(64), nullable=False),
    sa.Column("message_id", sa.String(MESSAGE_ID_MAX), nullable=False),
    sa.Column("mic", sa.String(64), nullable=False),
    sa.Column("cms_sha256", sa.String(64)),  # of the CMS bytes first accepted (SM-125)
    sa.Column("outcome", sa.String(32), nullable=False),
    sa.Column("inbox_id", sa.ForeignKey("inbox.id", ondelete="SET NULL")),
    sa.Column("receipt_id", sa.ForeignKey("outbox.id", ondelete="SET NULL")),
    sa.Column("registered_at", Utc, nullable=False),
    sa.UniqueConstraint("message_id", "partner"),
    sa.Index("ix_identities_mic_partner", "mic", "partner"),
)
_filled(identities, "inbox_id", "receipt_id")

berichten = sa.Table(
    "berichten",
    metadata,
    _id(),
    sa.Column("richting", sa.String(4), nullable=False),  # in, uit
    sa.Column("soort", sa.String(32), nullable=False),  # WMO301 …
    sa.Column("versie", sa.String(16), nullable=False),
    sa.Column("afzender", sa.String(16), nullable=False),
    sa.Column("ontvanger", sa.String(16), nullable=False),
    sa.Column("identificatie", sa.String(64), nullable=False),
    sa.Column("dagtekening", sa.String(10), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("antwoord_op", sa.ForeignKey("berichten.id")),
    sa.Column("outbox_id", sa.ForeignKey("outbox.id", ondelete="SET NULL")),
    sa.Column("dossier", sa.String(64)),
    sa.Column("created_at", Utc, nullable=False),
    _keep_until(),
    sa.UniqueConstraint("identificatie", "afzender", "soort", "richting"),
    sa.Index("ix_berichten_soort_status", "soort", "status", "id"),
    sqlite_autoincrement=True,
)
_filled(berichten, "antwoord_op", "outbox_id", "dossier")

bericht_keys = sa.Table(
    "bericht_keys",
    metadata,
    sa.Column("value", sa.String(64), primary_key=True),  # HMAC: a key may name a client (SM-146)
    sa.Column("bericht_id", Id, primary_key=True, autoincrement=False, index=True),  # written with it, never alone
    sa.Column("key_version", sa.Integer, nullable=False),  # of the index key
)

records = sa.Table(
    "records",
    metadata,
    _id(),
    sa.Column("soort", sa.String(32), nullable=False),
    sa.Column("sleutel", sa.String(128), nullable=False),
    sa.Column("versie", sa.Integer, nullable=False),
    sa.Column("dossier", sa.String(64)),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    _keep_until(),
    sa.UniqueConstraint("sleutel", "soort"),
    sa.Index("ix_records_soort", "soort", "id"),
    sqlite_autoincrement=True,
)
_filled(records, "dossier")

record_keys = sa.Table(
    "record_keys",
    metadata,
    sa.Column("record_id", sa.ForeignKey("records.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.String(128), primary_key=True),  # plain, or HMAC of a personal value (SM-146)
    sa.Column("key_version", sa.Integer),  # of the index key; empty: the value is plain
    sa.Index("ix_record_keys_value_name", "value", "name", "record_id"),
)

record_events = sa.Table(
    "record_events",
    metadata,
    _id(),
    sa.Column("record_id", sa.ForeignKey("records.id", ondelete="CASCADE"), nullable=False),
    sa.Column("nr", sa.Integer, nullable=False),  # from 1, without gaps
    sa.Column("at", Utc, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("soort", sa.String(64), nullable=False),
    sa.UniqueConstraint("record_id", "nr"),
    sqlite_autoincrement=True,
)

partners = sa.Table(
    "partners",
    metadata,
    sa.Column("code", sa.String(64), primary_key=True),
    sa.Column("versie", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # JSON, owned by the caller
    sa.Column("changed_at", Utc, nullable=False),
)

partner_keys = sa.Table(
    "partner_keys",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.String(254), primary_key=True),  # an address belongs to one partner (SM-133)
    sa.Column("partner", sa.ForeignKey("partners.code", ondelete="CASCADE"), nullable=False, index=True),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("nr", Id, primary_key=True, autoincrement=False),  # from 1, without gaps
    sa.Column("at", Utc, nullable=False),
    sa.Column("node", sa.String(64), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("action", sa.String(48), nullable=False),
    sa.Column("object", sa.String(160), nullable=False),  # what it was done to: outbox/12, toewijzing/…
    sa.Column("subject", sa.String(64)),  # the client's pseudonym: random per dossier (SM-149)
    sa.Column("partner", sa.String(64)),
    sa.Column("ground", sa.String(160)),  # on what ground, where a person looked or decided
    sa.Column("outcome", sa.String(48), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # JSON; never personal data
    sa.Column("mac", sa.String(64), nullable=False),  # HMAC over the row and the mac before it
    sa.Index("ix_audit_object", "object", "nr"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("fence", sa.BigInteger, nullable=False, default=0),  # grows with each lease
    sa.Column("lease_owner", sa.String(64)),
    sa.Column("lease_until", Utc),
    sa.Column("started_at", Utc),
    sa.Column("ended_at", Utc),
    sa.Column("next_at", Utc),
    sa.Column("result", sa.String(16)),  # ok, failed
    sa.Column("detail", sa.Text),
)
