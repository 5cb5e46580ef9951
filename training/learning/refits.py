"""Refits: fits to resampled rows, in processes of their own, so that a crash of LightGBM ends them and not the program."""

from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import BaseContext

import numpy as np
import numpy.typing as npt

from features.errors import FitCrashedError
from features.panel.build import Progress
from training.learning.booster import Columns, Rows, boost
from training.learning.parts import Part
from training.settings import ModelSettings

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


def refit_all(wanted: Mapping[Part, Refit], settings: ModelSettings, progress: Progress | None = None) -> dict[Part, tuple[str, ...]]:
    """Fit each part once for each draw and return the boosters as text; `settings.threads` refits run at a time.

    Raises:
        FitCrashedError: a process ended before its refit was ready.
    """
    alone = settings.model_copy(update={"threads": 1})
    with ProcessPoolExecutor(settings.threads, _clean_processes(), _receive, (dict(wanted),)) as workers:
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


def _fit(part: Part, draw: int, settings: ModelSettings) -> str:
    refit = _given[part]
    return boost(refit.rows.drawn(refit.draws[draw]), refit.columns, settings, refit.rounds, refit=draw + 1)
