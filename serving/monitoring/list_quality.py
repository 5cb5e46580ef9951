"""Realised quality: what published lists said beside what followed, and beside what simple rules would have said on the same days."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, select

from features.database.engine import reading
from features.database.tables import ranking
from features.days import Days, day_number, midnight, to_date
from features.errors import NotReadyError
from features.facts.facts import Facts
from features.facts.places import positions
from features.panel.build import Panel, build_panel
from serving.monitoring.drift import Finding, Unknown
from serving.rankings.list_rows import read_rows
from serving.rankings.publishing import shown
from serving.settings import Settings
from serving.text import Text
from training.bootstrap import LEAST_POSITIVES, Cell, Sample, draw_weights, number_blocks
from training.evaluation.fold_runner import by_baselines
from training.evaluation.metrics import Outcomes, Predicted, Scorecard, score
from training.learning.examples import training_part
from training.learning.folds import Fold, Gap, ripe_as_ofs
from training.learning.labels import count_labels, ripe
from training.registry.gate import METRIC

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lists:
    """Lists that were out on their own day, one per as_of."""

    as_ofs: Days
    expected: Floats
    """(T, G) expected escalations; NaN where a grid was not rated."""
    risk: Floats
    late: int
    """Dates whose lists came after their day: nobody could act on them, and their model may have seen what followed."""

    def between(self, first: int, last: int) -> "Lists":
        """Return the lists of the days from first to last, both included."""
        chosen = (self.as_ofs >= first) & (self.as_ofs <= last)
        return Lists(self.as_ofs[chosen], self.expected[chosen], self.risk[chosen], self.late)


@dataclass(frozen=True)
class Wanted:
    """Lists to read; both days are included."""

    target: str
    horizon_days: int
    first: int
    last: int


def read_lists(engine: Engine, wanted: Wanted, grid_ids: npt.NDArray[np.str_], zone: ZoneInfo) -> Lists:
    """Read per date the newest revision that was out before the day ended; `grid_ids` (sorted) gives the order of the grids."""
    query = (
        select(ranking.c.id, ranking.c.as_of, ranking.c.published_at)
        .where(ranking.c.target == wanted.target, ranking.c.horizon_days == wanted.horizon_days, shown(ranking.c.id))
        .where(ranking.c.as_of.between(to_date(wanted.first), to_date(wanted.last)))
        .order_by(ranking.c.as_of, ranking.c.id)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        standing: dict[date, int] = {}
        for row in rows:
            if row.published_at < midnight(day_number(row.as_of) + 1, zone):
                standing[row.as_of] = row.id
        published = np.array([_said(connection, number, grid_ids) for number in standing.values()], np.float64)
    published = published.reshape(len(standing), 2, len(grid_ids))
    as_ofs = np.array([day_number(as_of) for as_of in standing], np.int32)
    return Lists(as_ofs, published[:, 0], published[:, 1], late=len({row.as_of for row in rows} - set(standing)))


def _said(connection: Connection, ranking_id: int, grid_ids: npt.NDArray[np.str_]) -> Floats:
    """Return expected escalations and risk of each grid, (2, G)."""
    rows = (json.loads(row.body) for row in read_rows(connection, [ranking_id], "grid"))
    rated = [row for row in rows if row["score"]]
    place = positions(grid_ids, np.array([row["grid_id"] for row in rated], np.str_))
    figures = np.array([[row["score"]["expected_escalations"], row["score"]["risk"]] for row in rated], np.float64).reshape(-1, 2)
    published = np.full((2, len(grid_ids)), np.nan)
    published[:, place[place >= 0]] = figures[place >= 0].T
    return published


PUBLISHED = "published"
SIMPLE_RULES = ("count_90d", "backlog_by_type")
"""Rules an office could follow without a model; named beforehand, so that none is picked for having been lucky."""
NO_RULES = "beaten_by: cannot be estimated, no label was ripe before the first list that a rule could be scaled on."
LEARNT_FROM = 52
"""As_ofs, the last ripe ones before the first list, that the rules are scaled on."""
MONTH_DAYS = 28


@dataclass(frozen=True)
class Realised:
    """Quality of the ripe lists of four weeks; `PUBLISHED` stands for them among the models."""

    lists: Lists
    counts: Floats
    """(T, G) escalations that followed."""
    scorecard: Scorecard
    expected: float
    realised: float
    """Sums over the rated grids of all lists; windows of neighbouring lists overlap."""
    calibration: Cell
    """Realised over expected."""

    @property
    def beaten_by(self) -> list[str]:
        """Simple rules that the lists were not better than."""
        gaps = {name: self.scorecard.differences[name][METRIC]["value"] for name in SIMPLE_RULES if name in self.scorecard.differences}
        return [name for name, gap in gaps.items() if gap is not None and gap >= 0]

    def to_json(self) -> dict[str, Any]:
        """Return the figures."""
        dates = [to_date(day).isoformat() for day in self.lists.as_ofs[[0, -1]]]
        return {
            "lists": {"first": dates[0], "last": dates[1], "count": len(self.lists.as_ofs), "late": self.lists.late},
            "rows": self.scorecard.rows,
            "positives": self.scorecard.positives,
            "expected": self.expected,
            "realised": self.realised,
            "realised_over_expected": self.calibration,
            "models": self.scorecard.models,
            "differences": self.scorecard.differences,
            "beaten_by": self.beaten_by if self.scorecard.differences else None,
            "notes": [*self.scorecard.notes, *([] if self.scorecard.differences else [NO_RULES])],
        }


def realise(facts: Facts, lists: Lists, gap: Gap, settings: Settings) -> Realised | Unknown:
    """Judge the lists of the four weeks that end with the last ripe one."""
    final = lists.as_ofs[ripe(lists.as_ofs, gap.horizon_days, gap.delay_allowance_days, facts.known_through_day)]
    if not len(final):
        return _no_ripe_list(lists, gap)
    month = lists.between(int(final[-1]) - MONTH_DAYS + 1, int(final[-1]))
    counts = count_labels(facts, month.as_ofs, gap.horizon_days).astype(np.float64)
    positives = int((counts[np.isfinite(month.expected)] >= 1).sum())
    if positives < LEAST_POSITIVES:
        zh = f"只有{positives}个网格期出现升级，少于{LEAST_POSITIVES}个"
        return Unknown(Text(zh=zh, en=f"{positives} rows saw an escalation, fewer than {LEAST_POSITIVES}"))
    return _judge(facts, month, counts, gap, settings)


def quality_findings(realised: Realised) -> list[Finding]:
    """Say that lists were no better than a simple rule, or that their counts were off."""
    found = []
    if realised.beaten_by:
        rules = ", ".join(realised.beaten_by)
        words = Text(
            zh=f"不优于简单规则（{rules}）：建议回退到上一模型（yujing models rollback）或按简单规则排序",
            en=f"not better than a simple rule ({rules}): roll back (yujing models rollback), or go by the rule",
        )
        found.append(Finding("quality", words))
    bounds = realised.calibration["ci95"]
    if bounds and not bounds[0] <= 1 <= bounds[1]:
        between = f"{bounds[0]:.2f}–{bounds[1]:.2f}"
        words = Text(zh=f"实际件数为预计的{between}倍，预计有偏", en=f"what followed was {between} times what was expected")
        found.append(Finding("quality", words))
    return found


def _no_ripe_list(lists: Lists, gap: Gap) -> Unknown:
    days = gap.horizon_days + gap.delay_allowance_days
    found, late = len(lists.as_ofs), lists.late
    return Unknown(
        Text(
            zh=f"清单要在发布{days}天后才成熟，当日发布的{found}期均未成熟，另有{late}期晚于当日发布、不作评价",
            en=f"a list is ripe after {days} days; none of {found} published on their day is, and {late} came later, which are not judged",
        )
    )


def _judge(facts: Facts, month: Lists, counts: Floats, gap: Gap, settings: Settings) -> Realised:
    panel, rules = _rules(facts, month, gap, settings)
    rated = np.isfinite(month.expected)
    usual = panel.column("target_count_grid_365d").astype(np.float64) / panel.column("history_days") * gap.horizon_days
    block = number_blocks(month.as_ofs, facts.places)
    as_of = np.broadcast_to(np.arange(len(month.as_ofs))[:, None], rated.shape)
    outcomes = Outcomes(counts[rated], as_of[rated], block[rated], 1 - np.exp(-usual[rated]))
    weights = draw_weights(month.as_ofs, int(block.max()) + 1, settings.backtest.bootstrap_draws, settings.backtest.seed)
    predictions = {PUBLISHED: Predicted(month.expected, month.risk)} | rules
    rows = {name: Predicted(each.expected[rated], each.risk[rated]) for name, each in predictions.items()}
    return Realised(
        lists=month,
        counts=counts,
        scorecard=score(outcomes, rows, weights),
        expected=float(month.expected[rated].sum()),
        realised=float(counts[rated].sum()),
        calibration=Sample(block[rated], weights).ratio(counts[rated], month.expected[rated]),
    )


def _rules(facts: Facts, month: Lists, gap: Gap, settings: Settings) -> tuple[Panel, dict[str, Predicted]]:
    """Return the panel of the lists' days, and what baselines would have said; none where nothing could be learnt before."""
    cutoff = int(month.as_ofs[0])
    try:
        before = ripe_as_ofs(facts, gap, settings.backtest)
    except NotReadyError:
        before = month.as_ofs[:0]
    before = before[ripe(before, gap.horizon_days, gap.delay_allowance_days, cutoff)][-LEARNT_FROM:]
    panel = build_panel(facts, np.concatenate([before, month.as_ofs]), gap.horizon_days, settings)
    fold = Fold(slice(0, len(before)), slice(len(before), len(panel.as_ofs)), cutoff)
    unseen = panel.at(fold.test)
    return unseen, by_baselines(training_part(facts, panel, fold, gap), unseen, settings.model.most_rows) if len(before) else {}
