"""Trail of settings: an entry of the audit trail each time that they differ from the last ones."""

import json
from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Engine, select

from features.database.access_tables import audit as trail
from features.database.engine import reading, writing
from serving.audit import audit_log
from serving.settings import Settings

ACTION, SUBJECT = "settings.change", "settings"
SECRET = ("database_url",)
"""Settings that may hold a password."""


def note_settings(engine: Engine, settings: Settings, now: datetime) -> bool:
    """Write down the settings that differ from the defaults, unless the trail says the same; return whether it was done."""
    now_set = {name: value for name, value in _flat(settings, type(settings).model_construct()) if name not in SECRET}
    last = select(trail.c.detail).where(trail.c.action == ACTION).order_by(trail.c.id.desc()).limit(1)
    with reading(engine) as connection:
        before = connection.execute(last).scalar()
    if json.loads(before or "{}") == now_set:
        return False
    with writing(engine) as connection:
        audit_log.record(connection, audit_log.OPERATOR, ACTION, SUBJECT, now_set, now)
    return True


def _flat(settings: BaseModel, defaults: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield name, with its sections, and JSON value of every setting that is not its default."""
    stored = settings.model_dump(mode="json")
    for name in type(settings).model_fields:
        value, default = getattr(settings, name), getattr(defaults, name)
        if isinstance(value, BaseModel) and isinstance(default, type(value)):
            yield from _flat(value, default, f"{prefix}{name}.")
        elif value != default:
            yield f"{prefix}{name}", stored[name]
