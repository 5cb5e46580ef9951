"""The newest entries of the audit trail, as tests look at them; pages read it by filters of their own."""

from sqlalchemy import Engine, select

from features.database.access_tables import audit
from features.database.engine import reading
from serving.audit import AuditEntry, _deed


def newest_entries(engine: Engine, limit: int) -> list[AuditEntry]:
    with reading(engine) as connection:
        return [_deed(row) for row in connection.execute(select(audit).order_by(audit.c.id.desc()).limit(limit)).mappings()]
