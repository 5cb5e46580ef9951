"""The rule of alerts as it is set, and how many it raised."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from features.database.alert_tables import alert, alert_decision
from features.database.engine import reading
from serving.settings import AlertSettings

LISTS = 14


@dataclass(frozen=True)
class Rule:
    """What the page shows of the rule."""

    settings: Mapping[str, object]
    raised: tuple[tuple[str, int], ...]
    """Day and alerts raised, the newest first."""
    outcomes: Mapping[str, int]
    """What became of the grids that the rule looked at on the last lists."""


def read_rule(engine: Engine, settings: AlertSettings) -> Rule:
    """Return the settings, and what they led to on the last lists."""
    by_day = select(alert.c.starts, func.count()).group_by(alert.c.starts).order_by(alert.c.starts.desc()).limit(LISTS)
    lists = select(alert_decision.c.ranking_id).distinct().order_by(alert_decision.c.ranking_id.desc()).limit(LISTS).scalar_subquery()
    decided = (
        select(alert_decision.c.outcome, func.count()).where(alert_decision.c.ranking_id.in_(lists)).group_by(alert_decision.c.outcome)
    )
    with reading(engine) as connection:
        raised = tuple((str(day), count) for day, count in connection.execute(by_day))
        outcomes = {row[0]: row[1] for row in connection.execute(decided)}
    plain = {name: value for name, value in settings.model_dump().items() if isinstance(value, int | float)}
    return Rule(plain, raised, outcomes)
