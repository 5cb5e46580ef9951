"""The work list: all alerts in reach in the order in which they should be handled, with true counts; and the backlog of a scope.

Overdue alerts come first, then those under supervision, then by level and age; places are never ranked among each other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from itertools import groupby, takewhile

from sqlalchemy import ColumnElement, Engine, RowMapping, and_, case, func, or_, select

from features.database.alert_tables import alert, alert_transition
from features.database.tables import grid
from serving.accounts.permissions import Actor, Scope
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import ENDED, OPEN, Action, State, Supervision, due_at
from serving.alerts.queries import alert_of, disclose, seen_by, within
from serving.alerts.schemas import Alert, read_outcomes
from serving.rankings.publishing import shown
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


@dataclass(frozen=True)
class OpenAlert:
    """One alert that is open at some moment, as it stood then."""

    path: str
    state: State
    since: datetime
    """Moment the state was reached."""
    raised_at: datetime
    supervised: bool

    def due(self, hours: DueHours) -> datetime | None:
        """Return by when its next step is to be taken."""
        return due_at(self.state, self.since, hours)

    def is_overdue(self, hours: DueHours, moment: datetime) -> bool:
        """Tell whether its next step is overdue at a moment."""
        due = self.due(hours)
        return due is not None and due < moment


@dataclass(frozen=True)
class AreaBacklog:
    """Open alerts of one area."""

    path: str
    open: int
    overdue: int
    supervised: int


def open_now(engine: Engine, scope: Scope) -> list[OpenAlert]:
    """Return the alerts of a scope that are open, those of lists that wait for their release left out."""
    columns = (alert.c.path, alert.c.state, alert.c.since, alert.c.raised_at, alert.c.supervision)
    query = select(*columns).where(within(alert.c.path, scope), alert.c.state.in_(OPEN), shown(alert.c.ranking_id))
    with reading_within(engine, scope) as connection:
        rows = connection.execute(query).mappings().all()
    return [_as_it_stands(row) for row in rows]


def open_at(engine: Engine, scope: Scope, moment: datetime) -> list[OpenAlert]:
    """Return the alerts of a scope that were open at an earlier moment, from their histories."""
    ended_later = or_(alert.c.state.in_(OPEN), alert.c.since > moment)
    query = (
        select(alert.c.path, alert.c.raised_at, alert.c.supervision, alert_transition)
        .join(alert_transition)
        .where(within(alert.c.path, scope), alert.c.raised_at <= moment, ended_later, shown(alert.c.ranking_id))
        .order_by(alert.c.alert_id, alert_transition.c.version)
    )
    with reading_within(engine, scope) as connection:
        rows = connection.execute(query).mappings().all()
    histories = (list(steps) for _, steps in groupby(rows, key=lambda row: row["alert_id"]))
    return [stood for steps in histories if (stood := _stood(steps, moment)).state in OPEN]


def backlog_below(alerts: Iterable[OpenAlert], depth: int, hours: DueHours, moment: datetime) -> list[AreaBacklog]:
    """Count open alerts by the areas whose paths have `depth` codes, in the order of their codes."""
    counted: dict[str, list[int]] = {}
    for each in alerts:
        counts = counted.setdefault("/".join(each.path.split("/")[:depth]), [0, 0, 0])
        counts[0] += 1
        counts[1] += each.is_overdue(hours, moment)
        counts[2] += each.supervised
    return [AreaBacklog(path, *counts) for path, counts in sorted(counted.items())]


def _as_it_stands(row: RowMapping) -> OpenAlert:
    supervised = row["supervision"] == Supervision.LISTED
    return OpenAlert(row["path"], State(row["state"]), row["since"], row["raised_at"], supervised)


def _stood(history: Sequence[RowMapping], moment: datetime) -> OpenAlert:
    """Return how an alert stood at a moment; one that was reopened may have been under supervision from its first step on."""
    steps = [step for step in history if step["at"] <= moment]
    last = steps[-1]
    in_state = takewhile(lambda step: step["state"] == last["state"], reversed(steps))
    inherited = last["supervision"] is not None and not any(step["action"] == Action.SUPERVISE for step in history)
    moves = [step["action"] for step in steps if step["action"] in {Action.SUPERVISE, Action.STRIKE_OFF}]
    supervised = moves[-1] == Action.SUPERVISE if moves else inherited and last["supervision"] != Supervision.REQUESTED
    return OpenAlert(last["path"], State(last["state"]), min(step["at"] for step in in_state), last["raised_at"], supervised)
