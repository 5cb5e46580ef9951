"""Create the table of areas, with the names that the names of grids tell."""

import sqlalchemy as sa
from alembic import op

from features.area_names import names_from_grids
from features.database.policies import show_only

revision = "0025"
down_revision = "0024"

GRIDS = "SELECT parent_path, name FROM grid"


def upgrade() -> None:
    """Create and fill the table, and show of it what lies in `app.scope`."""
    area = op.create_table(
        "area",
        sa.Column("path", sa.String(), nullable=False, comment='codes from the top joined by "/"'),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "stated", sa.Boolean(), nullable=False, comment="true where a grid file states it, false where names of its grids tell it"
        ),
        sa.PrimaryKeyConstraint("path", name="pk_area"),
    )
    grids = ((row.parent_path, row.name) for row in op.get_bind().execute(sa.text(GRIDS)))
    op.bulk_insert(area, [{"path": path, "name": name, "stated": False} for path, name in names_from_grids(grids).items()])
    show_only("area", "in_scope(path)")
