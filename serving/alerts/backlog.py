"""Backlog of alerts: which are open in a scope, now or at an earlier moment, which of them are overdue or under supervision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, takewhile

from sqlalchemy import Engine, RowMapping, or_, select

from features.database.alert_tables import alert, alert_transition
from serving.accounts.permissions import Scope
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import OPEN, Action, State, Supervision, due_at
from serving.alerts.queries import within
from serving.rankings.releases import shown
from serving.settings import DueHours


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
