"""Alerts of an area for a brief: what is open and due, and what was done within some days; never by person or unit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from features.database.alert_tables import OPEN_STATES, alert, alert_transition
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import State, due_at
from serving.alerts.queries import within
from serving.briefs.desk import Desk
from serving.rankings.releases import shown


@dataclass(frozen=True)
class OpenAlert:
    """One open alert and when its next step is due."""

    path: str
    state: State
    due: datetime


@dataclass(frozen=True)
class OpenAlerts:
    """The open alerts of an area, the next due first."""

    overdue: Sequence[OpenAlert]
    today: Sequence[OpenAlert]
    """Due before the local day ends."""
    later: Sequence[OpenAlert]

    @property
    def total(self) -> int:
        """How many are open."""
        return len(self.overdue) + len(self.today) + len(self.later)

    @property
    def unacknowledged(self) -> int:
        """How many nobody acknowledged yet."""
        return sum(each.state == State.PUBLISHED for each in (*self.overdue, *self.today, *self.later))


def read_open(desk: Desk) -> OpenAlerts:
    """Return the open alerts of the area that are out."""
    query = select(alert.c.path, alert.c.state, alert.c.since).where(alert.c.state.in_(OPEN_STATES))
    with reading_within(desk.engine, desk.scope) as connection:
        rows = connection.execute(query.where(within(alert.c.path, desk.scope), shown(alert.c.ranking_id))).all()
    hours = desk.settings.alerts.due_hours
    found = [(OpenAlert(row.path, State(row.state), due)) for row in rows if (due := due_at(State(row.state), row.since, hours))]
    found.sort(key=lambda each: (each.due, each.path))
    end = desk.midnight(desk.today).timestamp() + 86_400
    overdue = [each for each in found if each.due < desk.now]
    today = [each for each in found if desk.now <= each.due and each.due.timestamp() <= end]
    return OpenAlerts(overdue, today, found[len(overdue) + len(today) :])


def count_steps(desk: Desk, start: datetime, end: datetime) -> Counter[str]:
    """Count the alerts of the area that took each step within [start, end); one that took a step twice counts once."""
    query = (
        select(alert_transition.c.action, alert_transition.c.alert_id)
        .join(alert, alert.c.alert_id == alert_transition.c.alert_id)
        .where(alert_transition.c.at >= start, alert_transition.c.at < end)
        .where(within(alert.c.path, desk.scope), shown(alert.c.ranking_id))
        .distinct()
    )
    with reading_within(desk.engine, desk.scope) as connection:
        return Counter(row.action for row in connection.execute(query))
