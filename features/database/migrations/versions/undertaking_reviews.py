"""Keep what undertakings were followed by, and what helped, as it was estimated."""

import sqlalchemy as sa
from alembic import op

from features.database.tables import UtcTime
from features.database.triggers import refuse_changes

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the table, append-only."""
    op.create_table(
        "undertaking_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False, comment="first day that was not looked at"),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("body", sa.String(), nullable=False, comment="JSON: what undertakings were followed by, and what helped"),
        sa.PrimaryKeyConstraint("id", name="pk_undertaking_review"),
    )
    refuse_changes("undertaking_review")
