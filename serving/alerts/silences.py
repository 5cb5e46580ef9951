"""Silences: an area raises no alerts for a while; with an author, a reason and an end, and what it mutes is still listed."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, insert, select

from features.database.alert_tables import silence
from features.database.engine import writing
from features.errors import ForbiddenError, NotFoundError, UsageError
from serving import audit
from serving.accounts.permissions import Actor, Right, Scope
from serving.accounts.row_security import reading_within
from serving.alerts.queries import within
from serving.rankings.schemas import GridRow, place_of

LONGEST = timedelta(days=14)
ENDED = "ended"
"""Reason of the row that ends what silences its area before; rows are never changed."""


class SilenceReason(StrEnum):
    """Reason for silencing an area."""

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


def silence_area(engine: Engine, actor: Actor, wanted: Silence, now: datetime) -> Silence:
    """Silence an area within one's own.

    Raises:
        ForbiddenError: the account may not, or the area lies elsewhere.
        UsageError: it would begin in the past, not end, or last more than 14 days.
    """
    if not (actor.may(Right.SILENCE) and actor.scope.covers(wanted.area.path)):
        raise ForbiddenError("a silence is for an area of one's own and needs the right silence. Ask who has it.")
    if not now <= wanted.starts_at < wanted.ends_at <= now + LONGEST:
        raise UsageError(f"a silence must begin now or later and end after that, within {LONGEST.days} days. Choose other times.")
    stored = {"path": wanted.area.path, "starts_at": wanted.starts_at, "ends_at": wanted.ends_at, "reason": wanted.reason}
    with writing(engine) as connection:
        connection.execute(insert(silence), stored | {"actor_id": actor.account_id})
        detail = {"reason": wanted.reason, "until": wanted.ends_at.isoformat()}
        audit.record(connection, actor.account_id, "alert.silence", wanted.area.path, detail, now)
    return wanted


def end_silence(engine: Engine, actor: Actor, area: Scope, now: datetime) -> list[Silence]:
    """End at once what silences an area within one's own, by whomever it was silenced, and return it.

    Raises:
        ForbiddenError: the account may not, or the area lies elsewhere.
        NotFoundError: nothing silences the area.
    """
    if not (actor.may(Right.SILENCE) and actor.scope.covers(area.path)):
        raise ForbiddenError("a silence is ended in an area of one's own and needs the right silence. Ask who has it.")
    query = select(silence).where(silence.c.path == area.path, _lasting(now)).order_by(silence.c.id)
    with writing(engine) as connection:
        ended = [_silence(row) for row in connection.execute(query)]
        if not ended:
            raise NotFoundError("an area must be silenced for its silence to end, found none of it. Look at the list of silences.")
        stored = {"path": area.path, "starts_at": now, "ends_at": now, "reason": ENDED, "actor_id": actor.account_id}
        connection.execute(insert(silence), stored)
        audit.record(connection, actor.account_id, "alert.silence_end", area.path, {"ended": len(ended)}, now)
    return ended


def active(connection: Connection, now: datetime) -> tuple[Scope, ...]:
    """Return the areas that are silent at a moment."""
    query = select(silence.c.path).where(silence.c.starts_at <= now, _lasting(now)).distinct().order_by(silence.c.path)
    return tuple(Scope(path) for path in connection.execute(query).scalars())


def list_silences(engine: Engine, scope: Scope, now: datetime) -> list[Silence]:
    """Return the silences of a scope that have not ended, by area."""
    query = select(silence).where(within(silence.c.path, scope), _lasting(now)).order_by(silence.c.path, silence.c.id)
    with reading_within(engine, scope) as connection:
        return [_silence(row) for row in connection.execute(query)]


def _lasting(now: datetime) -> ColumnElement[bool]:
    """Hold for a silence that is over neither by its own end nor by a later row that ended it."""
    end = silence.alias()
    ended = select(end.c.id).where(end.c.path == silence.c.path, end.c.id > silence.c.id, end.c.reason == ENDED, end.c.starts_at <= now)
    return and_(silence.c.ends_at > now, ~ended.exists())


def _silence(row: Row[Any]) -> Silence:
    return Silence(Scope(row.path), row.starts_at, row.ends_at, SilenceReason(row.reason))


def heard(firing: Set[str], silences: tuple[Scope, ...] = ()) -> set[str]:
    """Return which of the firing places are to be shown; the others are silenced, or an ancestor that is shown covers them.

    A silenced area hides nothing below it: its children speak for themselves unless the silence covers them as well.

    >>> sorted(heard({"d/t", "d/t/c1", "d/u/c2"}))
    ['d/t', 'd/u/c2']
    """
    audible = {path for path in firing if not any(silence.covers(path) for silence in silences)}
    return {path for path in audible if not any(ancestor in audible for ancestor in ancestors(path))}


def ancestors(path: str) -> Iterator[str]:
    """Yield the places above one, the nearest first.

    >>> list(ancestors("d/t/c"))
    ['d/t', 'd']
    """
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def data_notices(rows: Iterable[GridRow]) -> dict[str, int]:
    """Return the places in which no grid could be rated, with the number of their grids; an area speaks for all below it."""
    rated: set[str] = set()
    grids: dict[str, int] = {}
    for row in rows:
        path = place_of({"grid_id": row.grid_id, "community": row.community, "township": row.township, "district": row.district})
        for place in (path, *ancestors(path)):
            grids[place] = grids.get(place, 0) + 1
            if row.score:
                rated.add(place)
    return {place: grids[place] for place in sorted(heard(grids.keys() - rated))}
