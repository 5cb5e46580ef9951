"""Small made-up districts: facts with a known rate behind them, and panels built from them by the real code."""

from dataclasses import replace

import numpy as np

from features.days import NEVER
from features.facts.facts import Cases, Facts, Marks, Spells
from features.facts.places import Level, Places
from features.panel.build import Panel, build_panel
from serving.settings import Settings
from training.learning.folds import Gap
from training.settings import BacktestSettings, ModelSettings

FAST = Settings(
    delay_allowance_days=0,
    backtest=BacktestSettings(folds=2, bootstrap_draws=40),
    model=ModelSettings(learning_rate=0.1, num_boost_round=40, num_leaves=4, min_data_in_leaf=20, inner_folds=2, replicates=2, threads=1),
)
HORIZON = 14
GAP = Gap(HORIZON, FAST.delay_allowance_days)


def make_facts(grid, day, grids, through, known_delay=0):
    """Return facts in which every case counts as an escalation on the day it happens."""
    order = np.lexsort((day, grid))
    grid, day = np.asarray(grid, np.int32)[order], np.asarray(day, np.int32)[order]
    known, nothing = day + np.int32(known_delay), np.zeros(len(day), np.int16)
    never = np.full(len(day), NEVER, np.int32)
    ones, no = np.ones(len(day)), nothing.astype(bool)
    cases = Cases(grid, ones, nothing, nothing, nothing - 1, no, day, known, nothing - 1, never, never, nothing - 1, ones, ~no)
    rows = np.arange(len(day), dtype=np.int32)
    townships = Level(("a", "b"), (np.arange(grids) % 2).astype(np.int32))
    district = Level(("",), np.zeros(grids, np.int32))
    return Facts(
        places=Places(
            np.array([f"g{number:03}" for number in range(grids)]),
            {"township": townships, "district": district},
            None,
            np.full(grids, -NEVER, np.int32),
            np.full(grids, ""),
            np.full(grids, -NEVER, np.int32),
            np.full(grids, -1, np.int32),
        ),
        cases=cases,
        spells=Spells(rows, grid, known, never, rows < 0),
        target=(marks := Marks(rows, grid, day, known, nothing)),
        hazards=marks,
        reopened=Marks(rows[:0], grid[:0], day[:0], known[:0], nothing[:0]),
        event_types=("dispute",),
        kinds=(("dispute", "other"),),
        sources=(),
        target_name="escalation",
        known_through_day=through,
        first_day=0,
        sequence=len(day),
    )


def draw_facts(rates, days, seed):
    """Return facts of independent grids; `rates` (G,) or (days, G) are cases per day."""
    counts = np.random.default_rng(seed).poisson(np.broadcast_to(rates, (days, np.shape(rates)[-1])))
    day, grid = np.nonzero(counts)
    return make_facts(np.repeat(grid, counts[day, grid]), np.repeat(day, counts[day, grid]), counts.shape[1], days)


def place_rates(grids, seed):
    """Return rates that differ between grids, about one case a month."""
    return np.random.default_rng(seed).gamma(2.0, 1 / 60, grids)


def weekly(days, first=28):
    """Return as_ofs a week apart whose horizon has passed by then."""
    return np.arange(first, days - HORIZON + 1, 7, dtype=np.int32)


def make_panel(facts, as_ofs, settings=FAST) -> Panel:
    """Build the panel with the real code."""
    return build_panel(facts, as_ofs, HORIZON, settings)


def with_values(panel: Panel, values) -> Panel:
    """Return the panel with other values."""
    return replace(panel, values=np.asarray(values, np.float32))
