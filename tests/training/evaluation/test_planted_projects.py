"""Projects that raise their matters are named before the first of them; where they raise nothing, to know of them is worth nothing."""

from pathlib import Path

import numpy as np
import pytest

from features.facts.facts import Facts
from features.panel.build import Panel, build_panel
from serving.settings import Settings
from tests.support.simulated_homes import simulated_home
from training.evaluation.backtest import BacktestResult, backtest
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import score
from training.evaluation.named_before import NamedBefore, count_named_before
from training.evaluation.predictions import EXPECTED, outcomes, predicted, weigh
from training.learning.folds import Gap

pytestmark = pytest.mark.full

TARGET, HORIZON = "project_disputes", 14
WITHOUT = "without"


def take_in(preset: str, seed: int, folder: Path) -> tuple[Facts, Panel, Settings]:
    """Simulate a small district and return its facts, its panel and the settings, without peers."""
    work = simulated_home(preset, seed, folder)
    facts, _ = work.facts(TARGET)
    settings = work.settings.model_copy(update={"backtest": work.settings.backtest.model_copy(update={"peers": ()})})
    work.close()
    as_ofs = np.arange(facts.first_day + 28, facts.known_through_day + 1, 7, dtype=np.int32)
    return facts, build_panel(facts, as_ofs, HORIZON, settings), settings


def gap_of(settings: Settings) -> Gap:
    return Gap(HORIZON, settings.delay_allowance_days)


def named_in(facts: Facts, result: BacktestResult) -> NamedBefore:
    days = result.predictions["as_of"].unique().sort().to_physical().to_numpy()
    named = count_named_before(facts, days, result.predictions[EXPECTED + MODEL].to_numpy().reshape(len(days), -1))
    assert named is not None
    return named


def test_projects_that_matter_are_named_before_their_first_dispute_at_least_half_the_time(tmp_path: Path) -> None:
    named = []
    for seed in (1, 2, 3):
        facts, panel, settings = take_in("undertakings", seed, tmp_path / str(seed))
        named.append(named_in(facts, backtest(facts, panel, gap_of(settings), settings.backtest, settings.model)))
    projects = sum(each.projects for each in named)

    assert projects > 30
    assert sum(each.named for each in named) >= 0.5 * projects
    assert sum(each.by_chance for each in named) < 0.2 * projects


def test_projects_that_do_not_matter_move_no_metric_beyond_its_interval(tmp_path: Path) -> None:
    facts, panel, settings = take_in("unmoved", 1, tmp_path)
    models = (settings.model, settings.model.leaving_out(["undertakings"]))
    knowing, unknowing = (backtest(facts, panel, gap_of(settings), settings.backtest, model) for model in models)
    said = {MODEL: predicted(knowing.predictions)[MODEL], WITHOUT: predicted(unknowing.predictions)[MODEL]}
    card = score(outcomes(knowing.predictions), said, weigh(knowing.predictions, settings.backtest.bootstrap_draws, seed=1))
    intervals = {name: gap["ci95"] for name, gap in card.differences[WITHOUT].items() if gap["ci95"]}

    assert len(intervals) > 8
    assert {} == {name: bounds for name, bounds in intervals.items() if bounds[0] > 0 or bounds[1] < 0}
