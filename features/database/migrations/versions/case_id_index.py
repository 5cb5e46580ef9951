"""Let the index of the ids of cases be one that a first load may make at its end."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Put an index in the place of the constraint; a SQLite log that holds cases keeps it, which serves as well after a first load."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite and op.get_bind().execute(sa.text("SELECT 1 FROM event LIMIT 1")).first():
        return
    with op.batch_alter_table("event") as table:
        table.drop_constraint("uq_event_event_id", type_="unique")
        table.create_index("uq_event_event_id", ["event_id"], unique=True)
