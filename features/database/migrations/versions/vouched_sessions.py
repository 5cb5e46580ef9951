"""Keep of every session whether an identity provider vouched for its holder."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; sessions opened before were opened by password."""
    comment = "true where an identity provider said who it is, not a password"
    op.add_column("session", sa.Column("vouched", sa.Boolean(), nullable=False, server_default=sa.false(), comment=comment))
