"""Backtest: replay the past with rolling-origin refits and judge the model beside every baseline.

Here too: the check of the largest expected count, and the ablation, which repeats a backtest without one family of features at a time.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import to_date
from features.errors import NotReadyError
from features.facts.facts import Facts
from features.panel.build import Panel, Progress
from features.schema import Col
from training.evaluation.baselines import available
from training.evaluation.coverage import Coverage, check_coverage
from training.evaluation.disparity import Grouping, compare_groups, to_json
from training.evaluation.fold_runner import MODEL, Contribution, Stage, by_model, replay, sum_contributions
from training.evaluation.leak_check import AlreadyDue, count_already_due, find_leak_signs, judge_already_due
from training.evaluation.metrics import Predicted, Scorecard, measure, score
from training.evaluation.named_before import count_named_before
from training.evaluation.peers import installed
from training.evaluation.predictions import (
    EXPECTED,
    FOLD,
    MOST,
    SUBSETS,
    outcomes,
    predicted,
    surge_outcomes,
    surge_predicted,
    tabulate,
    weigh,
)
from training.learning.design_matrix import families_read
from training.learning.folds import Fold, Gap, rolling_folds
from training.learning.inner_validation import InnerPredictions, inner_folds, inner_validate
from training.learning.labels import ripe
from training.settings import BacktestSettings, ModelSettings

Floats = npt.NDArray[np.float64]

SURGE = "surge"


@dataclass(frozen=True)
class Largest:
    """One row of a test."""

    grid_id: str
    as_of: str
    expected: float
    at_most: float


@dataclass(frozen=True)
class Plausibility:
    """Whether every expected count of a test can be justified."""

    largest: Largest
    beyond: Largest | None
    """The row that is furthest beyond; None where none is."""
    rows_beyond: int


def check_largest(predictions: pl.DataFrame) -> Plausibility:
    """Look for expected counts of the model that nothing justifies; one that is no number is beyond."""
    expected, most = pl.col(EXPECTED + MODEL), pl.col(MOST)
    beyond = predictions.filter(~(expected.is_not_nan() & (expected <= most)).fill_null(value=False))
    worst = _row(beyond.sort((expected - most).fill_nan(float("inf")), descending=True)) if len(beyond) else None
    return Plausibility(_row(predictions.sort(expected, descending=True)), worst, len(beyond))


def _row(rows: pl.DataFrame) -> Largest:
    row = rows.row(0, named=True)
    return Largest(row[Col.GRID_ID], str(row[Col.AS_OF]), row[EXPECTED + MODEL], row[MOST])


@dataclass(frozen=True)
class BacktestResult:
    """Predictions, outcomes and figures of a backtest."""

    target: str
    horizon_days: int
    known_through_day: int
    step_days: int
    predictions: pl.DataFrame
    """As `training.evaluation.predictions.tabulate` returns it."""
    overall: Scorecard
    subsets: dict[str, Scorecard]
    notes: list[str]
    seconds: dict[str, float]
    groupings: dict[str, Grouping] = field(default_factory=dict)
    """Kinds of places held against each other, by the column that tells them apart."""
    past: list[InnerPredictions] = field(default_factory=list)
    """Forecasts of the model's trees at every refit."""

    already_due: AlreadyDue | None = None
    """Told where open cases that were due already decide most of the target."""
    plausibility: Plausibility | None = None
    """Whether the grids' cases and levels justify every expected count."""
    coverage: Coverage | None = None
    """Coverage of the ranges of ranks and of the district's count."""
    contributions: list[Contribution] = field(default_factory=list)
    """Expected and observed escalations by part and kind of case."""

    def to_json(self) -> dict[str, Any]:
        """Return the stable form that other programs read; as_ofs, rows and metrics are those of the test part."""
        days = self.predictions[Col.AS_OF].unique().sort()
        return {
            "target": self.target,
            "horizon_days": self.horizon_days,
            "known_through": to_date(self.known_through_day).isoformat(),
            "as_of": {"first": str(days[0]), "last": str(days[-1]), "count": len(days), "step_days": self.step_days},
            "rows": self.overall.rows,
            "escalations": float(self.predictions["count"].sum()),
            "positives": self.overall.positives,
            "base_rate": self.overall.positives / self.overall.rows,
            "models": self.overall.models,
            "differences": self.overall.differences,
            "subsets": {
                name: {"rows": card.rows, "positives": card.positives, "models": card.models, "differences": card.differences}
                for name, card in self.subsets.items()
            },
            "disparity": to_json(self.groupings),
            "plausibility": asdict(self.plausibility) if self.plausibility else None,
            "contributions": [asdict(each) for each in self.contributions],
            "coverage": asdict(self.coverage) if self.coverage else None,
            "notes": self.notes,
            "seconds": self.seconds,
        }


def backtest(
    facts: Facts, panel: Panel, gap: Gap, backtest: BacktestSettings, model: ModelSettings, progress: Progress | None = None
) -> BacktestResult:
    """Predict the last as_ofs of `panel` from the ones before, fold by fold, and score what came true.

    As_ofs whose label is not ripe are left out.

    Raises:
        NotReadyError: the log is too short, or holds no escalation to learn from.
    """
    stage, folds = set_stage(facts, panel, gap, backtest, model)
    past, replayed = _replay_all(stage, folds, progress)
    with stage.watch.measure("metrics"):
        predictions = tabulate(facts, stage.panel.at(slice(folds[0].test.start, None)), gap.horizon_days, replayed)
        overall, parts = judge(predictions, backtest)
        groupings = compare_groups(predictions, gap.horizon_days, backtest.seed)
        tested = stage.panel.as_ofs[folds[0].test.start :]
        already_due = judge_already_due(predictions, count_already_due(facts, tested, gap.horizon_days).ravel())
        named = count_named_before(facts, tested, predictions[EXPECTED + MODEL].to_numpy().reshape(len(tested), -1))
    return BacktestResult(
        target=facts.target_name,
        horizon_days=gap.horizon_days,
        known_through_day=facts.known_through_day,
        step_days=int(np.diff(stage.panel.as_ofs).min(initial=backtest.step_days)),
        predictions=predictions,
        overall=overall,
        subsets=parts,
        notes=[
            *([already_due.line] if already_due else []),
            *_doubles(facts),
            *([named.line] if named else []),
            *find_leak_signs(predictions, backtest.too_good),
            *_sampled(past[-1]),
            *available(stage.panel, gap.horizon_days)[1],
            *installed(backtest.peers)[1],
            *_notes(overall, parts),
        ],
        seconds=stage.watch.seconds | {"total": sum(stage.watch.seconds.values())},
        groupings=groupings,
        past=past,
        already_due=already_due,
        plausibility=check_largest(predictions),
        contributions=sum_contributions(facts, stage.fold_predictions, float(predictions["count"].sum())),
        coverage=check_coverage(predictions, backtest.seed),
    )


def set_stage(facts: Facts, panel: Panel, gap: Gap, backtest: BacktestSettings, model: ModelSettings) -> tuple[Stage, tuple[Fold, ...]]:
    """Return what the folds of a backtest are replayed on, and the folds: the same for the same panel, whatever the model.

    Raises:
        NotReadyError: the log is too short, or the target never occurred in it.
    """
    if not len(facts.target.case):
        advice = "Is the column that says so empty, such as escalated_at? Fill it, or name another `target:`."
        raise NotReadyError(f"none of {int(facts.cases.weight.sum()):,} cases has what target {facts.target_name!r} counts. {advice}")
    ripe_as_ofs = int(ripe(panel.as_ofs, gap.horizon_days, gap.delay_allowance_days, facts.known_through_day).sum())
    panel = panel.at(slice(0, ripe_as_ofs))
    folds = rolling_folds(panel.as_ofs, gap, backtest.test_share, backtest.folds)
    return Stage(facts, panel, gap, model, installed(backtest.peers)[0]), folds


def _replay_all(stage: Stage, folds: tuple[Fold, ...], progress: Progress | None) -> tuple[list[InnerPredictions], list[dict[str, Floats]]]:
    """Return the inner predictions of every refit, and the predictions of every model for each fold."""
    first = stage.seen_by(folds[0])
    rehearsed = len(inner_folds(first, stage.model))

    def report(done: int, _: int) -> None:
        if progress:
            progress(done, rehearsed + len(folds))

    with stage.watch.measure("model"):
        past = inner_validate(first, stage.model, report)
    replayed = []
    for fold in folds:
        replayed.append(replay(stage, fold, past))
        report(len(past), 0)
    return past, replayed


def judge(predictions: pl.DataFrame, backtest: BacktestSettings) -> tuple[Scorecard, dict[str, Scorecard]]:
    """Score stored predictions: all rows, the subsets of them, and surges on all rows."""
    weights = weigh(predictions, backtest.bootstrap_draws, backtest.seed)

    def score_rows(rows: pl.DataFrame) -> Scorecard:
        return score(outcomes(rows), predicted(rows), weights)

    overall = score_rows(predictions)
    parts = {name: score_rows(predictions.filter(name)) for name in SUBSETS}
    surge = score(surge_outcomes(predictions), surge_predicted(predictions), weights, left_out=frozenset({"poisson_deviance"}))
    return overall, parts | {SURGE: surge}


def measure_folds(result: BacktestResult) -> list[dict[str, float]]:
    """Return the model's metrics on the test rows of each fold, the first fold first; what cannot be estimated is left out."""
    folds = (result.predictions.filter(pl.col(FOLD) == number) for number in sorted(result.predictions[FOLD].unique()))
    as_they_are = ((outcomes(rows), predicted(rows)[MODEL], np.ones((1, int(rows["block"].to_numpy().max()) + 1))) for rows in folds)
    measured = [{name: float(values[0]) for name, values in measure(*fold).items()} for fold in as_they_are]
    return [{name: value for name, value in figures.items() if np.isfinite(value)} for figures in measured]


def _doubles(facts: Facts) -> list[str]:
    """Say which feeds both sent some events that are counted twice."""
    advice = "`shared_with` in a source file counts each once"
    return [
        f"doubles: {count:,} events came through {feeds} with the same grid, category, day and term, each with an id of its own. {advice}."
        for feeds, count in facts.doubles.items()
    ]


def _sampled(last: InnerPredictions) -> list[str]:
    """Say which parts of the model learnt from a sample of the rows, and what that costs."""
    cost = "Rows without one stand for several, so means stay; estimates are a little less sure"
    more = "Larger `model.most_rows` and `memory_gib` take more rows"
    return [
        f"sampled: the last refit of part {part} learnt from {rows.sample}. {cost}. {more}."
        for part, rows in last.parts.items()
        if not rows.sample.is_whole
    ]


def _notes(overall: Scorecard, parts: dict[str, Scorecard]) -> list[str]:
    return overall.notes + [f"{name}: {note}" for name, card in parts.items() for note in card.notes]


def ablate(
    stage: Stage, folds: tuple[Fold, ...], result: BacktestResult, backtest: BacktestSettings, progress: Progress | None = None
) -> Scorecard:
    """Repeat the backtest of a model once without each family that it reads.

    `stage`, `folds` and `backtest` are those of the backtest. The differences are the model minus the model without that family; what
    trees start from reads its columns all the same.
    """
    predictions = {MODEL: predicted(result.predictions)[MODEL]}
    families = [family for family in families_read(stage.panel) if family not in stage.model.exclude_families]
    for done, family in enumerate(families, start=1):
        predictions[family] = _replay(replace(stage, model=stage.model.leaving_out([family])), folds)
        if progress:
            progress(done, len(families))
    return score(outcomes(result.predictions), predictions, weigh(result.predictions, backtest.bootstrap_draws, backtest.seed))


def _replay(stage: Stage, folds: tuple[Fold, ...]) -> Predicted:
    """Return what the model alone predicts."""
    past = inner_validate(stage.seen_by(folds[0]), stage.model)
    per_fold = [by_model(stage, fold, stage.seen_by(fold), past) for fold in folds]
    return Predicted(*(np.concatenate([getattr(each, part).ravel() for each in per_fold]) for part in ("expected", "risk")))
