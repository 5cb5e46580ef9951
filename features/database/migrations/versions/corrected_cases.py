"""Keep where a case went and what it became; let a grid be redrawn on more than one day."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add what a correction says to transitions, and the day to the key of the crosswalk."""
    op.add_column("event_transition", sa.Column("grid_id", sa.String(), comment="of a corrected case: its grid from then on"))
    op.add_column("event_transition", sa.Column("category", sa.String(), comment="of a corrected case: its category from then on"))
    with op.batch_alter_table("grid_mapping") as table:
        table.drop_constraint("pk_grid_mapping", type_="primary")
        table.create_primary_key("pk_grid_mapping", ["old", "new", "at"])
