"""Keep what followed alerts, and which lists were computed after a correction was accepted."""

import sqlalchemy as sa
from alembic import op

from features.database.policies import show_only_with
from features.database.tables import UtcTime
from features.database.triggers import refuse_changes

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables; what followed an alert is as visible as the alert."""
    _create_sequels()
    _create_rescores()
    for table in ("sequel", "rescore"):
        refuse_changes(table)
    show_only_with("sequel", "alert", "alert_id", "alert_id")


def _create_sequels() -> None:
    op.create_table(
        "sequel",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("escalations", sa.Float(), nullable=True, comment="that followed within the window; null where its grid is no more"),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name="fk_sequel_alert_id"),
        sa.PrimaryKeyConstraint("alert_id", name="pk_sequel"),
    )


def _create_rescores() -> None:
    same = "the list computed since; the same where nothing moved"
    op.create_table(
        "rescore",
        sa.Column("correction_id", sa.Integer(), nullable=False),
        sa.Column("before_id", sa.Integer(), nullable=True, comment="the list that stood when it was accepted"),
        sa.Column("after_id", sa.Integer(), nullable=False, comment=same),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["correction_id"], ["correction.id"], name="fk_rescore_correction_id"),
        sa.ForeignKeyConstraint(["before_id"], ["ranking.id"], name="fk_rescore_before_id"),
        sa.ForeignKeyConstraint(["after_id"], ["ranking.id"], name="fk_rescore_after_id"),
        sa.PrimaryKeyConstraint("correction_id", name="pk_rescore"),
    )
