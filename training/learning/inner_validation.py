"""Rehearsal: what the trees of every refit foretold up to the next one, by their number.

Rounds and calibration are found there, on rows that no tree had seen. A backtest makes these refits anyway, so each of its folds learns
from all before it, and the model trained last from all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import NotReadyError
from features.panel.build import Panel, Progress
from training.learning.booster import boost, growing_margins, read_booster
from training.learning.calibration import Calibration, calibrate
from training.learning.design_matrix import prepare, read_rows
from training.learning.examples import Examples, at
from training.learning.folds import Fold, rolling_folds
from training.learning.init_score import init_score_per_day
from training.settings import ModelSettings

Floats = npt.NDArray[np.float64]

STEP = 5
"""Rounds are chosen in these steps."""


def fewest_within_one_error(losses: Floats, independent: float) -> int:
    """Return the position of the first column whose mean loss lies within one standard error of the least.

    Args:
        losses: (as_ofs, K) mean loss of each as_of, by growing number of trees.
        independent: how many of the as_ofs count as independent, since their horizons overlap.
    """
    behind = losses - losses[:, [losses.mean(axis=0).argmin()]]
    error = behind.std(axis=0) / np.sqrt(independent)
    return int(np.argmax(behind.mean(axis=0) <= error))


@dataclass(frozen=True)
class InnerPredictions:
    """What one refit said of the as_ofs after it."""

    first: int
    """Position of the first of those as_ofs."""
    log_expected: npt.NDArray[np.float32]
    """(K, T, G): log of the count expected of a fully recorded horizon after 0, STEP, 2 x STEP, ... trees."""

    def after(self, rounds: int) -> Floats:
        """Return the log of the expected count after so many trees, (T, G)."""
        return np.asarray(self.log_expected[-(-rounds // STEP)], np.float64)

    def known(self, examples: Examples) -> tuple[Floats, Floats]:
        """Return what was said, (K, T, G), and what followed, (T, G), of those as_ofs that are among the examples by now."""
        place = slice(self.first, self.first + self.log_expected.shape[1])
        exposure, counts = examples.exposure[place], examples.counts[place].astype(np.float64)
        return np.asarray(self.log_expected[:, : len(counts)] + np.log(exposure), np.float64), counts


@dataclass(frozen=True)
class Tuned:
    """What is found on foretold rows."""

    rounds: int
    calibration: Calibration


def inner_folds(examples: Examples, settings: ModelSettings) -> tuple[Fold, ...]:
    """Return the refits that are rehearsed before any model is fitted to the examples."""
    return rolling_folds(examples.panel.as_ofs, examples.gap, settings.inner_share, settings.inner_folds)


def inner_validate(examples: Examples, settings: ModelSettings, progress: Progress | None = None) -> list[InnerPredictions]:
    """Refit several times on the first of the examples and predict_ahead those after.

    Raises:
        NotReadyError: there is nothing to learn, or too little to predict_ahead.
    """
    if not examples.counts.any():
        raise NotReadyError(f"target {examples.target!r} must have occurred before the model is fitted, found none. Ingest a longer log.")
    past, folds = [], inner_folds(examples, settings)
    for number, fold in enumerate(folds, start=1):
        past.append(predict_ahead(examples.part(fold.train), examples.panel, fold.test, settings))
        if progress:
            progress(number, len(folds))
    return past


def predict_ahead(seen: Examples, panel: Panel, unseen: slice, settings: ModelSettings) -> InnerPredictions:
    """Grow `settings.num_boost_round` trees on what was seen and say what to expect at the unseen as_ofs of the panel."""
    ground, after = prepare(seen, settings), at(panel, unseen)
    text = boost(ground.rows, ground.columns, settings, settings.num_boost_round)
    start = np.log(init_score_per_day(after, ground.level, seen.gap.horizon_days) * seen.gap.horizon_days)
    margins = growing_margins(read_booster(text), read_rows(after, ground.level, ground.columns.names), STEP)
    said = np.stack([(start + margin.reshape(start.shape)).astype(np.float32) for margin in margins])
    # LightGBM stops where no split is left: more trees would say the same
    missing = 1 + -(-settings.num_boost_round // STEP) - len(said)
    return InnerPredictions(unseen.start, np.pad(said, ((0, missing), (0, 0), (0, 0)), mode="edge"))


def tune(past: Sequence[InnerPredictions], examples: Examples, settings: ModelSettings) -> Tuned:
    """Choose the rounds by what was foretold of the examples, and calibrate on the same predictions."""
    said, counts = zip(*(told.known(examples) for told in past), strict=True)
    losses = np.concatenate([(np.exp(log) - what * log).mean(axis=2).T for log, what in zip(said, counts, strict=True)])
    overlap = max(1.0, examples.gap.horizon_days / int(np.diff(examples.panel.as_ofs).min()))
    enough = len(examples.mature(settings).counts) >= settings.least_as_ofs
    rounds = min(settings.num_boost_round, STEP * fewest_within_one_error(losses, len(losses) / overlap)) if enough else 0
    chosen = [log[-(-rounds // STEP)].ravel() for log in said]
    return Tuned(rounds, calibrate(np.concatenate(chosen), np.concatenate([what.ravel() for what in counts])))
