"""How many alerts a day a rule would make, told before it is saved: the rule replayed over the lists that were published last."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import ranking, ranking_row
from serving.alerts.listed import Listed
from serving.alerts.rule import Outcome, Standing, decide, is_above, seeded
from serving.lists.rows import GridRow
from serving.settings import AlertSettings

LISTS = 28


@dataclass
class _Replay:
    """What the rule would have left behind, if every alert stayed open until its window ended."""

    ends: dict[str, date] = field(default_factory=dict)
    above: frozenset[str] = frozenset()

    def alerts_of(self, day: date, horizon_days: int, listed: Listed, settings: AlertSettings) -> int:
        cool_down = timedelta(days=settings.cool_down_days)
        standing = Standing(
            open=frozenset(grid for grid, end in self.ends.items() if end > day),
            cooling=frozenset(grid for grid, end in self.ends.items() if end <= day < end + cool_down),
            above=self.above,
        )
        decisions = decide(listed.candidates, standing, settings, seeded(day, "expected", 0))
        raised = [each.grid_id for each in decisions if each.outcome is Outcome.RAISED]
        self.ends |= dict.fromkeys(raised, day + timedelta(days=horizon_days))
        self.above = frozenset(each.grid_id for each in decisions if is_above(each))
        return len(raised)


def expected_alerts_per_day(engine: Engine, settings: AlertSettings, target: str, lists: int = LISTS) -> dict[date, int]:
    """Return per day of the last published lists how many alerts a rule would have raised; empty where nothing was published.

    Alerts are taken to stay open until their window ends; where people close them sooner there are somewhat more.
    """
    newest: dict[date, tuple[int, int]] = {}
    query = select(ranking.c.as_of, ranking.c.id, ranking.c.horizon_days).where(ranking.c.target == target)
    replay, counted = _Replay(), {}
    with reading(engine) as connection:
        for row in connection.execute(query.order_by(ranking.c.as_of, ranking.c.id)):
            newest[row.as_of] = (row.id, row.horizon_days)
        for day in sorted(newest)[-lists:]:
            number, horizon_days = newest[day]
            bodies = select(ranking_row.c.body).where(ranking_row.c.ranking_id == number, ranking_row.c.level == "grid")
            rows = [GridRow.model_validate_json(body) for body in connection.execute(bodies).scalars()]
            counted[day] = replay.alerts_of(day, horizon_days, Listed(rows), settings)
    return counted
