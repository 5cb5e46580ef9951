"""Inner validation: what the trees of every refit predicted up to the next one, by their number, part by part.

Rounds and calibration are found there, on rows that no tree had seen. A backtest makes these refits anyway, so each of its folds learns
from all before it, and the model trained last from all of them.

A trial of a search for settings, as it is recorded.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from features.errors import NotReadyError
from features.panel.build import Panel, Progress
from features.storage.array_files import scratch
from training.learning.booster import Columns, Rows, boost, growing_margins, read_booster
from training.learning.calibration import NO_CHANCES, Calibration, CaseChances, calibrate, learn_chances
from training.learning.case_start import CASE_COPIES, fit_case_start
from training.learning.count_variation import POISSON, Variation, estimate_variation
from training.learning.design_matrix import Design, Start, cases_of, columns_of, lay_out
from training.learning.examples import Examples
from training.learning.folds import Fold, rolling_folds
from training.learning.parts import Part
from training.learning.sampling import FLOAT64_BYTES, Sample, fitting_rows, sample_rows
from training.learning.usual_level import fit_usual_level, is_seldom
from training.settings import ModelSettings

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]

STEP = 5
"""Rounds are chosen in these steps."""
MARGINS = 8
"""Refits whose margins share one piece of memory."""


def least_loss(losses: Floats) -> int:
    """Return the position of the least loss (K,), the first of equal ones.

    >>> least_loss(np.array([1.0, 0.5, 0.5, 0.7]))
    1
    """
    return int(np.argmin(losses))


@dataclass(frozen=True)
class Prepared:
    """Start of one part, learnt before any tree, and the rows that trees learn from."""

    start: Start
    columns: Columns
    shape: tuple[int, int]
    """As_ofs and grids that the trees learn from."""
    rows: Rows
    cell: Positions
    """as_of x G + grid of each of these rows."""
    sample: Sample


@dataclass(frozen=True)
class PartPredictions:
    """Forecasts of the trees of one part for the rows after them."""

    design: Design
    """Without what the trees read."""
    margins: npt.NDArray[np.float32]
    """(K, N) margins after 0, STEP, 2 x STEP, ... trees."""
    sample: Sample
    """The rows that the trees learnt from."""

    def until(self, as_ofs: int) -> "PartPredictions":
        """Return the rows of the first as_ofs."""
        rows = int(np.searchsorted(self.design.cell, as_ofs * self.design.shape[1]))
        parts = {name: getattr(self.design, name)[:rows] for name in ("start", "cell", "weight")}
        design = replace(self.design, shape=(as_ofs, self.design.shape[1]), **parts)
        return PartPredictions(design, self.margins[:, :rows], self.sample)

    def after(self, rounds: int) -> Floats:
        """Return the expected escalations after so many trees, (T, G)."""
        return self.design.sums(self.margin_after(rounds))

    def margin_after(self, rounds: int) -> Floats:
        """Return the margins after so many trees, (N,)."""
        return np.asarray(self.margins[-(-rounds // STEP)], np.float64)


@dataclass(frozen=True)
class InnerPredictions:
    """Forecasts of one refit for the as_ofs after it."""

    first: int
    """Position of the first of those as_ofs."""
    parts: Mapping[Part, PartPredictions]

    @property
    def shape(self) -> tuple[int, int]:
        """As_ofs and grids that were predicted."""
        return self.parts[Part.NEW].design.shape

    def expected(self, rounds: Mapping[Part, int]) -> dict[Part, Floats]:
        """Return the expected escalations of each part after so many trees, (T, G)."""
        return {part: predictions.after(rounds[part]) for part, predictions in self.parts.items()}

    def known(self, examples: Examples) -> tuple["InnerPredictions", Examples]:
        """Return those as_ofs that are among the examples by now, beside what followed."""
        seen = examples.part(slice(self.first, self.first + self.shape[0]))
        return InnerPredictions(self.first, {part: predictions.until(len(seen.counts)) for part, predictions in self.parts.items()}), seen


@dataclass(frozen=True)
class Tuned:
    """Choices made on rehearsed rows."""

    rounds: Mapping[Part, int]
    scale: float
    """Factor on the sum of the parts."""
    calibration: Calibration
    variation: Variation
    case_chances: CaseChances

    def expected(self, inner: "InnerPredictions") -> Floats:
        """Return the expected escalations of what was predicted, (T, G)."""
        return np.asarray(self.scale * np.sum(list(inner.expected(self.rounds).values()), axis=0))


def inner_folds(examples: Examples, model_settings: ModelSettings) -> tuple[Fold, ...]:
    """Return the refits that are rehearsed before any model is fitted to the examples."""
    return rolling_folds(examples.panel.as_ofs, examples.gap, model_settings.inner_share, model_settings.inner_folds)


def inner_validate(examples: Examples, model_settings: ModelSettings, progress: Progress | None = None) -> list[InnerPredictions]:
    """Refit several times on the first of the examples and predict those after.

    Raises:
        NotReadyError: there is nothing to learn, or too little to predict.
    """
    if not examples.counts.any():
        raise NotReadyError(f"target {examples.target!r} must have occurred before the model is fitted, found none. Ingest a longer log.")
    past, folds = [], inner_folds(examples, model_settings)
    for number, fold in enumerate(folds, start=1):
        past.append(predict_ahead(examples.part(fold.train), examples.panel, fold, model_settings))
        if progress:
            progress(number, len(folds))
    return past


def predict_ahead(seen: Examples, panel: Panel, fold: Fold, model_settings: ModelSettings) -> InnerPredictions:
    """Grow `num_boost_round` trees of each part on what was seen and say what to expect at the fold's test as_ofs of the panel."""
    after = panel.at(fold.test)
    predicted = InnerPredictions(fold.test.start, {part: _predict_after(part, seen, after, model_settings) for part in seen.parts})
    panel.release()
    return predicted


def prepare(part: Part, examples: Examples, model_settings: ModelSettings) -> Prepared:
    """Learn what a part starts from, and lay out the rows that its trees learn from.

    Columns of grids mean something only once the log has some history, so the part on new cases learns from mature as_ofs, or from all
    where none is; a case tells its own history.
    """
    start = _start(part, examples, model_settings)
    columns = columns_of(examples.panel, part, model_settings.exclude_families)
    mature = examples.mature(model_settings)
    known = mature if part is Part.NEW and len(mature.counts) else examples
    design = lay_out(known.panel, part, start, columns.names, examples.gap.horizon_days)
    happened = known.happened(part)
    offset = design.start + np.log(known.exposure).ravel() if part is Part.NEW else design.start
    weights = None if part is Part.NEW else design.weight
    most = fitting_rows(len(columns.names), known.panel.piece_bytes, model_settings.most_rows)
    if (drawn := sample_rows(happened, most, model_settings.seed)) is None:
        rows = Rows(design.take(slice(None)), happened, offset, weights, part.objective)
        return Prepared(start, columns, design.shape, rows, design.cell, Sample.whole(happened))
    chosen, stands_for = drawn
    weights = stands_for if weights is None else stands_for * weights[chosen]
    rows = Rows(design.take(chosen), happened[chosen], offset[chosen], weights, part.objective)
    return Prepared(start, columns, design.shape, rows, design.cell[chosen], Sample.chosen(happened, chosen))


def tune(past: Sequence[InnerPredictions], examples: Examples, model_settings: ModelSettings) -> Tuned:
    """Choose the rounds of each part by what was predicted of the examples, and calibrate on the same predictions."""
    known = [inner.known(examples) for inner in past]
    enough = len(examples.mature(model_settings).counts) >= model_settings.least_as_ofs
    rounds = {part: _rounds(part, known) if enough or part is not Part.NEW else 0 for part in Part}
    tuned = Tuned(rounds, examples.scale, Calibration(), POISSON, _case_chances(known, rounds))
    expected = np.concatenate([tuned.expected(inner) * seen.exposure for inner, seen in known])
    counts = np.concatenate([seen.counts for _, seen in known]).astype(np.float64)
    return replace(tuned, calibration=calibrate(np.log(expected), counts), variation=estimate_variation(expected, counts))


def _case_chances(known: Sequence[tuple["InnerPredictions", Examples]], rounds: Mapping[Part, int]) -> CaseChances:
    """Return how often open cases escalated by the chance that was predicted."""
    rows = [
        (inner.parts[Part.OPEN], seen.happened(Part.OPEN)) for inner, seen in known if Part.OPEN in inner.parts and Part.OPEN in seen.parts
    ]
    if not rows:
        return NO_CHANCES
    chances = [Part.OPEN.mean(predictions.margin_after(rounds[Part.OPEN])) for predictions, _ in rows]
    return learn_chances(np.concatenate(chances), np.concatenate([happened for _, happened in rows]))


def _start(part: Part, examples: Examples, model_settings: ModelSettings) -> Start:
    if part is not Part.NEW:
        rows = cases_of(examples.panel, part)
        most = fitting_rows(CASE_COPIES * len(rows.columns), examples.panel.piece_bytes, model_settings.most_rows, FLOAT64_BYTES)
        return fit_case_start(rows, examples.happened(part), most)
    counts, mature = examples.happened(part).reshape(examples.counts.shape), examples.mature(model_settings)
    if is_seldom(counts) and len(mature.counts):  # a few events of the first weeks would make it for good
        examples, counts = mature, mature.happened(part).reshape(mature.counts.shape)
    return fit_usual_level(examples.panel, counts, examples.exposed_days(), model_settings.most_rows)


def _predict_after(part: Part, seen: Examples, after: Panel, model_settings: ModelSettings) -> PartPredictions:
    prepared = prepare(part, seen, model_settings)
    text = boost(prepared.rows, prepared.columns, model_settings, model_settings.num_boost_round)
    design, trees = lay_out(after, part, prepared.start, prepared.columns.names, seen.gap.horizon_days), read_booster(text)
    margins = scratch((1 + -(-model_settings.num_boost_round // STEP), len(design.start)), np.float32, after.piece_bytes // MARGINS)

    def grow(rows: slice) -> None:
        for step, grown in enumerate(growing_margins(trees, design.take(rows), STEP)):
            # LightGBM stops where no split is left: more trees would say the same
            margins[step:, rows] = (design.start[rows] + grown).astype(np.float32)

    with ThreadPoolExecutor(model_settings.threads) as pool:
        list(pool.map(grow, design.blocks()))
    return PartPredictions(design.without_columns(), margins, prepared.sample)


def _rounds(part: Part, known: Sequence[tuple[InnerPredictions, Examples]]) -> int:
    """Return how many trees had the least loss on rows they had not seen; 0 where none helped."""
    losses = [_loss(inner.parts[part], seen) for inner, seen in known if part in inner.parts and part in seen.parts]
    return STEP * least_loss(np.sum(losses, axis=0)) if losses else 0


def _loss(predictions: PartPredictions, seen: Examples) -> Floats:
    """Return the summed loss after 0, STEP, ... trees, (K,)."""
    part, happened = predictions.design.part, seen.happened(predictions.design.part)
    exposure = np.log(seen.exposure).ravel() if part is Part.NEW else 0.0
    return np.array(
        [(predictions.design.weight * part.loss(row + exposure, happened)).sum() for row in predictions.margins.astype(np.float64)]
    )


@dataclass(frozen=True)
class Tried:
    """Settings that were tried, and what they were worth."""

    number: int
    parameters: Mapping[str, float]
    deviance: float | None
    """Deviance it had reached when it ended; None where it was broken off before any refit."""
    finished: bool
    """False where it was broken off, behind the median of the others."""
    began: datetime
    ended: datetime
