"""Create the first tables."""

import sqlalchemy as sa
from alembic import op

from features.database.tables import UtcTime
from features.database.triggers import refuse_changes

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables, and keep the ledger append-only."""
    _create_places()
    _create_log()
    _create_ledger()
    op.execute("INSERT INTO sequence (name, last) VALUES ('log', 0)")
    for table in ("ranking", "ranking_row"):
        refuse_changes(table)


def _create_places() -> None:
    op.create_table(
        "grid",
        sa.Column("grid_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_path", sa.String(), nullable=False, comment='codes from the top joined by "/"; empty where unknown'),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("area_type", sa.String(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("grid_id", name="pk_grid"),
    )
    op.create_table(
        "grid_mapping",
        sa.Column("old", sa.String(), nullable=False),
        sa.Column("new", sa.String(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False, comment="the shares of one old grid sum to 1"),
        sa.Column("at", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["new"], ["grid.grid_id"], name="fk_grid_mapping_new"),
        sa.PrimaryKeyConstraint("old", "new", name="pk_grid_mapping"),
    )
    op.create_table(
        "grid_neighbour",
        sa.Column("a", sa.String(), nullable=False),
        sa.Column("b", sa.String(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False, comment="the weights of one a sum to 1"),
        sa.ForeignKeyConstraint(["a"], ["grid.grid_id"], name="fk_grid_neighbour_a"),
        sa.ForeignKeyConstraint(["b"], ["grid.grid_id"], name="fk_grid_neighbour_b"),
        sa.PrimaryKeyConstraint("a", "b", name="pk_grid_neighbour"),
    )


def _create_log() -> None:
    op.create_table(
        "feed",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False, comment="clock rules and targets of the source file"),
        sa.Column("known_through", UtcTime(), nullable=True, comment="greatest known_at of its events"),
        sa.PrimaryKeyConstraint("name", name="pk_feed"),
    )
    op.create_table(
        "segment",
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("first", name="pk_segment"),
    )
    op.create_table(
        "sequence",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sequence"),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False, comment="idempotency key, kept as long as the log"),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["feed"], ["feed.name"], name="fk_batch_feed"),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.UniqueConstraint("key", name="uq_batch_key"),
    )
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False, comment="keyed hash of the id in the source"),
        sa.Column("grid_id", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("occurred_at", UtcTime(), nullable=False),
        sa.Column("reported_at", UtcTime(), nullable=False),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("deadline_at", UtcTime(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("self_found", sa.Boolean(), nullable=True),
        sa.Column("people_bucket", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_event_batch_id"),
        sa.ForeignKeyConstraint(["grid_id"], ["grid.grid_id"], name="fk_event_grid_id"),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
        sa.UniqueConstraint("event_id", name="uq_event_event_id"),
    )
    op.create_table(
        "quarantine",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("row_number", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("row_hash", sa.String(), nullable=False, comment="keyed hash of the row; its text is never stored"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_quarantine_batch_id"),
        sa.PrimaryKeyConstraint("batch_id", "row_number", name="pk_quarantine"),
    )
    op.create_table(
        "event_transition",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_event_transition_batch_id"),
        sa.ForeignKeyConstraint(["event_seq"], ["event.seq"], name="fk_event_transition_event_seq"),
        sa.PrimaryKeyConstraint("seq", name="pk_event_transition"),
        sa.UniqueConstraint("event_seq", "action", "at", name="uq_event_transition_event_seq_action_at"),
    )


def _create_ledger() -> None:
    op.create_table(
        "model_publication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("model_hash", sa.String(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False, comment="promote or rollback"),
        sa.Column("published_at", UtcTime(), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("override", sa.String(), nullable=True, comment="what the gate objected to, where a named person overruled it"),
        sa.PrimaryKeyConstraint("id", name="pk_model_publication"),
    )
    op.create_table(
        "ranking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("published_at", UtcTime(), nullable=False),
        sa.Column("model_hash", sa.String(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="last sequence number of the log that was used"),
        sa.Column("data_through", UtcTime(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False, comment="SHA-256 over the bodies of its rows, in order"),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("entry_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ranking"),
        sa.UniqueConstraint("as_of", "target", "horizon_days", "revision", name="uq_ranking_as_of_target_horizon_days_revision"),
        sa.UniqueConstraint("entry_hash", name="uq_ranking_entry_hash"),
    )
    op.create_table(
        "ranking_row",
        sa.Column("ranking_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(), nullable=False, comment="grid, community, township or district"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="place in the published order, from 0"),
        sa.Column("place", sa.String(), nullable=False, comment="grid_id, or path of the area"),
        sa.Column("body", sa.String(), nullable=False, comment="the JSON that is served"),
        sa.ForeignKeyConstraint(["ranking_id"], ["ranking.id"], name="fk_ranking_row_ranking_id"),
        sa.PrimaryKeyConstraint("ranking_id", "level", "position", name="pk_ranking_row"),
    )
    op.create_index("ix_ranking_row_place", "ranking_row", ["place"], unique=False)
