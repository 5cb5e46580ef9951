"""Open alerts by age: how many wait, never with whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from features.database.alert_tables import OPEN_STATES, alert
from serving.access.actor import Scope
from serving.access.walls import reading_within
from serving.alerts.life import State

AGES = (1, 3, 7, 14)
"""Days up to which each age group but the last reaches."""


@dataclass(frozen=True)
class AgeGroup:
    """Alerts of one age."""

    key: str
    """Key of its name in the catalogue."""
    unanswered: int
    total: int


def open_alerts(engine: Engine, scope: Scope, now: datetime) -> tuple[AgeGroup, ...]:
    """Count the open alerts of a scope by the time since they were raised, the youngest first."""
    query = select(alert.c.path, alert.c.raised_at, alert.c.state).where(alert.c.state.in_(OPEN_STATES))
    with reading_within(engine, scope) as connection:
        rows = [row for row in connection.execute(query) if scope.covers(row.path)]
    ages = [(sum(now - row.raised_at > timedelta(days=days) for days in AGES), row.state) for row in rows]
    return tuple(_group(number, [state for age, state in ages if age == number]) for number in range(len(AGES) + 1))


def _group(number: int, states: Sequence[str]) -> AgeGroup:
    return AgeGroup(f"age_{number}", states.count(State.PUBLISHED), len(states))
