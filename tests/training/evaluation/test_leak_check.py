"""The backtest says so when it is too good to be true, and is silent where being good is no feat."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.facts.derive import read_facts
from features.facts.facts import Facts
from features.panel.build import Panel, build_panel
from features.targets import Target
from tests.support.event_logs import Case, days, make_log
from tests.support.trained_worlds import FAST, HORIZON, draw_facts, make_panel, place_rates, weekly, with_values
from training.evaluation.backtest import backtest
from training.evaluation.leak_check import find_leak_signs
from training.learning.labels import case_outcomes, count_labels
from training.settings import TooGood

GRIDS, AS_OFS = 100, 20
RARE = 0.02


def predictions(leak: float, due: bool = False, rare: float = RARE, seed: int = 1) -> pl.DataFrame:
    """Return made-up predictions: noise and as much of the outcome as leaked."""
    rng = np.random.default_rng(seed)
    happened = rng.random(GRIDS * AS_OFS) < rare
    expected = rng.gamma(2.0, rare, len(happened)) + leak * happened
    return pl.DataFrame(
        {
            "as_of": np.repeat(np.arange(AS_OFS), GRIDS),
            "block": 0,
            "count": happened.astype(np.float64),
            "usual_count": rare,
            "due": due,
            "expected_lightgbm": expected,
            "risk_lightgbm": 1 - np.exp(-expected),
        }
    )


def suspected(table: pl.DataFrame, limits: TooGood | None = None) -> list[str]:
    return [line.split(" is ")[0] for line in find_leak_signs(table, limits or TooGood())]


def test_suspect_speaks_up_where_the_outcome_leaked() -> None:
    lines = find_leak_signs(predictions(leak=0.5), TooGood())

    assert 3 == len(lines)
    assert "too good: look for a leak: auc of lightgbm is 1.000 where no open case falls due, above 0.9." in lines


def test_suspect_is_silent_without_a_leak() -> None:
    assert [] == suspected(predictions(leak=0.0))


def test_suspect_each_limit_is_a_setting() -> None:
    limits = TooGood(auc=1.0, ap_over_base=1000.0)

    assert ["too good: look for a leak: hit@5% of lightgbm"] == suspected(predictions(leak=0.5), limits)


@pytest.mark.parametrize("table", [predictions(0.5, due=True), predictions(0.5, rare=0.2), predictions(0.5, rare=0.0)])
def test_suspect_is_silent_where_the_clock_decides_or_much_or_nothing_happens(table: pl.DataFrame) -> None:
    assert [] == suspected(table)


def test_suspect_due_rows_hide_no_leak_in_the_others() -> None:
    both = pl.concat([predictions(0.0, due=True), predictions(0.5, seed=2)])

    assert 3 == len(suspected(both))


def test_backtest_notes_a_column_that_knows_the_outcome() -> None:
    """The same log, with the label written over a column the model reads."""
    facts = draw_facts(place_rates(60, seed=1) / 10, 600, seed=2)
    panel = make_panel(facts, weekly(600))
    leaking = panel.values.copy()
    leaking[panel.names.index("dispute_ratio_grid_7d")] = 10 * count_labels(facts, panel.as_ofs, HORIZON)
    settings = FAST.model_copy(update={"model": FAST.model.model_copy(update={"least_history_days": 0})})

    noted = [
        [note for note in backtest(facts, given, HORIZON, settings).notes if note.startswith("too good")]
        for given in (panel, with_values(panel, leaking))
    ]
    assert [] == noted[0]
    assert noted[1]


def test_backtest_notes_a_column_of_cases_that_knows_the_outcome() -> None:
    """The same log of cases that escalate at random, with what became of each written over a column of its rows."""
    facts, panel = scattered_cases(seed=3)
    opened = panel.open_cases
    values = opened.values.copy()
    values[opened.names.index("calls")] = case_outcomes(facts, opened, panel.as_ofs, HORIZON) > 0
    leaking = replace(panel, open_cases=replace(opened, values=values))
    noted = [[note for note in backtest(facts, given, HORIZON, FAST).notes if note.startswith("too good")] for given in (panel, leaking)]

    assert [] == noted[0]
    assert noted[1]


def scattered_cases(seed: int) -> tuple[Facts, Panel]:
    """Return a log of 120 grids in which every open case is as likely to be handed up as any other."""
    rng = np.random.default_rng(seed)
    grids = [f"g{number:02}" for number in range(120)]
    cases = []
    for at in np.sort(rng.uniform(1, 380, 900)).tolist():
        ends = at + float(rng.exponential(25)) + 1
        up = rng.random() < 0.15
        cases.append(Case(str(rng.choice(grids)), at, closed=None if up else ends, moves=(("escalated", ends),) if up else ()))
    log = make_log(cases, targets={"up": Target(transitions=("escalated",))}, grids=dict.fromkeys(grids, "D/T/C"), known_through=420)
    facts = read_facts(log, "up", FAST)
    return facts, build_panel(facts, days(*weekly(400)), HORIZON, FAST)
