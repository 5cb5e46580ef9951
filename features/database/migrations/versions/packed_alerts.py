"""Compress the words of alerts."""

from alembic import op
from sqlalchemy import text

revision = "0024"
down_revision = "0023"

GUARD = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'alert_refuses_update'"


def upgrade() -> None:
    """Give PostgreSQL's column room for bytes, its guard put back as it was; SQLite's holds texts of before beside compressed ones."""
    if op.get_bind().dialect.name == "postgresql":
        guard = op.get_bind().execute(text(GUARD)).scalar_one()
        op.execute("DROP TRIGGER alert_refuses_update ON alert")
        op.execute("ALTER TABLE alert ALTER COLUMN body TYPE bytea USING convert_to(body, 'UTF8')")
        op.execute(guard)
