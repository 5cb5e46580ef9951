"""Compress the rows of lists, and let those leave that an archive holds."""

import sqlalchemy as sa
from alembic import op

from features.database.triggers import refuse_changes, refuse_removal_unless

revision = "0018"
down_revision = "0017"

PLACE = """
CASE level WHEN 'grid'
THEN concat_ws('/', coalesce(nullif(plain.body->>'community', ''), nullif(plain.body->>'township', ''),
                             nullif(plain.body->>'district', '')), place)
ELSE place END
"""
OF_OLD_ROWS = f"(SELECT {PLACE} FROM (SELECT convert_from(ranking_row.body, 'UTF8')::json AS body) AS plain)"  # noqa: S608 - our own names
"""Rows of before have no path of their own; their JSON is not compressed."""


def upgrade() -> None:
    """Store where a row stands beside its body, which PostgreSQL can no longer look into."""
    op.add_column("ranking_row", sa.Column("path", sa.String(), comment="place in the grid tree; null in rows of before"))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP POLICY within_scope ON ranking_row")
        op.execute("ALTER TABLE ranking_row ALTER COLUMN body TYPE bytea USING convert_to(body, 'UTF8')")
        op.execute(f"CREATE POLICY within_scope ON ranking_row USING (in_scope(coalesce(path, {OF_OLD_ROWS})))")
    op.create_table(
        "archived_list",
        sa.Column("ranking_id", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(), nullable=False, comment="name of the Parquet file that holds its rows"),
        sa.Column("sha256", sa.String(), nullable=False, comment="of that file"),
        sa.ForeignKeyConstraint(["ranking_id"], ["ranking.id"], name="fk_archived_list_ranking_id"),
        sa.PrimaryKeyConstraint("ranking_id", name="pk_archived_list"),
    )
    refuse_changes("archived_list")
    refuse_removal_unless("ranking_row", "EXISTS (SELECT 1 FROM archived_list WHERE archived_list.ranking_id = OLD.ranking_id)")
