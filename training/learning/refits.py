"""Refits: fits to resampled rows, in processes of their own, so that a crash of LightGBM ends them and not the program."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from features.errors import FitCrashedError
from features.panel.build import Progress
from training.learning.booster import Columns, Rows, boost
from training.settings import ModelSettings

Floats = npt.NDArray[np.float64]

_given: list[tuple[Rows, Columns, ModelSettings, int]] = []
"""In a child process: what all of its refits have in common, so that it is sent once."""


def refit(
    rows: Rows, columns: Columns, settings: ModelSettings, rounds: int, weights: Sequence[Floats], progress: Progress | None = None
) -> tuple[str, ...]:
    """Fit once for each weight of the rows (N,) and return the boosters as text; `settings.threads` refits run at a time.

    Raises:
        FitCrashedError: a process ended before its refit was ready.
    """
    common = (rows, columns, settings.model_copy(update={"threads": 1}), rounds)
    # a forked child would inherit the state of OpenMP and wait for ever
    with ProcessPoolExecutor(settings.threads, get_context("spawn"), _receive, common) as workers:
        pending = [workers.submit(_fit, number, weight) for number, weight in enumerate(weights, start=1)]
        texts = []
        try:
            for future in pending:
                texts.append(future.result())
                if progress:
                    progress(len(texts), len(pending))
        except BrokenProcessPool as error:
            raise FitCrashedError(
                f"LightGBM must fit {len(pending)} models to resampled rows, and its process died after {len(texts)}. "
                "Nothing was registered. Train again, and report it if it happens twice."
            ) from error
        return tuple(texts)


def _receive(rows: Rows, columns: Columns, settings: ModelSettings, rounds: int) -> None:
    _given[:] = [(rows, columns, settings, rounds)]


def _fit(number: int, weights: Floats) -> str:
    rows, columns, settings, rounds = _given[0]
    return boost(rows.drawn(weights), columns, settings, rounds, refit=number)
