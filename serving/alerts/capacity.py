"""Forecast of the alerts a day that a rule would make, before it is saved: the rule replayed over the lists that were published last."""

import math
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Engine, func, select

from features.database.engine import reading
from features.database.tables import ranking, ranking_row
from features.eventlog.undertakings import attention_on
from serving.accounts.permissions import Scope
from serving.alerts.rule import AlertHistory, Outcome, RankedGrids, decide, is_above, seeded
from serving.rankings.ledger import newest_entry
from serving.rankings.list_rows import read_rows
from serving.rankings.schemas import GridRow
from serving.settings import AlertSettings
from serving.text import Text

LISTS = 28

Attention = tuple[tuple[Scope, float], ...]
"""Areas and the factor on the share of grids alerted there."""


@dataclass
class _Replay:
    """Backlog that the rule would have left, if every alert stayed open until its window ended."""

    ends: dict[str, date] = field(default_factory=dict)
    above: frozenset[str] = frozenset()

    def alerts_of(self, day: date, horizon_days: int, listed: RankedGrids, alerts: AlertSettings, attention: Attention) -> int:
        cool_down = timedelta(days=alerts.cool_down_days)
        standing = AlertHistory(
            open=frozenset(grid for grid, end in self.ends.items() if end > day),
            cooling=frozenset(grid for grid, end in self.ends.items() if end <= day < end + cool_down),
            above=self.above,
            attention=attention,
        )
        decisions = decide(listed.candidates, standing, alerts, seeded(day, "expected", 0))
        raised = [each.grid_id for each in decisions if each.outcome is Outcome.RAISED]
        self.ends |= dict.fromkeys(raised, day + timedelta(days=horizon_days))
        self.above = frozenset(each.grid_id for each in decisions if is_above(each))
        return len(raised)


def expected_alerts_per_day(
    engine: Engine, alerts: AlertSettings, target: str, lists: int = LISTS, tried: Attention = ()
) -> dict[date, int]:
    """Return per day of the last published lists how many alerts a rule would have raised; empty where nothing was published.

    Undertakings that were under way move it as they did; `tried` is attention that nobody has saved yet.
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
            rows = [GridRow.model_validate_json(row.body) for row in read_rows(connection, [number], "grid")]
            saved = tuple((Scope(path), factor) for path, factor in attention_on(connection, day))
            counted[day] = replay.alerts_of(day, horizon_days, RankedGrids(rows), alerts, (*saved, *tried))
    return counted


LIMIT_WEEKS = 26
LISTS_A_WEEK = 7
NEVER = Text(zh="不会被随机抽到", en="never")


def revisit_interval_weeks(grids: int, townships: int, alerts: AlertSettings) -> float:
    """Return after how many weeks a grid is drawn by lot on average: grids over the share of the slots that is drawn.

    >>> round(revisit_interval_weeks(605, 11, AlertSettings()))
    26
    >>> revisit_interval_weeks(605, 11, AlertSettings(exploration_share=0))
    inf
    """
    drawn = alerts.exploration_share * alerts.per_township * max(townships, 1) * LISTS_A_WEEK
    return grids / drawn if drawn else math.inf


def read_revisit_interval(engine: Engine, alerts: AlertSettings) -> float | None:
    """Return the same for the places of the newest list; None before the first."""
    last = newest_entry(engine)
    if last is None:
        return None
    query = select(ranking_row.c.level, func.count()).where(ranking_row.c.ranking_id == last.id).group_by(ranking_row.c.level)
    with reading(engine) as connection:
        rows = {row[0]: row[1] for row in connection.execute(query)}
    return revisit_interval_weeks(rows.get("grid", 0), rows.get("township", 0), alerts)


def say_neglect(weeks: float) -> Text:
    """Say whether lot alone keeps the limit.

    >>> say_neglect(202.0).zh
    '按现有名额，每个网格平均202周随机抽到一次；做不到26周内至少走访一次，请增加名额或登记日常走访'
    >>> say_neglect(20.0).en
    'at this capacity lot leads to a grid once in 20 weeks; that keeps the limit of 26 weeks'
    """
    if weeks <= LIMIT_WEEKS:
        zh, en = f"可以做到{LIMIT_WEEKS}周内至少走访一次", f"that keeps the limit of {LIMIT_WEEKS} weeks"
    else:
        zh = f"做不到{LIMIT_WEEKS}周内至少走访一次，请增加名额或登记日常走访"
        en = f"the limit of {LIMIT_WEEKS} weeks cannot be kept so: add slots, or enter routine visits"
    often = Text(zh=f"平均{weeks:.0f}周随机抽到一次", en=f"once in {weeks:.0f} weeks") if math.isfinite(weeks) else NEVER
    return Text(zh=f"按现有名额，每个网格{often.zh}；{zh}", en=f"at this capacity lot leads to a grid {often.en}; {en}")
