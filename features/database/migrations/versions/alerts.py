"""Create alerts, their history, and what people answer."""

import sqlalchemy as sa
from alembic import op

from features.database.tables import UtcTime
from features.database.triggers import refuse_changes

revision = "0005"
down_revision = "0004"

OPEN = "state IN ('published', 'acknowledged', 'in_action')"
HISTORY = (
    *("review", "alert_transition", "alert_decision", "answered", "feedback", "visit", "silence"),
    *("correction", "correction_step", "daily_run"),
)


def upgrade() -> None:
    """Create the tables, and keep all but the state of things append-only."""
    _create_alerts()
    _create_history()
    _create_answers()
    _create_corrections()
    _create_operation()
    for table in HISTORY:
        refuse_changes(table)


def _create_alerts() -> None:
    op.create_table(
        "review",
        sa.Column("ranking_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False, comment="held or released; a list without rows was never held"),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["ranking_id"], ["ranking.id"], name="fk_review_ranking_id"),
        sa.PrimaryKeyConstraint("ranking_id", "step", name="pk_review"),
    )
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("ranking_id", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False, comment="place of the grid in the tree, itself last"),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False, comment="first day after the window"),
        sa.Column("raised_at", UtcTime(), nullable=False),
        sa.Column("chosen_by", sa.String(), nullable=False, comment="score or random"),
        sa.Column("selection_probability", sa.Float(), nullable=False),
        sa.Column("second_look", sa.Boolean(), nullable=False, comment="true where level and rank are not shown"),
        sa.Column("level", sa.String(), nullable=True, comment="null where it is not shown"),
        sa.Column("body", sa.String(), nullable=False, comment="JSON of its words, frozen"),
        sa.Column("follows", sa.String(), nullable=True, comment="the alert it reopens"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False, comment="moment the state was reached"),
        sa.Column("owner", sa.String(), nullable=False, comment="path of the unit it is with; never a person"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["follows"], ["alert.alert_id"], name="fk_alert_follows"),
        sa.ForeignKeyConstraint(["ranking_id"], ["ranking.id"], name="fk_alert_ranking_id"),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alert"),
    )
    op.create_index("ix_alert_ends", "alert", ["ends"], unique=False)
    op.create_index("ix_alert_path", "alert", ["path"], unique=False)
    op.create_index("ix_alert_ranking_id", "alert", ["ranking_id"], unique=False)
    op.create_index(
        "one_open_alert", "alert", ["grid_id", "target"], unique=True, sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN)
    )


def _create_history() -> None:
    op.create_table(
        "alert_transition",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="state it led to"),
        sa.Column("reason", sa.String(), nullable=False, comment="a code; there is no free text"),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name="fk_alert_transition_alert_id"),
        sa.PrimaryKeyConstraint("alert_id", "version", name="pk_alert_transition"),
    )
    op.create_index("ix_alert_transition_at", "alert_transition", ["at"], unique=False)
    op.create_table(
        "alert_decision",
        sa.Column("ranking_id", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False, comment="raised, or why not; grids below the threshold have no row"),
        sa.Column("chosen_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["ranking_id"], ["ranking.id"], name="fk_alert_decision_ranking_id"),
        sa.PrimaryKeyConstraint("ranking_id", "grid_id", name="pk_alert_decision"),
    )
    op.create_table(
        "answered",
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False, comment="idempotency key of the request"),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False, comment="JSON that was answered, and is again"),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "key", name="pk_answered"),
    )


def _create_answers() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("reason_group", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False, comment="agrees, does_not or cannot_tell"),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name="fk_feedback_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_alert_id", "feedback", ["alert_id"], unique=False)
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False, comment="listed, random or routine"),
        sa.Column("model_prompted", sa.Boolean(), nullable=False),
        sa.Column("selection_probability", sa.Float(), nullable=True, comment="null for routine visits"),
        sa.Column("found", sa.String(), nullable=False, comment="yes, no or unclear"),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name="fk_visit_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_visit"),
    )
    op.create_index("ix_visit_alert_id", "visit", ["alert_id"], unique=False)
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False, comment="area or grid that raises nothing"),
        sa.Column("starts_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )


def _create_corrections() -> None:
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=True),
        sa.Column("about", sa.String(), nullable=False, comment="data, boundary or explanation"),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name="fk_correction_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_correction"),
    )
    op.create_table(
        "correction_step",
        sa.Column("correction_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False, comment="acknowledged, accepted or refused"),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["correction_id"], ["correction.id"], name="fk_correction_step_correction_id"),
        sa.PrimaryKeyConstraint("correction_id", "step", name="pk_correction_step"),
    )


def _create_operation() -> None:
    op.create_table(
        "delivery",
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="waiting, sent or dead"),
        sa.PrimaryKeyConstraint("receiver", "alert_id", "version", name="pk_delivery"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "daily_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False, comment="published or refused"),
        sa.Column("detail", sa.String(), nullable=False, comment="why it was refused"),
        sa.PrimaryKeyConstraint("id", name="pk_daily_run"),
        sa.UniqueConstraint("as_of", "outcome", name="uq_daily_run_as_of_outcome"),
    )
    op.create_index("ix_daily_run_as_of", "daily_run", ["as_of"], unique=False)
