"""Keep every run of a job, so that one that fails is seen."""

import sqlalchemy as sa
from alembic import op

from features.database.tables import UtcTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "job_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(), nullable=False, comment="ingest, rank, monitor or backup"),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("fault", sa.String(), nullable=True, comment="why it failed, in one line; null where it did what it should"),
        sa.Column("counts", sa.JSON(), nullable=False, comment="rows read, accepted, duplicate and quarantined, of an ingest"),
        sa.PrimaryKeyConstraint("id", name="pk_job_run"),
    )
    op.create_index("ix_job_run_job", "job_run", ["job"], unique=False)
