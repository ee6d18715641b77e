"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("nr", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=48), nullable=False),
        sa.Column("object", sa.String(length=160), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("partner", sa.String(length=64), nullable=True),
        sa.Column("ground", sa.String(length=160), nullable=True),
        sa.Column("outcome", sa.String(length=48), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("nr", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_object", "audit", ["object", "nr"], unique=False)
    op.create_table(
        "channels",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.String(27), nullable=True),
        sa.Column("paused_until", sa.String(27), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("policy_run", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channels")),
    )
    op.create_index(
        "ix_channels_paused",
        "channels",
        ["paused_until"],
        unique=False,
        sqlite_where=sa.text("paused_until IS NOT NULL"),
        postgresql_where=sa.text("paused_until IS NOT NULL"),
    )
    op.create_table(
        "dossiers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("keep_until", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_dossiers_pseudonym")),
    )
    op.create_index(
        "ix_dossiers_keep_until",
        "dossiers",
        ["keep_until"],
        unique=False,
        sqlite_where=sa.text("keep_until IS NOT NULL"),
        postgresql_where=sa.text("keep_until IS NOT NULL"),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("fetched_at", sa.String(27), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("partner", sa.String(length=64), nullable=True),
        sa.Column("message_id", sa.String(length=403), nullable=True),
        sa.Column("mic", sa.String(length=64), nullable=True),
        sa.Column("dossier", sa.String(length=64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.String(27), nullable=True),
        sa.Column("settled_at", sa.String(27), nullable=True),
        sa.Column("rules", sa.String(length=64), nullable=True),
        sa.Column("wanted_at", sa.String(27), nullable=True),
        sa.Column("keep_until", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("sha256", name=op.f("uq_inbox_sha256")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_inbox_dossier",
        "inbox",
        ["dossier"],
        unique=False,
        sqlite_where=sa.text("dossier IS NOT NULL"),
        postgresql_where=sa.text("dossier IS NOT NULL"),
    )
    op.create_index(
        "ix_inbox_due",
        "inbox",
        ["next_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_index(
        "ix_inbox_reason",
        "inbox",
        ["reason", "id"],
        unique=False,
        sqlite_where=sa.text("reason IS NOT NULL"),
        postgresql_where=sa.text("reason IS NOT NULL"),
    )
    op.create_index("ix_inbox_state", "inbox", ["state", "id"], unique=False)
    op.create_index(
        "ix_inbox_wanted",
        "inbox",
        ["wanted_at", "id"],
        unique=False,
        sqlite_where=sa.text("wanted_at IS NOT NULL"),
        postgresql_where=sa.text("wanted_at IS NOT NULL"),
    )
    op.create_table(
        "jobs",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.String(27), nullable=True),
        sa.Column("started_at", sa.String(27), nullable=True),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("next_at", sa.String(27), nullable=True),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_jobs")),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
        sa.UniqueConstraint("purpose", "name", "version", name=op.f("uq_keys_purpose_name_version")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.String(length=403), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=True),
        sa.Column("dossier", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("mic", sa.String(length=64), nullable=True),
        sa.Column("wants_receipt", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("changed_at", sa.String(27), nullable=False),
        sa.Column("next_at", sa.String(27), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_try_at", sa.String(27), nullable=True),
        sa.Column("submitted_at", sa.String(27), nullable=True),
        sa.Column("attempt", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.String(27), nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("keep_until", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_dossier",
        "outbox",
        ["dossier"],
        unique=False,
        sqlite_where=sa.text("dossier IS NOT NULL"),
        postgresql_where=sa.text("dossier IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["next_at", "id"],
        unique=False,
        sqlite_where=sa.text("(state = 'new' OR state = 'deferred' OR state = 'uncertain')"),
        postgresql_where=sa.text("(state = 'new' OR state = 'deferred' OR state = 'uncertain')"),
    )
    op.create_index(
        "ix_outbox_leased",
        "outbox",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_reference",
        "outbox",
        ["reference", "partner", "id", "state"],
        unique=False,
        sqlite_where=sa.text(
            "(state = 'new' OR state = 'deferred' OR state = 'uncertain' OR state = 'sending' OR state = 'held')"
        ),
        postgresql_where=sa.text(
            "(state = 'new' OR state = 'deferred' OR state = 'uncertain' OR state = 'sending' OR state = 'held')"
        ),
    )
    op.create_index("ix_outbox_partner", "outbox", ["partner", "id", "kind"], unique=False)
    op.create_index(
        "ix_outbox_ended",
        "outbox",
        ["state", "id"],
        unique=False,
        sqlite_where=sa.text(
            "(state = 'received' OR state = 'refused' OR state = 'bounced' OR state = 'failed'"
            " OR state = 'expired' OR state = 'cancelled')"
        ),
        postgresql_where=sa.text(
            "(state = 'received' OR state = 'refused' OR state = 'bounced' OR state = 'failed'"
            " OR state = 'expired' OR state = 'cancelled')"
        ),
    )
    op.create_index(
        "ix_outbox_unanswered",
        "outbox",
        ["submitted_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'submitted' AND wants_receipt"),
        postgresql_where=sa.text("state = 'submitted' AND wants_receipt"),
    )
    op.create_table(
        "partners",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("versie", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_partners")),
    )
    op.create_table(
        "records",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("soort", sa.String(length=32), nullable=False),
        sa.Column("sleutel", sa.String(length=128), nullable=False),
        sa.Column("versie", sa.Integer(), nullable=False),
        sa.Column("dossier", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("changed_at", sa.String(27), nullable=False),
        sa.Column("keep_until", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records")),
        sa.UniqueConstraint("sleutel", "soort", name=op.f("uq_records_sleutel_soort")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_records_dossier",
        "records",
        ["dossier"],
        unique=False,
        sqlite_where=sa.text("dossier IS NOT NULL"),
        postgresql_where=sa.text("dossier IS NOT NULL"),
    )
    op.create_index("ix_records_soort", "records", ["soort", "id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column(
            "envelope_id",
            sa.String(length=32).with_variant(sa.String(length=32, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("outbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", sa.String(27), nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("phase", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced", sa.String(length=16), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("remote", sa.String(length=260), nullable=True),
        sa.Column("tls", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_attempts_outbox_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("envelope_id", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":  # room for the outcome beside its row: then no index changes
        op.execute("ALTER TABLE attempts SET (fillfactor = 70)")
    op.create_index(op.f("ix_attempts_outbox_id"), "attempts", ["outbox_id"], unique=False)
    op.create_table(
        "berichten",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("richting", sa.String(length=4), nullable=False),
        sa.Column("soort", sa.String(length=32), nullable=False),
        sa.Column("versie", sa.String(length=16), nullable=False),
        sa.Column("afzender", sa.String(length=16), nullable=False),
        sa.Column("ontvanger", sa.String(length=16), nullable=False),
        sa.Column("identificatie", sa.String(length=64), nullable=False),
        sa.Column("dagtekening", sa.String(length=10), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("antwoord_op", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("outbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("dossier", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("keep_until", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["antwoord_op"], ["berichten.id"], name=op.f("fk_berichten_antwoord_op")),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_berichten_outbox_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_berichten")),
        sa.UniqueConstraint(
            "identificatie",
            "afzender",
            "soort",
            "richting",
            name=op.f("uq_berichten_identificatie_afzender_soort_richting"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_berichten_antwoord_op",
        "berichten",
        ["antwoord_op"],
        unique=False,
        sqlite_where=sa.text("antwoord_op IS NOT NULL"),
        postgresql_where=sa.text("antwoord_op IS NOT NULL"),
    )
    op.create_index(
        "ix_berichten_dossier",
        "berichten",
        ["dossier"],
        unique=False,
        sqlite_where=sa.text("dossier IS NOT NULL"),
        postgresql_where=sa.text("dossier IS NOT NULL"),
    )
    op.create_index(
        "ix_berichten_outbox_id",
        "berichten",
        ["outbox_id"],
        unique=False,
        sqlite_where=sa.text("outbox_id IS NOT NULL"),
        postgresql_where=sa.text("outbox_id IS NOT NULL"),
    )
    op.create_index("ix_berichten_soort_status", "berichten", ["soort", "status", "id"], unique=False)
    op.create_table(
        "bericht_keys",
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column(
            "bericht_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("value", "bericht_id", name=op.f("pk_bericht_keys")),
    )
    op.create_index(op.f("ix_bericht_keys_bericht_id"), "bericht_keys", ["bericht_id"], unique=False)
    op.create_table(
        "identities",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=403), nullable=False),
        sa.Column("mic", sa.String(length=64), nullable=False),
        sa.Column("cms_sha256", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("inbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("receipt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("registered_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_identities_inbox_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["outbox.id"], name=op.f("fk_identities_receipt_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("message_id", "partner", name=op.f("uq_identities_message_id_partner")),
    )
    op.create_index(
        "ix_identities_inbox_id",
        "identities",
        ["inbox_id"],
        unique=False,
        sqlite_where=sa.text("inbox_id IS NOT NULL"),
        postgresql_where=sa.text("inbox_id IS NOT NULL"),
    )
    op.create_index("ix_identities_mic_partner", "identities", ["mic", "partner"], unique=False)
    op.create_index(
        "ix_identities_receipt_id",
        "identities",
        ["receipt_id"],
        unique=False,
        sqlite_where=sa.text("receipt_id IS NOT NULL"),
        postgresql_where=sa.text("receipt_id IS NOT NULL"),
    )
    op.create_table(
        "inbox_places",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("folder", sa.String(length=128), nullable=False),
        sa.Column("uid", sa.String(length=300), nullable=False),
        sa.Column("inbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("moved_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_inbox_places_inbox_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_places")),
        sa.UniqueConstraint(
            "uid", "folder", "account", "source", name=op.f("uq_inbox_places_uid_folder_account_source")
        ),
    )
    op.create_index(op.f("ix_inbox_places_inbox_id"), "inbox_places", ["inbox_id"], unique=False)
    op.create_index(
        "ix_inbox_places_unmoved",
        "inbox_places",
        ["source", "account", "folder"],
        unique=False,
        sqlite_where=sa.text("moved_at IS NULL"),
        postgresql_where=sa.text("moved_at IS NULL"),
    )
    op.create_table(
        "outbox_notes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outbox_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_outbox_notes_outbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_notes")),
    )
    op.create_index(op.f("ix_outbox_notes_outbox_id"), "outbox_notes", ["outbox_id"], unique=False)
    op.create_table(
        "partner_keys",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.Column("partner", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner"], ["partners.code"], name=op.f("fk_partner_keys_partner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", "value", name=op.f("pk_partner_keys")),
    )
    op.create_index(op.f("ix_partner_keys_partner"), "partner_keys", ["partner"], unique=False)
    op.create_table(
        "record_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("nr", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("soort", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["records.id"], name=op.f("fk_record_events_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_events")),
        sa.UniqueConstraint("record_id", "nr", name=op.f("uq_record_events_record_id_nr")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "record_keys",
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=128), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["record_id"], ["records.id"], name=op.f("fk_record_keys_record_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record_id", "name", "value", name=op.f("pk_record_keys")),
    )
    op.create_index("ix_record_keys_value_name", "record_keys", ["value", "name", "record_id"], unique=False)
    op.create_table(
        "sealed",
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("field", "row_id", name=op.f("pk_sealed")),
    )
    if op.get_bind().dialect.name == "postgresql":  # not compressed: what is encrypted cannot be
        op.execute("ALTER TABLE sealed ALTER COLUMN data SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE sealed SET (toast_tuple_target = 8160)")
    op.create_index(op.f("ix_sealed_key_id"), "sealed", ["key_id"], unique=False)
