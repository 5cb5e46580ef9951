"""Create read-only views for BI tools."""

from alembic import op

from features.database.views import create_views

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create the views; on PostgreSQL they show what the policies of their tables show."""
    for statement in create_views(op.get_bind().dialect.name):
        op.execute(statement)
