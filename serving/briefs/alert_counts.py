"""Alerts of an area for a brief: what is open and due, and what was done within some days; never by person or unit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from features.database.alert_tables import alert, alert_transition
from serving.accounts.row_security import reading_within
from serving.alerts.backlog import open_now
from serving.alerts.lifecycle import State
from serving.alerts.queries import within
from serving.briefs.desk import Desk
from serving.rankings.releases import shown


@dataclass(frozen=True)
class DueAlert:
    """One open alert and when its next step is due."""

    path: str
    state: State
    due: datetime


@dataclass(frozen=True)
class OpenAlerts:
    """The open alerts of an area, the next due first."""

    overdue: Sequence[DueAlert]
    today: Sequence[DueAlert]
    """Due before the local day ends."""
    later: Sequence[DueAlert]

    @property
    def total(self) -> int:
        """Number of open ones."""
        return len(self.overdue) + len(self.today) + len(self.later)

    @property
    def unacknowledged(self) -> int:
        """Number that nobody has acknowledged."""
        return sum(each.state == State.PUBLISHED for each in (*self.overdue, *self.today, *self.later))


def read_open(desk: Desk) -> OpenAlerts:
    """Return the open alerts of the area that are out."""
    hours = desk.settings.alerts.due_hours
    found = [DueAlert(each.path, each.state, due) for each in open_now(desk.engine, desk.scope) if (due := each.due(hours))]
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
