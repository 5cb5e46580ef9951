"""Let an account have several areas, of which a session works in one at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add one column to accounts and one to sessions."""
    further = "further areas, of which a session works in one at a time; null where there are none"
    op.add_column("account", sa.Column("more_scopes", sa.JSON(), comment=further))
    op.add_column("session", sa.Column("scope", sa.String(), comment="which further area of its account it works in; null is the first"))
