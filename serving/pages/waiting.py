"""Open alerts of the day that is shown: by age, and area by area."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from features.days import day_number, midnight
from serving.accounts.permissions import Scope
from serving.alerts.lifecycle import State
from serving.alerts.worklist import AreaBacklog, OpenAlert, backlog_below, open_at, open_now
from serving.pages.areas import Area
from serving.pages.list_dates import ShownDay
from serving.pages.page import Viewer

AGES = (1, 3, 7, 14)
"""Days up to which each age group but the last reaches."""


@dataclass(frozen=True)
class AgeGroup:
    """Alerts of one age."""

    key: str
    """Key of its name in the catalogue."""
    unanswered: int
    total: int


@dataclass(frozen=True)
class Waiting:
    """Open alerts at one moment."""

    groups: tuple[AgeGroup, ...]
    """By the time since they were raised, the youngest first."""
    areas: tuple[AreaBacklog, ...]
    """By the areas one step down that have any, in the order of their codes."""
    overdue: int
    supervised: int
    past: bool
    """Whether the moment is the end of an earlier day."""

    @property
    def total(self) -> int:
        """All open alerts."""
        return sum(group.total for group in self.groups)


def read_waiting(viewer: Viewer, day: ShownDay, area: Area) -> Waiting:
    """Count the open alerts of an area: now under the newest list, at the end of its day under an earlier one."""
    scope = viewer.scope.meet(Scope(area.node)) or viewer.scope
    end = midnight(day_number(day.as_of) + 1, viewer.site.settings.tz)
    past = day.next is not None and end < viewer.now
    moment = end if past else viewer.now
    alerts = open_at(viewer.engine, scope, moment) if past else open_now(viewer.engine, scope)
    below = backlog_below(alerts, area.node.count("/") + 2 if area.node else 1, viewer.site.settings.alerts.due_hours, moment)
    return Waiting(
        groups=group_by_age(alerts, moment),
        areas=tuple(below),
        overdue=sum(row.overdue for row in below),
        supervised=sum(row.supervised for row in below),
        past=past,
    )


def group_by_age(alerts: Sequence[OpenAlert], moment: datetime) -> tuple[AgeGroup, ...]:
    """Count alerts by the time since they were raised."""
    ages = [(sum(moment - each.raised_at > timedelta(days=days) for days in AGES), each.state) for each in alerts]
    return tuple(_group(number, [state for age, state in ages if age == number]) for number in range(len(AGES) + 1))


def _group(number: int, states: Sequence[State]) -> AgeGroup:
    return AgeGroup(f"age_{number}", states.count(State.PUBLISHED), len(states))
