"""Quality of alerts: how many were borne out, beside how many should have been. By lot or by score, never by person or unit."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine, select

from features.database.alert_tables import alert
from features.database.engine import reading
from features.days import day_number, to_date
from features.facts.places import Places, positions
from serving.monitoring.list_quality import Realised
from serving.rankings.publishing import shown


@dataclass(frozen=True)
class Followed:
    """Alerts of one way of choosing grids."""

    alerts: int
    expected: float
    """Of them, how many their risk lets expect to be followed by an escalation."""
    followed: int


def follow_alerts(engine: Engine, target: str, realised: Realised, places: Places) -> dict[str, Followed]:
    """Return by `chosen_by` what became of the alerts of the lists that were judged."""
    lists = realised.lists
    days = [to_date(day) for day in lists.as_ofs]
    query = select(alert.c.grid_id, alert.c.starts, alert.c.chosen_by).where(
        alert.c.target == target, alert.c.starts.in_(days), alert.c.follows.is_(None), shown(alert.c.ranking_id)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    grid = positions(places.grid_ids, np.array([row.grid_id for row in rows], np.str_))
    as_of = np.searchsorted(lists.as_ofs, np.array([day_number(row.starts) for row in rows], np.int32))
    chosen_by = np.array([row.chosen_by for row in rows], np.str_)
    risk, followed = lists.risk[as_of, grid], realised.counts[as_of, grid] >= 1
    known = (grid >= 0) & np.isfinite(risk)
    groups = {name: known & (chosen_by == name) for name in sorted(set(chosen_by.tolist()))}
    return {name: Followed(int(used.sum()), float(risk[used].sum()), int(followed[used].sum())) for name, used in groups.items()}
