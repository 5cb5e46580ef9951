"""The only module that knows Optuna: settings of the trees, tried on refits inside the training part."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
from optuna.trial import FrozenTrial, Trial, TrialState
from scipy.special import xlogy

from features.panel.build import Progress
from features.storage.home import Home
from training.learning.examples import Examples
from training.learning.inner_validation import InnerPredictions, Tried, Tuned, inner_folds, predict_ahead, tune
from training.settings import ModelSettings

Floats = npt.NDArray[np.float64]

TRIED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Searched:
    """Outcome of a search."""

    model: ModelSettings
    """The best that was tried, or the settings as they were where nothing was better."""
    deviance: float
    """Poisson deviance of what refits predicted, at the number of trees that served best."""
    before: float
    """The same of the settings as they were."""
    tried: int
    pruned: int
    """Number of trials broken off behind the median of the others."""
    trials: tuple[Tried, ...] = field(default=(), compare=False)
    """All that was tried; when it was tried does not matter for what was found."""


def search(home: Home, examples: Examples, model_settings: ModelSettings, trials: int, progress: Progress | None = None) -> Searched:
    """Try settings until `trials` of them were tried, those of an earlier search on the same examples included.

    Trial by trial the same seed gives the same settings, whether the search was interrupted or not. `examples` end before any test
    begins, so nothing is chosen by rows that a backtest judges.
    """
    study = _open_study(home, examples, model_settings)
    while (tried := len(study.get_trials(deepcopy=False, states=TRIED))) < trials:
        # a sampler of its own for each trial: the state of one would be lost with the process
        study.sampler = optuna.samplers.TPESampler(seed=model_settings.seed + len(study.trials))
        study.optimize(partial(_try, examples, model_settings), n_trials=1)
        if progress:
            progress(tried + 1, trials)
    return _choose(study, examples, model_settings)


def _open_study(home: Home, examples: Examples, model_settings: ModelSettings) -> optuna.Study:
    """Open the study of these examples and settings; any other log or setting has another."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    home.folder(home.root)
    panel = examples.panel
    parts = (examples.counts.tobytes(), panel.as_ofs.tobytes(), " ".join(panel.names).encode(), model_settings.model_dump_json().encode())
    name = f"{examples.target}-{examples.gap.horizon_days}d-{hashlib.sha256(b''.join(parts)).hexdigest()[:16]}"
    pruner = optuna.pruners.MedianPruner()
    return optuna.create_study(storage=home.search_url, study_name=name, pruner=pruner, direction="minimize", load_if_exists=True)


def _try(examples: Examples, model_settings: ModelSettings, trial: Trial) -> float:
    best = np.inf
    for step, best in enumerate(_deviances(examples, model_settings.model_copy(update=_suggest(trial)))):
        trial.report(best, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return best


def _suggest(trial: Trial) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.2, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 32, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 50, 1000, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 1.0, 100.0, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.2, 1.0),
    }


def _deviances(examples: Examples, model_settings: ModelSettings) -> Iterator[float]:
    """Yield the deviance on all refits so far, after each of them."""
    past: list[InnerPredictions] = []
    for fold in inner_folds(examples, model_settings):
        past.append(predict_ahead(examples.part(fold.train), examples.panel, fold, model_settings))
        tuned = tune(past, examples, model_settings)
        yield float(np.mean(np.concatenate([_deviance(inner, examples, tuned) for inner in past])))


def _deviance(inner: InnerPredictions, examples: Examples, tuned: Tuned) -> Floats:
    """Return the mean Poisson deviance per as_of of what one refit predicted, (T,)."""
    known, seen = inner.known(examples)
    expected, counts = tuned.expected(known) * seen.exposure, seen.counts.astype(np.float64)
    return np.asarray((2 * (xlogy(counts, counts) - counts - counts * np.log(expected) + expected)).mean(axis=1))


def _choose(study: optuna.Study, examples: Examples, model_settings: ModelSettings) -> Searched:
    *_, before = _deviances(examples, model_settings)
    pruned = len(study.get_trials(deepcopy=False, states=(TrialState.PRUNED,)))
    done = study.get_trials(deepcopy=False, states=TRIED)
    kept = Searched(model_settings, before, before, len(done), pruned, tuple(_describe(trial) for trial in done))
    if study.best_value >= before:
        return kept
    return replace(kept, model=model_settings.model_copy(update=study.best_params), deviance=study.best_value)


def _describe(trial: FrozenTrial) -> Tried:
    """Return a trial as it is recorded; Optuna notes local times."""
    began, ended = (moment.astimezone(UTC) for moment in (trial.datetime_start, trial.datetime_complete) if moment)
    finished = trial.state is TrialState.COMPLETE
    return Tried(trial.number, trial.params, trial.value, finished, began, ended)
