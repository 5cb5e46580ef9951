"""Replay: what the model and every baseline would have predicted of the test rows, each refitted on what was known by then.

Contributions tell how many escalations each part of the model, and each kind of case, was expected to bring, and brought.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.facts.facts import Facts
from features.panel.build import Panel
from training.evaluation.baselines import IN_PROPORTION, available, fit_rate, score_of, z_score
from training.evaluation.metrics import Predicted
from training.evaluation.peers import fit_peer, readable_columns
from training.evaluation.predictions import COMMON_VARIATION, EXPECTED, MOST, RISK, SURGE, VARIATION, reach
from training.learning.calibration import Calibration, calibrate
from training.learning.design_matrix import cases_of
from training.learning.examples import Examples, training_part
from training.learning.folds import Fold, Gap
from training.learning.inner_validation import InnerPredictions, Tuned, predict_ahead, tune
from training.learning.labels import case_outcomes, surge_thresholds
from training.learning.model import most_of
from training.learning.parts import Part
from training.learning.sampling import FLOAT64_BYTES, fitting_rows, sample_alike
from training.settings import ModelSettings

MODEL = "lightgbm"
Z_SCORE = "z_score_28d"
"""Rule of thumb for surges, scored beside the models there."""


COPIES, SAMPLE_SEED = 8, 1
"""Copies that a baseline makes of its rows, and the seed by which rows are drawn where they are too many."""
ONE_THREAD = 1
"""Small regressions gain nothing from a second thread and lose much when something else runs."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """One part, or one kind of its open cases, over all lists of a test; windows of neighbouring lists overlap."""

    part: Part
    kind: str
    """`event_type/category`; empty for a whole part."""
    expected: float
    realised: float


@dataclass(frozen=True)
class FoldPredictions:
    """Predictions of one fold for its test part."""

    panel: Panel
    inner: InnerPredictions
    tuned: Tuned
    horizon_days: int


def sum_contributions(facts: Facts, folds: Sequence[FoldPredictions], counted: float) -> list[Contribution]:
    """Sum the predictions of every fold, parts first and then kinds of open cases, the largest first; `counted` is all that followed."""
    sums: dict[tuple[Part, str], Floats] = defaultdict(lambda: np.zeros(2))
    for fold in folds:
        for part, kind, expected, realised in _of_fold(facts, fold):
            sums[part, kind] += expected, realised
            if kind:
                sums[part, ""] += expected, realised
    sums[Part.NEW, ""][1] = counted - sum(both[1] for (part, kind), both in sums.items() if not kind and part is not Part.NEW)
    listed = (Contribution(part, kind, *both.tolist()) for (part, kind), both in sums.items())
    return sorted(listed, key=lambda each: (each.kind != "", -each.expected))


def _of_fold(facts: Facts, fold: FoldPredictions) -> Iterator[tuple[Part, str, float, float]]:
    """Yield part, kind, expected and realised escalations; of new cases all are one kind, which the rest of the counts realises."""
    for part, predictions in fold.inner.parts.items():
        expected = fold.tuned.scale * part.mean(predictions.margin_after(fold.tuned.rounds[part])) * predictions.design.weight
        if part is Part.NEW:
            yield part, "", float(expected.sum()), 0.0
            continue
        rows = cases_of(fold.panel, part)
        happened = fold.tuned.scale * rows.weight * (case_outcomes(facts, rows, fold.panel.as_ofs, fold.horizon_days) > 0)
        for code, kind in enumerate(rows.kinds):
            own = rows.kind == code
            if own.any():
                yield part, "/".join(kind), float(expected[own].sum()), float(happened[own].sum())


@dataclass
class Stopwatch:
    """Seconds spent per kind of work."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, what: str) -> Iterator[None]:
        """Add the time spent inside the block."""
        start = time.perf_counter()
        yield
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - start


@dataclass(frozen=True)
class Stage:
    """Inputs that all folds of a backtest share."""

    facts: Facts
    panel: Panel
    gap: Gap
    model: ModelSettings
    peers: tuple[str, ...] = ()
    """Those of `training.evaluation.peers` that are fitted too."""
    watch: Stopwatch = field(default_factory=Stopwatch)
    fold_predictions: list[FoldPredictions] = field(default_factory=list)
    """Predictions of the model by fold so far, row by row."""

    def seen_by(self, fold: Fold) -> Examples:
        """Return what could be learnt from on the day of the fold's cutoff."""
        return training_part(self.facts, self.panel, fold, self.gap)


def replay(stage: Stage, fold: Fold, past: list[InnerPredictions]) -> dict[str, Floats]:
    """Fit everything on the training part of one fold and predict its test part; what the trees predicted is added to the past.

    Returns: `expected_*`, `risk_*` and `surge_*` by model, and what the model may expect at most, each (T, G) of the test part.
    """
    facts, seen, unseen = stage.facts, stage.seen_by(fold), stage.panel.at(fold.test)
    with stage.watch.measure("model"):
        tuned = tune(past, seen, stage.model)
        predictions = {MODEL: by_model(stage, fold, seen, past, tuned)}
        stage.fold_predictions.append(FoldPredictions(unseen, past[-1], tuned, stage.gap.horizon_days))
    with stage.watch.measure("baselines"), threadpool_limits(ONE_THREAD):
        predictions |= by_baselines(seen, unseen, stage.model.most_rows)
    stage.panel.release()
    with stage.watch.measure("peers"):
        predictions |= {name: by_peer(name, seen, unseen, stage.model) for name in stage.peers}
    spread = {VARIATION: tuned.variation.of_grid, COMMON_VARIATION: tuned.variation.common}
    thresholds = surge_thresholds(facts, unseen.as_ofs, stage.gap.horizon_days)
    surges = {name: reach(model.expected, thresholds) for name, model in predictions.items()} | {Z_SCORE: _by_z_score(facts, seen, unseen)}
    return (
        {EXPECTED + name: model.expected for name, model in predictions.items()}
        | {RISK + name: model.risk for name, model in predictions.items()}
        | {SURGE + name: surge for name, surge in surges.items()}
        | {MOST: most_of(inner.design for inner in past[-1].parts.values())}
        | {name: np.full(predictions[MODEL].expected.shape, value) for name, value in spread.items()}
    )


def by_model(stage: Stage, fold: Fold, seen: Examples, past: list[InnerPredictions], tuned: Tuned | None = None) -> Predicted:
    """Fit the model on what a fold had seen and predict its test part, each (T, G); what the trees predicted is added to the past."""
    tuned = tuned or tune(past, seen, stage.model)
    past.append(predict_ahead(seen, stage.panel, fold, stage.model))
    expected = tuned.expected(past[-1])
    return Predicted(expected, tuned.calibration.risk(np.log(expected)))


def by_baselines(seen: Examples, unseen: Panel, most_rows: int) -> dict[str, Predicted]:
    """Fit every baseline that the log allows to so many rows of some examples, and say what it expects of other as_ofs, each (T, G)."""
    horizon_days = seen.gap.horizon_days
    names, _ = available(seen.panel, horizon_days)
    return {name: _by_baseline(name, seen, unseen, most_rows) for name in names}


def _by_baseline(name: str, seen: Examples, unseen: Panel, most_rows: int) -> Predicted:
    """Learn from a sample of the rows where a table of all would not fit."""
    scores, counts = score_of(name, seen.panel, seen.gap.horizon_days), seen.counts
    most = fitting_rows(scores.shape[-1], seen.panel.piece_bytes // COPIES, most_rows, FLOAT64_BYTES)
    rows = sample_alike(counts.size, most, SAMPLE_SEED)
    if len(rows) < counts.size:
        scores, counts = scores.reshape(-1, 1, scores.shape[-1])[rows], counts.reshape(-1, 1)[rows]
    rate = fit_rate(scores, counts, in_proportion=name in IN_PROPORTION)
    expected = rate(score_of(name, unseen, seen.gap.horizon_days))
    return Predicted(expected, calibrate(np.log(rate(scores)), counts).risk(np.log(expected)))


def by_peer(name: str, seen: Examples, unseen: Panel, model_settings: ModelSettings) -> Predicted:
    """Fit one peer to some examples, and return what it expects of other as_ofs, each (T, G)."""
    expected = fit_peer(name, seen, model_settings)
    most = fitting_rows(len(readable_columns(unseen, model_settings)), seen.panel.piece_bytes, model_settings.most_rows)
    rows, shape = sample_alike(seen.counts.size, most, SAMPLE_SEED), unseen.values.shape[1:]
    before, after = np.log(expected(seen.panel, rows)), expected(unseen, np.arange(int(np.prod(shape)))).reshape(shape)
    # a learner that found no split expects the same everywhere: there is no slope to fit
    calibration = calibrate(before, seen.counts.ravel()[rows]) if np.ptp(before) > 0 else Calibration()
    return Predicted(after, calibration.risk(np.log(after)))


def _by_z_score(facts: Facts, seen: Examples, unseen: Panel) -> Floats:
    surges = seen.counts >= surge_thresholds(facts, seen.panel.as_ofs, seen.gap.horizon_days)
    return calibrate(z_score(seen.panel), surges).risk(z_score(unseen))
