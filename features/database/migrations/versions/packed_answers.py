"""Compress the answers that are kept for requests that are repeated."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Give PostgreSQL's column room for bytes; SQLite's holds texts of before beside compressed rows."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE answered ALTER COLUMN answer TYPE bytea USING convert_to(answer, 'UTF8')")
