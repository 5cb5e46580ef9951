"""The work list: all alerts in reach in the order in which they should be handled, with true counts.

Overdue alerts come first, then those under supervision, then by level and age; places are never ranked among each other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto

from sqlalchemy import ColumnElement, Engine, and_, case, func, or_, select

from features.database.alert_tables import alert
from features.database.tables import grid
from serving.accounts.permissions import Actor, Scope
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import ENDED, OPEN, State, Supervision
from serving.alerts.outcomes import read_outcomes
from serving.alerts.queries import alert_of, disclose, seen_by, within
from serving.alerts.schemas import Alert
from serving.settings import DueHours

LEVEL_ORDER = {"priority": 0, "elevated": 1, "watch": 2, "routine": 3}
NO_LEVEL = 4


class Part(StrEnum):
    """Parts of the work list."""

    OPEN = auto()
    WAITING = auto()
    IN_HAND = auto()
    OVERDUE = auto()
    SUPERVISED = auto()
    ENDED = auto()


@dataclass(frozen=True)
class Filter:
    """Filters of the list; everything named must hold."""

    part: Part = Part.OPEN
    level: str | None = None
    area: str | None = None
    """Path of an area."""
    kind: str | None = None
    text: str = ""
    """Part of a name or code of a grid."""


@dataclass(frozen=True)
class Worklist:
    """One page of the list, and how many there are in all."""

    alerts: list[Alert]
    total: int
    """Alerts that pass the filter."""
    counts: Mapping[Part, int]
    """Alerts in reach per part, whatever the filter."""


def read_worklist(engine: Engine, actor: Actor, wanted: Filter, hours: DueHours, now: datetime, page: tuple[int, int]) -> Worklist:
    """Return a page of the list; `page` is how many alerts to return, and how many to leave out before."""
    limit, offset = page
    late = is_overdue(hours, now)
    conditions = [seen_by(actor), *_conditions(wanted, late)]
    query = select(alert).where(*conditions).order_by(*_order(late, ended=wanted.part is Part.ENDED)).limit(limit).offset(offset)
    counted = select(*(func.count(case((_in_part(part, late), 1))).label(part) for part in Part)).where(seen_by(actor))
    with reading_within(engine, actor.scope) as connection:
        rows = connection.execute(query).mappings().all()
        followed = read_outcomes(connection, rows)
        total = connection.execute(select(func.count()).select_from(alert).where(*conditions)).scalar_one()
        counts = connection.execute(counted).mappings().one()
    alerts = [disclose(alert_of(row), actor.scope).model_copy(update={"sequel": followed.get(row["alert_id"])}) for row in rows]
    return Worklist(alerts, total, {part: counts[part] for part in Part})


def kinds_in_reach(engine: Engine, actor: Actor) -> list[str]:
    """Return the kinds of case that alerts in reach are about."""
    query = select(alert.c.kind).where(seen_by(actor), alert.c.kind.is_not(None)).distinct().order_by(alert.c.kind)
    with reading_within(engine, actor.scope) as connection:
        return [kind for kind in connection.execute(query).scalars() if kind]


def is_overdue(hours: DueHours, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the next step of an alert is overdue."""
    allowed = {State.PUBLISHED: hours.acknowledge, State.ACKNOWLEDGED: hours.start, State.IN_ACTION: hours.close}
    return or_(*(and_(alert.c.state == state, alert.c.since < now - timedelta(hours=given)) for state, given in allowed.items()))


def _in_part(part: Part, late: ColumnElement[bool]) -> ColumnElement[bool]:
    is_open = alert.c.state.in_(OPEN)
    return {
        Part.OPEN: is_open,
        Part.WAITING: alert.c.state == State.PUBLISHED,
        Part.IN_HAND: alert.c.state.in_(OPEN - {State.PUBLISHED}),
        Part.OVERDUE: late,
        Part.SUPERVISED: alert.c.supervision.in_((Supervision.REQUESTED, Supervision.LISTED)),
        Part.ENDED: alert.c.state.in_(ENDED),
    }[part]


def _conditions(wanted: Filter, late: ColumnElement[bool]) -> Iterator[ColumnElement[bool]]:
    yield _in_part(wanted.part, late)
    if wanted.level:
        yield alert.c.level == wanted.level
    if wanted.area:
        yield within(alert.c.path, Scope(wanted.area))
    if wanted.kind:
        yield alert.c.kind == wanted.kind
    if wanted.text:
        named = select(grid.c.grid_id).where(grid.c.name.contains(wanted.text, autoescape=True))
        yield or_(alert.c.grid_id.contains(wanted.text, autoescape=True), alert.c.grid_id.in_(named))


def _order(late: ColumnElement[bool], *, ended: bool) -> tuple[ColumnElement[object], ...]:
    if ended:
        return (alert.c.since.desc(), alert.c.path, alert.c.alert_id)
    first = case((late, 0), else_=1), case((alert.c.supervision == Supervision.LISTED, 0), else_=1)
    return (*first, case(LEVEL_ORDER, value=alert.c.level, else_=NO_LEVEL), alert.c.since, alert.c.path, alert.c.alert_id)
