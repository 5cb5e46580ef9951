"""Keep when a model passed its audit, from which its right to publish runs."""

import sqlalchemy as sa
from alembic import op

from features.database.tables import UtcTime

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add one column; it is null in rows of before: when their audit passed is not known."""
    passed = "when its audit passed: its training, or its promotion against the gate; null in rows of before"
    op.add_column("model_publication", sa.Column("audited_at", UtcTime(), comment=passed))
