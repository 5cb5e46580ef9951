"""The audit trail: who did what, when; written in the transaction of the deed, chained by hashes, never changed.

Settings leave an entry each time that they differ from the last ones.

Chains of hashes: every entry names the one before it, so a change anywhere breaks all that follows.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from pydantic import BaseModel
from sqlalchemy import Connection, Engine, RowMapping, insert, select, text

from features.database.access_tables import audit
from features.database.access_tables import audit as trail
from features.database.engine import reading, writing
from features.errors import StoreError
from serving.settings import Settings

OPERATOR = "operator"
"""Actor of the command line, which has no accounts."""

ACTION, SUBJECT = "settings.change", "settings"
SECRET = ("database_url",)
"""Settings that may hold a password."""

GENESIS = "0" * 64
"""Predecessor of the first entry."""


def hash_entry(fields: Mapping[str, object]) -> str:
    """Return the SHA-256 over all fields of an entry, its `previous_hash` among them."""
    content = json.dumps(fields, default=_moment, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _moment(value: date) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()


@dataclass(frozen=True)
class AuditEntry:
    """One entry of the trail."""

    id: int
    """1, 2, 3, ...: place in the chain."""
    at: datetime
    actor_id: str
    """Pseudonym of the account, or `OPERATOR`."""
    action: str
    """Topic and verb, such as `account.create`."""
    subject: str
    """Object of the action: an id, never a name or a secret."""
    detail: str
    """JSON of whatever else must be known later."""
    previous_hash: str

    @property
    def hash(self) -> str:
        """SHA-256 over all of the above."""
        return hash_entry(asdict(self))


def record(connection: Connection, actor_id: str, action: str, subject: str, detail: Mapping[str, object], now: datetime) -> AuditEntry:
    """Append a deed inside the caller's writing transaction: what was done and that it was done are stored together or not at all."""
    _lock(connection)
    last = connection.execute(select(audit.c.id, audit.c.entry_hash).order_by(audit.c.id.desc()).limit(1)).first()
    deed = AuditEntry(
        id=last.id + 1 if last else 1,
        at=now,
        actor_id=actor_id,
        action=action,
        subject=subject,
        detail=json.dumps(detail, ensure_ascii=False, sort_keys=True),
        previous_hash=last.entry_hash if last else GENESIS,
    )
    connection.execute(insert(audit), vars(deed) | {"entry_hash": deed.hash})
    return deed


def note(engine: Engine, actor_id: str, action: str, subject: str, now: datetime) -> None:
    """Append an entry about what changes nothing else, such as reading a report."""
    with writing(engine) as connection:
        record(connection, actor_id, action, subject, {}, now)


def last_hash(engine: Engine) -> str:
    """Return the hash of the newest entry; `GENESIS` without one."""
    with reading(engine) as connection:
        return connection.execute(select(audit.c.entry_hash).order_by(audit.c.id.desc()).limit(1)).scalar() or GENESIS


def verify(engine: Engine, heads: Collection[str] = (), newest: int | None = None) -> int:
    """Check the whole trail, or its `newest` entries, and return how many entries it has.

    `heads` are hashes of entries that were written down elsewhere; without them, a cut tail or a chain hashed anew cannot be told.

    Raises:
        StoreError: an entry was changed, added, moved or removed, or a head is not in the chain.
    """
    with reading(engine) as connection:
        return _verify(connection, heads, newest)


def _verify(connection: Connection, heads: Collection[str], newest: int | None = None) -> int:
    hashes = connection.execute(select(audit.c.entry_hash).order_by(audit.c.id)).scalars().all()
    number = 1 if newest is None else max(1, len(hashes) - newest + 1)
    for row in connection.execute(select(audit).where(audit.c.id >= number).order_by(audit.c.id)).mappings():
        _hold(row["id"] == number and _is_whole(row, hashes[number - 2] if number > 1 else GENESIS), number)
        number += 1
    _hold(number == len(hashes) + 1, number)
    if not set(hashes).issuperset(heads):
        raise StoreError("the audit trail must hold the heads that were written down, and does not. Restore it from the backup.")
    return len(hashes)


def _is_whole(row: RowMapping, previous_hash: str) -> bool:
    deed = _deed(row)
    return (deed.previous_hash, deed.hash) == (previous_hash, row["entry_hash"])


def _hold(condition: bool, number: int) -> None:
    if not condition:
        raise StoreError(f"entry {number} of the audit trail must be as it was written. Restore it from the backup.")


def _lock(connection: Connection) -> None:
    """Let nobody else append; SQLite's writing transaction does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))


def _deed(row: RowMapping) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in AuditEntry.__dataclass_fields__})


def note_settings(engine: Engine, settings: Settings, now: datetime) -> bool:
    """Write down the settings that differ from the defaults, unless the trail says the same; return whether it was done."""
    now_set = {name: value for name, value in _flat(settings, type(settings).model_construct()) if name not in SECRET}
    last = select(trail.c.detail).where(trail.c.action == ACTION).order_by(trail.c.id.desc()).limit(1)
    with reading(engine) as connection:
        before = connection.execute(last).scalar()
    if json.loads(before or "{}") == now_set:
        return False
    with writing(engine) as connection:
        record(connection, OPERATOR, ACTION, SUBJECT, now_set, now)
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
