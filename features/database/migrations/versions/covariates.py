"""Create the table of covariates."""

import sqlalchemy as sa
from alembic import op

from features.database.tables import UtcTime
from features.database.triggers import refuse_changes

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the table, append-only."""
    op.create_table(
        "covariate",
        sa.Column("name", sa.String(), nullable=False, comment="code of what is measured"),
        sa.Column("grid_id", sa.String(), nullable=False, comment="empty where it holds for every grid"),
        sa.Column("day", sa.Date(), nullable=False, comment="day, or first day of the week, that it is about"),
        sa.Column("known_at", UtcTime(), nullable=False, comment="from then on it may be used; a corrected number has a later one"),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="sequence number of the log with which it came"),
        sa.PrimaryKeyConstraint("name", "grid_id", "day", "known_at", name="pk_covariate"),
    )
    refuse_changes("covariate")
