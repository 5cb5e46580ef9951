"""Create the register of undertakings, and effort by grid and week."""

import sqlalchemy as sa
from alembic import op

from features.database.tables import UtcTime
from features.database.triggers import refuse_changes

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables, append-only."""
    _create_undertakings()
    _create_effort()
    for table in ("undertaking", "effort"):
        refuse_changes(table)


def _create_undertakings() -> None:
    op.create_table(
        "undertaking",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=False),
        sa.Column("undertaking_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="1, 2, 3, ...; the last one known holds"),
        sa.Column("kind", sa.String(), nullable=False, comment="project, campaign, treatment, period or shock"),
        sa.Column("sub_kind", sa.String(), nullable=False),
        sa.Column("places", sa.String(), nullable=False, comment='grid ids or paths joined by ";"; empty is everything'),
        sa.Column("name", sa.String(), nullable=True, comment="as it was published; screened for persons"),
        sa.Column("public_at", sa.Date(), nullable=False, comment="day on which the public could know"),
        sa.Column("start_at", sa.Date(), nullable=False),
        sa.Column("end_at", sa.Date(), nullable=True, comment="first day after it; null where it has not ended"),
        sa.Column(
            "assessed", sa.Boolean(), nullable=True, comment="whether a social stability risk assessment was held; null where unknown"
        ),
        sa.Column("heard", sa.Boolean(), nullable=True, comment="whether those concerned were heard; null where unknown"),
        sa.Column("note_code", sa.String(), nullable=True, comment="a code of the source; there is no free text"),
        sa.Column(
            "attention",
            sa.Float(),
            nullable=True,
            comment="factor on the share of grids alerted in its places while it lasts; null leaves it",
        ),
        sa.Column("withdrawn", sa.Boolean(), nullable=False, comment="true where it was called off, or entered by mistake"),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_undertaking"),
        sa.UniqueConstraint("undertaking_id", "version", name="uq_undertaking_undertaking_id_version"),
    )


def _create_effort() -> None:
    op.create_table(
        "effort",
        sa.Column("grid_id", sa.String(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False, comment="first of the seven days"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="sequence number of the log with which it came"),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("screening_campaign", sa.Boolean(), nullable=False),
        sa.Column("active_reporters", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("grid_id", "week", name="pk_effort"),
    )
