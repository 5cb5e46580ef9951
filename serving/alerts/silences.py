"""Silences: an area raises no alerts for a while; with an author, a reason and an end, and what it mutes is still listed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto

from sqlalchemy import Connection, Engine, insert, select

from features.database.alert_tables import silence
from features.database.engine import writing
from features.errors import ForbiddenError, UsageError
from serving import audit
from serving.access.actor import Actor, Right, Scope
from serving.access.walls import reading_within
from serving.alerts.store import within

LONGEST = timedelta(days=14)


class SilenceReason(StrEnum):
    """Why an area is silenced."""

    DATA_FAULT = auto()
    REDRAWN_GRIDS = auto()
    STAFF_EXERCISE = auto()
    KNOWN_EVENT = auto()


@dataclass(frozen=True)
class Silence:
    """An area that raises nothing in [starts_at, ends_at)."""

    area: Scope
    starts_at: datetime
    ends_at: datetime
    reason: SilenceReason


def silence_area(engine: Engine, actor: Actor, asked: Silence, now: datetime) -> Silence:
    """Silence an area within one's own.

    Raises:
        ForbiddenError: the account may not, or the area lies elsewhere.
        UsageError: it would begin in the past, not end, or last more than 14 days.
    """
    if not (actor.may(Right.SILENCE) and actor.scope.covers(asked.area.path)):
        raise ForbiddenError("a silence is for an area of one's own and needs the right silence. Ask who has it.")
    if not now <= asked.starts_at < asked.ends_at <= now + LONGEST:
        raise UsageError(f"a silence must begin now or later and end after that, within {LONGEST.days} days. Choose other times.")
    stored = {"path": asked.area.path, "starts_at": asked.starts_at, "ends_at": asked.ends_at, "reason": asked.reason}
    with writing(engine) as connection:
        connection.execute(insert(silence), stored | {"actor_id": actor.account_id})
        detail = {"reason": asked.reason, "until": asked.ends_at.isoformat()}
        audit.record(connection, actor.account_id, "alert.silence", asked.area.path, detail, now)
    return asked


def active(connection: Connection, now: datetime) -> tuple[Scope, ...]:
    """Return the areas that are silent at a moment."""
    query = select(silence.c.path).where(silence.c.starts_at <= now, silence.c.ends_at > now).distinct().order_by(silence.c.path)
    return tuple(Scope(path) for path in connection.execute(query).scalars())


def list_silences(engine: Engine, scope: Scope, now: datetime) -> list[Silence]:
    """Return the silences of a scope that have not ended, by area."""
    query = select(silence).where(within(silence.c.path, scope), silence.c.ends_at > now).order_by(silence.c.path, silence.c.id)
    with reading_within(engine, scope) as connection:
        return [Silence(Scope(row.path), row.starts_at, row.ends_at, SilenceReason(row.reason)) for row in connection.execute(query)]
