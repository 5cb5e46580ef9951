"""Fitting: starts, rounds and calibration are all found inside the training part.

Refits to resampled rows run in processes of their own, so that a crash of LightGBM ends them and not the program.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.context import BaseContext

import numpy as np
import numpy.typing as npt

from features.errors import FitCrashedError
from features.panel.build import Progress
from training.bootstrap import Blocks, draw_weights
from training.learning.booster import Columns, Rows, boost
from training.learning.design_matrix import lay_out
from training.learning.examples import Examples
from training.learning.inner_validation import InnerPredictions, Prepared, inner_validate, prepare, tune
from training.learning.model import Fitted, FittedPart
from training.learning.outcome_split import OutcomeSplit, fit_outcome_split, fit_shares
from training.learning.parts import Part
from training.learning.sampling import Sample, fitting_rows, sample_alike, sample_rows
from training.settings import ModelSettings

REFITS = 4
"""Tables that refits have in memory at a time, those on the way to their processes included."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Refit:
    """Data that one part of a model is refitted to."""

    rows: Rows
    columns: Columns
    rounds: int
    draws: tuple[Floats, ...]
    """Draws of each row (N,), once for each refit."""


_given: dict[Part, Refit] = {}
"""In a child process: what is refitted there, sent once."""


def refit_all(wanted: Mapping[Part, Refit], model_settings: ModelSettings, progress: Progress | None = None) -> dict[Part, tuple[str, ...]]:
    """Fit each part once for each draw and return the boosters as text; `model_settings.threads` refits run at a time.

    Raises:
        FitCrashedError: a process ended before its refit was ready.
    """
    alone = model_settings.model_copy(update={"threads": 1})
    with ProcessPoolExecutor(model_settings.threads, _clean_processes(), _receive, (dict(wanted),)) as workers:
        pending = [(part, workers.submit(_fit, part, draw, alone)) for part, refit in wanted.items() for draw in range(len(refit.draws))]
        try:
            return _collect(pending, progress)
        except BrokenProcessPool as error:
            raise FitCrashedError(
                f"LightGBM must fit {len(pending)} boosters to resampled rows, and its process died. "
                "Nothing was registered. Train again, and report it if it happens twice."
            ) from error


def _clean_processes() -> BaseContext:
    """Return the context whose processes are forked from one that has imported everything and done nothing.

    A child forked from this process would inherit the state of OpenMP and wait for ever; one that imports for itself takes seconds.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _collect(pending: "list[tuple[Part, Future[str]]]", progress: Progress | None) -> dict[Part, tuple[str, ...]]:
    texts: dict[Part, tuple[str, ...]] = {part: () for part, _ in pending}
    for done, (part, future) in enumerate(pending, start=1):
        texts[part] += (future.result(),)
        if progress:
            progress(done, len(pending))
    return texts


def _receive(wanted: dict[Part, Refit]) -> None:
    _given.update(wanted)


def _fit(part: Part, draw: int, model_settings: ModelSettings) -> str:
    refit = _given[part]
    return boost(refit.rows.drawn(refit.draws[draw]), refit.columns, model_settings, refit.rounds, refit=draw + 1)


def fit(
    examples: Examples,
    model_settings: ModelSettings,
    blocks: Blocks | None = None,
    past: Sequence[InnerPredictions] | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit a model; with `blocks` (T, G) also `model_settings.replicates` replicates, each to blocks drawn with replacement.

    Rounds and calibration come from what earlier refits predicted (`past`); without any they are rehearsed first.

    Raises:
        NotReadyError: there is nothing to learn, or too little to calibrate on.
        FitCrashedError: a process that fits replicates died.
    """
    tuned = tune(inner_validate(examples, model_settings) if past is None else past, examples, model_settings)
    prepared = {part: prepare(part, examples, model_settings) for part in examples.parts}
    boosters = {part: boost(given.rows, given.columns, model_settings, tuned.rounds[part]) for part, given in prepared.items()}
    replicates: dict[Part, tuple[str, ...]] = dict.fromkeys(prepared, ())
    samples = {str(part): given.sample for part, given in prepared.items()}
    if blocks is not None and model_settings.replicates:
        draws = _draw(examples, blocks, model_settings)
        bytes_of_each, rows_of_each = examples.panel.piece_bytes // REFITS, model_settings.most_rows // REFITS
        most = {part: fitting_rows(len(given.columns.names), bytes_of_each, rows_of_each) for part, given in prepared.items()}
        wanted = {part: _refit(given, tuned.rounds[part], draws, most[part], model_settings.seed) for part, given in prepared.items()}
        replicates = refit_all(wanted, model_settings, progress)
        samples |= {f"{part}-replicates": _sample_of(refit.rows, prepared[part].sample) for part, refit in wanted.items()}
    parts = tuple(
        FittedPart(part, given.columns, boosters[part], replicates[part], given.start, _split(part, given, examples, model_settings))
        for part, given in prepared.items()
    )
    numbers = tuned.scale, tuned.calibration, tuned.variation, tuned.case_chances
    return replace(Fitted(examples.target, examples.gap.horizon_days, parts, *numbers), samples=samples)


def _split(part: Part, given: Prepared, examples: Examples, model_settings: ModelSettings) -> OutcomeSplit:
    """Learn how the rows of a part escalate; of cases that are not in the log yet by those that escalated soon after their report."""
    if part is Part.NEW:
        return fit_shares(examples.new_outcomes, np.ones(len(examples.new_outcomes)))
    design = lay_out(examples.panel, part, given.start, given.columns.names, examples.gap.horizon_days)
    codes = examples.outcomes[part]
    escalated = np.flatnonzero(codes > 0)
    most = fitting_rows(len(given.columns.names), examples.panel.piece_bytes, model_settings.most_rows)
    rows = escalated[sample_alike(len(escalated), most, model_settings.seed)]
    return fit_outcome_split(design.take(rows), codes[rows], design.weight[rows], given.columns.names, model_settings)


@dataclass(frozen=True)
class _Draws:
    """How often each block is drawn by each replicate."""

    weights: Floats
    """(replicates, blocks)."""
    block: npt.NDArray[np.integer]
    """Block of each cell of the examples, (T x G,)."""

    def of(self, cells: int, chosen: npt.NDArray[np.int64]) -> tuple[Floats, ...]:
        """Return how often some of the last cells are drawn, once for each replicate."""
        block = self.block[-cells:][chosen]
        return tuple(weights[block] for weights in self.weights)


def _draw(examples: Examples, blocks: Blocks, model_settings: ModelSettings) -> _Draws:
    block = blocks.ravel() - blocks.min()
    return _Draws(draw_weights(examples.panel.as_ofs, int(block.max()) + 1, model_settings.replicates, model_settings.seed)[1:], block)


def _sample_of(rows: Rows, fitted: Sample) -> Sample:
    return replace(fitted, rows=len(rows.counts), events=int((rows.counts > 0).sum()))


def _refit(given: Prepared, rounds: int, draws: _Draws, most: int, seed: int) -> Refit:
    """Put at most so many rows of a part beside how often each is drawn; it may have learnt from the last as_ofs alone.

    Several refits are under way at a time, each with rows of its own, so they learn from a sample where the fit has many rows.
    """
    drawn = sample_rows(given.rows.counts.astype(np.float64), most, seed)
    rows, cell = given.rows, given.cell
    if drawn is not None:
        chosen, stands_for = drawn
        rows, cell = rows.drawn_at(chosen, stands_for), cell[chosen]
    return Refit(rows, given.columns, rounds, draws.of(given.shape[0] * given.shape[1], cell))
