"""Fitting: level, rounds and calibration are all found inside the training part."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.errors import NotReadyError
from features.facts import Facts
from features.panel.build import Panel
from training.booster import Booster, Columns, Rows, boost, growing_margins, margin, read_booster
from training.bootstrap import Blocks, draw_weights
from training.calibration import Calibration, calibrate
from training.columns import choose_columns
from training.folds import Fold, Gap, rolling_folds
from training.labels import Counts, count_labels
from training.model import Fitted
from training.relative import read_rows
from training.rounds import STEP, fewest_within_one_error
from training.settings import ModelSettings
from training.start import start_per_day
from training.usual_level import UsualLevel, fit_usual_level

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """As_ofs to learn from: what was known, and what followed; tables are (T, G)."""

    panel: Panel
    counts: Counts
    exposure: Floats
    """Share of the horizon that was recorded; the model predicts for a fully recorded one."""
    gap: Gap
    target: str

    def part(self, chosen: slice) -> "Examples":
        """Return the as_ofs of one slice."""
        return replace(self, panel=at(self.panel, chosen), counts=self.counts[chosen], exposure=self.exposure[chosen])

    def mature(self, settings: ModelSettings) -> "Examples":
        """Return the as_ofs with enough days of records before them."""
        return self.part(slice(int((self.panel.column("history_days")[:, 0] < settings.least_history_days).sum()), None))

    def exposed_days(self) -> Floats:
        """Return recorded days within each horizon."""
        return self.exposure * self.gap.horizon_days


def at(panel: Panel, chosen: slice) -> Panel:
    """Return a panel of some of its as_ofs."""
    return replace(panel, as_ofs=panel.as_ofs[chosen], values=panel.values[:, chosen])


def training_part(facts: Facts, panel: Panel, fold: Fold, gap: Gap) -> Examples:
    """Return what could be learnt from on the day of the fold's cutoff."""
    known = at(panel, fold.train)
    counts = count_labels(facts, known.as_ofs, gap.horizon_days, known_before=fold.cutoff)
    return Examples(known, counts, np.ones(counts.shape), gap, facts.target_name)


def fit(examples: Examples, settings: ModelSettings, blocks: Blocks | None = None) -> Fitted:
    """Fit a model; with `blocks` (T, G) also `settings.replicates` replicates, each to blocks drawn with replacement.

    Raises:
        NotReadyError: there is nothing to learn, or too little to calibrate on.
    """
    if not examples.counts.any():
        raise NotReadyError(f"target {examples.target!r} must have occurred before the model is fitted, found none. Ingest a longer log.")
    columns = choose_columns(examples.panel)
    rounds, calibration = _tune(examples, columns, settings)
    level = _fit_level(examples)
    learnable = _learnable(examples, settings, rounds)
    rows = _rows(learnable, level, columns)
    resampled = () if blocks is None else _replicate_weights(learnable.panel.as_ofs, blocks[-len(learnable.counts) :], settings)
    return Fitted(
        target=examples.target,
        horizon_days=examples.gap.horizon_days,
        columns=columns,
        booster=boost(rows, columns, settings, rounds, settings.seed),
        replicates=tuple(
            boost(replace(rows, weight=weight), columns, settings, rounds, settings.seed + number)
            for number, weight in enumerate(resampled, start=1)
        ),
        level=level,
        calibration=calibration,
    )


def _tune(examples: Examples, columns: Columns, settings: ModelSettings) -> tuple[int, Calibration]:
    """Choose the rounds on the last as_ofs, learning from those before; calibrate on the same predictions."""
    as_ofs = examples.panel.as_ofs
    most = settings.max_rounds if len(examples.mature(settings).counts) >= settings.least_as_ofs else 0
    grown = []
    for fold in rolling_folds(as_ofs, examples.gap, settings.inner_share, settings.inner_folds):
        seen, unseen = examples.part(fold.train), examples.part(fold.test)
        level = _fit_level(seen)
        rows = _rows(unseen, level, columns)
        trees = read_booster(boost(_rows(_learnable(seen, settings, most), level, columns), columns, settings, most, settings.seed, rows))
        grown.append((trees, rows))
    losses = np.concatenate([_losses_by_as_of(trees, rows, examples.counts.shape[1], most) for trees, rows in grown])
    overlap = max(1.0, examples.gap.horizon_days / int(np.diff(as_ofs).min()))
    rounds = min(most, STEP * fewest_within_one_error(losses, len(losses) / overlap))
    log_expected = [rows.offset + margin(trees, rows.matrix, rounds) for trees, rows in grown]
    return rounds, calibrate(np.concatenate(log_expected), np.concatenate([rows.counts for _, rows in grown]))


def _losses_by_as_of(trees: Booster, rows: Rows, grids: int, most: int) -> Floats:
    """Return the mean Poisson loss of each as_of after 0, STEP, ... `most` trees; where growing stopped before, the last loss stays."""
    logs = (rows.offset + grown for grown in growing_margins(trees, rows.matrix, STEP))
    losses = np.stack([(np.exp(log) - rows.counts * log).reshape(-1, grids).mean(axis=1) for log in logs], axis=-1)
    return np.pad(losses, ((0, 0), (0, max(0, 1 + -(-most // STEP) - losses.shape[1]))), mode="edge")


def _fit_level(examples: Examples) -> UsualLevel:
    return fit_usual_level(examples.panel, examples.counts, examples.exposed_days())


def _rows(examples: Examples, level: UsualLevel, columns: Columns) -> Rows:
    offset = np.log(start_per_day(examples.panel, level, examples.gap.horizon_days) * examples.exposed_days())
    return Rows(read_rows(examples.panel, level, columns.names), examples.counts.ravel(), offset.ravel())


def _learnable(examples: Examples, settings: ModelSettings, rounds: int) -> Examples:
    """Return the as_ofs that trees learn from: mature ones, or any where no tree is grown."""
    return examples.mature(settings) if rounds else examples


def _replicate_weights(as_ofs: Days, blocks: Blocks, settings: ModelSettings) -> Iterator[Floats]:
    """Yield the weight of each row in each replicate."""
    numbers = blocks.ravel() - blocks.min()
    for weights in draw_weights(as_ofs, int(numbers.max()) + 1, settings.replicates, settings.seed)[1:]:
        yield weights[numbers]
