"""Fitting: level, rounds and calibration are all found inside the training part."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.panel.build import Progress
from training.bootstrap import Blocks, draw_weights
from training.learning.booster import boost
from training.learning.design_matrix import prepare
from training.learning.examples import Examples
from training.learning.inner_validation import InnerPredictions, inner_validate, tune
from training.learning.model import Fitted
from training.learning.refits import refit
from training.settings import ModelSettings

Floats = npt.NDArray[np.float64]


def fit(
    examples: Examples,
    settings: ModelSettings,
    blocks: Blocks | None = None,
    past: Sequence[InnerPredictions] | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit a model; with `blocks` (T, G) also `settings.replicates` replicates, each to blocks drawn with replacement.

    Rounds and calibration come from what earlier refits foretold (`past`); without any they are rehearsed first.

    Raises:
        NotReadyError: there is nothing to learn, or too little to calibrate on.
    """
    tuned = tune(inner_validate(examples, settings) if past is None else past, examples, settings)
    ground = prepare(examples, settings)
    booster = boost(ground.rows, ground.columns, settings, tuned.rounds)
    weights = [] if blocks is None else list(_replicate_weights(ground.as_ofs, blocks[-len(ground.as_ofs) :], settings))
    replicates = refit(ground.rows, ground.columns, settings, tuned.rounds, weights, progress) if weights else ()
    return Fitted(
        target=examples.target,
        horizon_days=examples.gap.horizon_days,
        columns=ground.columns,
        booster=booster,
        replicates=replicates,
        level=ground.level,
        calibration=tuned.calibration,
    )


def _replicate_weights(as_ofs: Days, blocks: Blocks, settings: ModelSettings) -> Iterator[Floats]:
    """Yield the weight of each row in each replicate."""
    numbers = blocks.ravel() - blocks.min()
    for weights in draw_weights(as_ofs, int(numbers.max()) + 1, settings.replicates, settings.seed)[1:]:
        yield weights[numbers]
