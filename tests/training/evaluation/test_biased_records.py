"""Records that are wrong in one kind of place: a model that was trained on them is blocked, judged by what truly happened."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from features.facts.facts import Facts
from features.facts.places import Level, Places
from features.panel.build import build_panel
from serving.settings import Settings
from tests.support.trained_worlds import make_facts
from training.evaluation import disparity
from training.evaluation.backtest import backtest
from training.evaluation.disparity import Grouping, Verdict, compare_groups
from training.learning.folds import Gap
from training.learning.labels import count_labels
from training.settings import BacktestSettings, ModelSettings

pytestmark = pytest.mark.full

Days = npt.NDArray[np.int32]

GRIDS, TOWNSHIPS, WEEK, DAYS = 1_200, 20, 7, 2 * 364
KINDS = np.array(["new_estate", "old_estate", "village"])
IN_VILLAGE = np.arange(GRIDS) % 3 == 2
VILLAGES = np.flatnonzero(IN_VILLAGE)
SETTINGS = Settings(
    delay_allowance_days=0,
    horizon_days=WEEK,
    backtest=BacktestSettings(test_share=0.5, folds=1, bootstrap_draws=20, peers=()),
    model=ModelSettings(num_boost_round=30, inner_folds=1, replicates=0),
)


@dataclass(frozen=True)
class Records:
    """Where and when something happened, and the day on which that became known; arrays of equal length."""

    grid: Days
    day: Days
    known: Days

    def facts(self) -> Facts:
        order = np.lexsort((self.day, self.grid))
        facts = make_facts(self.grid[order], self.day[order], GRIDS, DAYS, (self.known - self.day)[order])
        return replace(facts, places=_places(facts.places))


def _places(places: Places) -> Places:
    member = (np.arange(GRIDS) * TOWNSHIPS // GRIDS).astype(np.int32)
    township = Level(tuple(f"T{number:02}" for number in range(TOWNSHIPS)), member)
    return replace(places, area_type=KINDS[np.arange(GRIDS) % 3], levels=places.levels | {"township": township})


def draw(seed: int) -> Records:
    """Return what truly happens, known at once; no kind of place differs from another."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(np.tile(rng.gamma(0.3, 0.1 / WEEK / 0.3, GRIDS), (DAYS, 1)))
    day, grid = (np.repeat(places, counts[counts > 0]).astype(np.int32) for places in np.nonzero(counts))
    return Records(grid, day, day)


def in_village(truth: Records) -> npt.NDArray[np.bool_]:
    return IN_VILLAGE[truth.grid]


def missing_feature(truth: Records, rng: np.random.Generator) -> Records:
    """Villages write down the township alone, so that a record is of any of its village grids."""
    size = GRIDS // TOWNSHIPS // 3
    anywhere = VILLAGES[truth.grid * TOWNSHIPS // GRIDS * size + rng.integers(0, size, len(truth.grid))]
    return replace(truth, grid=np.where(in_village(truth), anywhere, truth.grid).astype(np.int32))


def noise(truth: Records, rng: np.random.Generator) -> Records:
    """Some village grids write down everything many times, others hardly anything."""
    times = np.where(IN_VILLAGE, rng.lognormal(-2, 2, GRIDS), 1)[truth.grid]
    rows = np.repeat(np.arange(len(truth.grid)), np.floor(times + rng.random(len(times))).astype(int))
    return Records(truth.grid[rows], truth.day[rows], truth.known[rows])


def late_reports(truth: Records, _: np.random.Generator) -> Records:
    """Places that are old news are still found, so that counts are wrong rather than the list."""
    return replace(truth, known=np.where(in_village(truth), truth.day + 300, truth.day).astype(np.int32))


def coverage_gap(truth: Records, rng: np.random.Generator) -> Records:
    kept = (~IN_VILLAGE | (rng.random(GRIDS) < 0.3))[truth.grid]
    return Records(truth.grid[kept], truth.day[kept], truth.known[kept])


def map_break(truth: Records, rng: np.random.Generator) -> Records:
    """Numbers of village grids are given out anew each quarter; the record of a case has the number of some other quarter."""
    moved = truth.grid.copy()
    for quarter in range(DAYS // 91):
        numbers = np.arange(GRIDS)
        numbers[VILLAGES] = rng.permutation(VILLAGES)
        rows = truth.day // 91 == quarter
        moved[rows] = numbers[truth.grid[rows]]
    return replace(truth, grid=moved)


def biased_label(truth: Records, rng: np.random.Generator) -> Records:
    """A fifth is written down."""
    kept = ~in_village(truth) | (rng.random(len(truth.grid)) < 0.2)
    return Records(truth.grid[kept], truth.day[kept], truth.known[kept])


def judged(truth: Records, written: Records) -> Grouping:
    """Return how even the list of a model is that was trained on what was written down, by what happened."""
    facts = written.facts()
    panel = build_panel(facts, np.arange(28, DAYS - WEEK + 1, WEEK, dtype=np.int32), WEEK, SETTINGS)
    predictions = backtest(facts, panel, Gap(WEEK, SETTINGS.delay_allowance_days), SETTINGS.backtest, SETTINGS.model).predictions
    tested = panel.as_ofs[-len(predictions) // GRIDS :]
    happened = pl.Series("count", count_labels(truth.facts(), tested, WEEK).ravel())
    return compare_groups(predictions.with_columns(happened), WEEK, seed=1)["area_type"]


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw less often where the answer is clear."""
    monkeypatch.setattr(disparity, "DRAWS", 200)


@pytest.mark.parametrize("bias", [missing_feature, noise, late_reports, coverage_gap, map_break, biased_label])
def test_model_trained_on_biased_records_is_blocked(
    bias: Callable[[Records, np.random.Generator], Records], record_property: Callable[[str, object], None]
) -> None:
    truth = draw(seed=1)

    found = judged(truth, bias(truth, np.random.default_rng(2)))

    assert found.ratio is not None
    record_property(f"recall ratio of a model trained with {bias.__name__.replace('_', ' ')}, {found.verdict}", round(found.ratio, 2))
    assert found.verdict is Verdict.BLOCK


def test_model_trained_on_all_records_is_not_blocked(record_property: Callable[[str, object], None]) -> None:
    truth = draw(seed=1)

    found = judged(truth, truth)

    record_property("recall ratio of a model trained on fair records", round(found.ratio or 0, 2))
    assert found.verdict is not Verdict.BLOCK
