"""One reported backtest for all tests: three kinds of area, two townships, redrawn grids, cases by staff and by residents."""

from dataclasses import dataclass, replace

import numpy as np

from features.facts.facts import Facts
from features.panel.build import Panel
from serving.settings import Settings
from tests.support.trained_worlds import HORIZON, draw_facts, make_panel, place_rates, weekly
from training.evaluation.backtest import BacktestResult, backtest
from training.learning.folds import Gap
from training.learning.model import Fitted
from training.report.report import Subject, make_report
from training.settings import BacktestSettings, ModelSettings
from training.train import fit_all

DAYS = 420
SETTINGS = Settings(
    delay_allowance_days=0,
    backtest=BacktestSettings(folds=2, bootstrap_draws=20, capacities=(2, 5, 100)),
    model=ModelSettings(
        learning_rate=0.1, num_boost_round=40, num_leaves=4, min_data_in_leaf=20, inner_folds=2, replicates=3, threads=1, least_as_ofs=2
    ),
)


@dataclass(frozen=True)
class Reported:
    """A report and all it was made from."""

    facts: Facts
    panel: Panel
    result: BacktestResult
    fitted: Fitted
    files: dict[str, bytes]


def describe(facts: Facts) -> Facts:
    """Say what kind of area each grid is, which were redrawn in the middle of the test, and who found each case."""
    grids = facts.places.size
    redrawn = facts.places.redrawn_day.copy()
    redrawn[:20] = DAYS - 100
    places = replace(facts.places, area_type=np.array(["rural", "old_town", "new_estate"])[np.arange(grids) % 3], redrawn_day=redrawn)
    found = np.random.default_rng(3).integers(0, 2, len(facts.cases.grid)).astype(np.int16)
    return replace(facts, places=places, cases=replace(facts.cases, self_found=found))


def bursts(grids: int, seed: int) -> np.ndarray:
    """Return rates (days, grids) by place, four times as high for a month now and then."""
    generator = np.random.default_rng(seed)
    loud = np.repeat(generator.random((DAYS // 30 + 1, grids)) < 0.1, 30, axis=0)[:DAYS]
    return place_rates(grids, seed) * np.where(loud, 6.0, 1.0)


def make_reported() -> Reported:
    """Backtest, fit and report."""
    facts = describe(draw_facts(bursts(40, 1), DAYS, 2))
    panel = make_panel(facts, weekly(DAYS), SETTINGS)
    gap = Gap(HORIZON, SETTINGS.delay_allowance_days)
    result = backtest(facts, panel, gap, SETTINGS.backtest, SETTINGS.model)
    fitted = fit_all(facts, panel, gap, SETTINGS.model)
    subject = Subject(facts, panel, result, fitted, gap)
    return Reported(facts, panel, result, fitted, make_report(subject, SETTINGS, SETTINGS.backtest, SETTINGS.model.seed))
