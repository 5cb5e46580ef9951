"""Notes: which grids lists have named again and again without a word by a person."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from features.database.alert_tables import alert, alert_decision, alert_transition
from features.database.tables import ranking
from features.days import day_number, midnight
from serving.alerts.life import Action
from serving.alerts.rule import MOST_LISTED, OF_LISTS, Outcome


def unnoted(connection: Connection, target: str, as_of: date, zone: ZoneInfo) -> frozenset[str]:
    """Return the grids that may not be on the list of a day: `MOST_LISTED` of those before it named them, and nobody noted why."""
    earlier = (ranking.c.target == target, ranking.c.as_of < as_of)
    days = select(ranking.c.as_of).where(*earlier).distinct().order_by(ranking.c.as_of.desc()).limit(OF_LISTS - 1)
    first = min(connection.execute(days).scalars(), default=as_of)
    often = (
        select(alert_decision.c.grid_id)
        .join(ranking, ranking.c.id == alert_decision.c.ranking_id)
        .where(*earlier, ranking.c.as_of >= first, alert_decision.c.outcome.in_((Outcome.RAISED, Outcome.OPEN_ALERT)))
        .group_by(alert_decision.c.grid_id)
        .having(func.count(ranking.c.as_of.distinct()) >= MOST_LISTED)
    )
    noted = (
        select(alert.c.grid_id)
        .join(alert_transition, alert_transition.c.alert_id == alert.c.alert_id)
        .where(alert.c.target == target, alert_transition.c.action == Action.COMMENT)
        .where(alert_transition.c.at >= midnight(day_number(first), zone))
    )
    return frozenset(connection.execute(often).scalars()) - set(connection.execute(noted).scalars())
