"""Keep the polygons of grids, for maps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; grids stored before have none until their file is read again."""
    op.add_column("grid", sa.Column("geometry", sa.String(), nullable=True, comment="polygon as WKT, for maps"))
