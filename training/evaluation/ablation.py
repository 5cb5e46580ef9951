"""Ablation: what each family of features adds to the model, on the folds and draws of its backtest."""

import numpy as np

from features.facts.facts import Facts
from features.panel.build import Panel, Progress
from training.evaluation.backtest import BacktestResult, set_stage
from training.evaluation.fold_runner import MODEL, by_model
from training.evaluation.metrics import Predicted
from training.evaluation.predictions import outcomes, predicted, weigh
from training.evaluation.scorecard import Scorecard, score
from training.learning.columns import families_read
from training.learning.inner_validation import inner_validate
from training.settings import Settings


def ablate(facts: Facts, panel: Panel, result: BacktestResult, settings: Settings, progress: Progress | None = None) -> Scorecard:
    """Repeat the backtest of a model once without each family that it reads.

    `panel` and `settings` are those of the backtest. The differences are the model minus the model without that family; what trees start
    from reads its columns all the same.
    """
    said = {MODEL: predicted(result.predictions)[MODEL]}
    families = [family for family in families_read(panel) if family not in settings.model.exclude_families]
    for done, family in enumerate(families, start=1):
        said[family] = _replay_without(family, facts, panel, result.horizon_days, settings)
        if progress:
            progress(done, len(families))
    return score(outcomes(result.predictions), said, weigh(result.predictions, settings.backtest.bootstrap_draws, settings.backtest.seed))


def _replay_without(family: str, facts: Facts, panel: Panel, horizon_days: int, settings: Settings) -> Predicted:
    stage, folds = set_stage(facts, panel, horizon_days, settings.leaving_out([family]))
    past = inner_validate(stage.seen_by(folds[0]), stage.settings)
    said = [by_model(stage, fold, stage.seen_by(fold), past) for fold in folds]
    return Predicted(*(np.concatenate([getattr(each, part).ravel() for each in said]) for part in ("expected", "risk")))
