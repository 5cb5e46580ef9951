"""The backtest says so when it is too good to be true, and is silent where being good is no feat."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from features.days import NEVER
from features.facts.derive import read_facts
from features.facts.facts import Facts
from features.panel.build import Panel, build_features, build_panel
from features.panel.feature import Feature, Kind
from features.targets import Target
from tests.support.event_logs import Case, days, make_log
from tests.support.reported import SETTINGS
from tests.support.trained_worlds import FAST, GAP, HORIZON, draw_facts, make_facts, make_panel, place_rates, weekly, with_values
from training.evaluation.backtest import backtest
from training.evaluation.leak_check import AlreadyDue, count_already_due, find_leak_signs, judge_already_due, look_ahead
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
        [note for note in backtest(facts, given, GAP, settings.backtest, settings.model).notes if note.startswith("too good")]
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
    noted = [
        [note for note in backtest(facts, given, GAP, FAST.backtest, FAST.model).notes if note.startswith("too good")]
        for given in (panel, leaking)
    ]

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


def column(name, value):
    return Feature(name, "", "planted", "planted", Kind.DRIVER, "cases", "{n}", "{n}", value, scope=None)


def planted(reported, feature):
    """Return the panel with one more column."""
    features = (*reported.panel.features, feature)
    return build_features(reported.facts, reported.panel.as_ofs, HORIZON, SETTINGS, features)


def test_look_ahead_own_columns_know_nothing_of_the_future(reported):
    found = look_ahead(reported.facts, reported.panel, HORIZON, SETTINGS)

    assert found["changed"] == []
    assert (found["columns"], len(found["as_ofs"])) == (len(reported.panel.features), 2)


def test_look_ahead_column_that_counts_the_horizon_is_caught(reported):
    leak = column("escalations_to_come", lambda block: count_labels(block.facts, block.when.as_ofs, HORIZON))

    assert look_ahead(reported.facts, planted(reported, leak), HORIZON, SETTINGS)["changed"] == ["escalations_to_come"]


def test_look_ahead_column_that_knows_how_open_cases_end_is_caught(reported):
    """A closing day is stored with the case from the start; reading it before it came is a leak that no label check sees."""
    facts = replace(reported.facts, spells=replace(reported.facts.spells, end_day=reported.facts.spells.start_day + np.int32(20)))

    def days_left(block):
        spells = block.facts.spells
        left = [np.maximum(spells.end_day - as_of, 0) * (spells.start_day < as_of) for as_of in block.when.as_ofs]
        return np.array([np.bincount(spells.grid, each, minlength=len(block.grids)) for each in left])

    features = (*reported.panel.features, column("days_until_closed", days_left))
    panel = build_features(facts, reported.panel.as_ofs, HORIZON, SETTINGS, features)

    assert look_ahead(facts, panel, HORIZON, SETTINGS)["changed"] == ["days_until_closed"]


@pytest.mark.parametrize("days", [28, 90])
def test_look_ahead_column_of_the_past_passes(reported, days):
    past = column("escalations_before", lambda block: count_labels(block.facts, block.when.as_ofs - np.int32(days), days, None))

    assert look_ahead(reported.facts, planted(reported, past), HORIZON, SETTINGS)["changed"] == []


ALREADY_DUE_AS_OFS = np.array([20, 27], np.int32)


def facts_with(known, occurred, due):
    """Return facts of one grid with one escalated case: known on a day, escalated on a day, due on a day."""
    facts = make_facts([0], [occurred], grids=1, through=100)
    days = {"known_day": np.array([known], np.int32), "due_day": np.array([due], np.int32)}
    return replace(facts, cases=replace(facts.cases, **days))


@pytest.mark.parametrize(
    ("known", "occurred", "due", "expected"),
    [
        (10, 25, 25, [1, 0]),  # open at the first as_of, due within its horizon
        (10, 30, 30, [1, 1]),
        (10, 34, 34, [0, 1]),  # beyond the horizon of the first
        (20, 25, 25, [0, 0]),  # known on the as_of itself is known too late
        (10, 25, 26, [0, 0]),  # escalated another way than by the clock
        (10, 25, NEVER, [0, 0]),
        (10, 20, 20, [1, 0]),  # due on the day of the list
    ],
)
def test_count_already_due_counts_what_a_calendar_would_have_told(known, occurred, due, expected):
    assert count_already_due(facts_with(known, occurred, due), ALREADY_DUE_AS_OFS, horizon_days=14).ravel().tolist() == expected


def already_due_predictions():
    """Return ten rows: an open case is due in five, all of which escalate; one of the others does too."""
    return pl.DataFrame(
        {
            "as_of": [date(2025, 1, 1)] * 10,
            "block": [0] * 10,
            "count": [1.0] * 5 + [1.0, 0, 0, 0, 0],
            "usual_count": [0.1] * 10,
            "due": [True] * 5 + [False] * 5,
            "expected_lightgbm": [0.9] * 5 + [0.1, 0.2, 0.05, 0.05, 0.05],
            "risk_lightgbm": [0.6] * 5 + [0.1] * 5,
        }
    )


def test_judge_already_due_measures_the_rest():
    already_due = np.array([1.0] * 5 + [0] * 5, np.float32)

    judged = judge_already_due(already_due_predictions(), already_due)

    assert judged == AlreadyDue(share=5 / 6, rows=5, positives=1, auc=0.75, ap=0.5)
    assert judged.line.startswith("MOSTLY DECIDED: 83% of the escalations were open cases already due")
    assert "(5 rows, 1 with an escalation) AUC is 0.750 and AP 0.500." in judged.line


def test_judge_already_due_with_nothing_left_says_so():
    calm = already_due_predictions().with_columns(pl.when(pl.col("due")).then(pl.col("count")).otherwise(0.0).alias("count"))
    judged = judge_already_due(calm, np.array([1.0] * 5 + [0] * 5, np.float32))

    assert judged is not None
    assert judged.line.endswith("(5 rows, 0 with an escalation) nothing can be estimated.")


def test_judge_already_due_below_half_is_silent():
    assert judge_already_due(already_due_predictions(), np.array([1.0] * 2 + [0] * 8, np.float32)) is None
