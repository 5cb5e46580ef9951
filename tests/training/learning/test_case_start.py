"""The regression that trees of cases begin from."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy.special import expit

from features.panel.case_columns import CaseColumn
from features.panel.case_rows import CaseRows
from training.learning.case_start import CaseStart, KindOdds, Term, fit_case_start

AS_OFS, PER_DAY = 60, 60
KINDS = (("dispute", "land_acquisition"), ("dispute", "neighbor"))
COLUMNS = (
    CaseColumn("age", "days", 0, "已{n}天", "{n} days old"),
    CaseColumn("falls_due", "yes", 1, "到期", "due"),
    CaseColumn("waiting", "cases", 0, "{n}件", "{n} cases"),
)


def rows(seed=1, **values):
    random = np.random.default_rng(seed)
    size = AS_OFS * PER_DAY
    known = {"age": random.integers(0, 90, size), "falls_due": random.random(size) < 0.2, "waiting": random.integers(0, 9, size)} | values
    return CaseRows(
        COLUMNS,
        KINDS,
        np.repeat(np.arange(AS_OFS, dtype=np.int32), PER_DAY),
        np.zeros(size, np.int32),
        np.arange(size, dtype=np.int32),
        (random.random(size) < 0.5).astype(np.int16),
        np.ones(size),
        np.stack([known[column.name] for column in COLUMNS]).astype(np.float32),
    )


def happen(table, margin, seed=2):
    return (np.random.default_rng(seed).random(len(table.kind)) < expit(margin)).astype(float)


def test_fit_case_start_learns_a_smooth_rise_and_the_kind():
    table = rows()
    truth = -4.0 + 0.9 * np.log1p(table.column("age")) - 1.2 * table.kind

    start = fit_case_start(table, happen(table, truth), 10**6)

    assert np.abs(start.margin(table) - truth).mean() < 0.25
    assert start.terms["age"].slope == pytest.approx(0.9, abs=0.35)


def test_fit_case_start_kind_without_a_case_leaves_no_trace():
    """Petitions are kinds of the log, but no cases of the model."""
    table = rows()
    happened = happen(table, -3.0)
    with_petitions = replace(table, kinds=(*KINDS, ("petition", "labor_wage")))

    assert fit_case_start(table, happened, 10**6) == fit_case_start(with_petitions, happened, 10**6)


def test_fit_case_start_of_few_escalations_is_the_odds_of_the_kind():
    table = rows()
    happened = np.zeros(len(table.kind))
    happened[::100] = 1

    start = fit_case_start(table, happened, 10**6)

    np.testing.assert_allclose(start.margin(table), start.odds.margin(table))


def test_fit_case_start_where_only_the_kind_matters_moves_little_away_from_it():
    table = rows()

    start = fit_case_start(table, happen(table, -2.0 + table.kind), 10**6)

    assert np.abs(start.margin(table) - start.odds.margin(table)).max() < 0.4


def test_fit_case_start_term_against_its_direction_stays_out():
    """A case that falls due can only be likelier to escalate, whatever a log of a few says."""
    table = rows()
    happened = happen(table, -1.0 - 2.0 * table.column("falls_due"))

    assert "falls_due" not in fit_case_start(table, happened, 10**6).terms


def test_margin_beyond_what_was_learnt_from_says_nothing_new():
    table = rows()
    start = fit_case_start(table, happen(table, -3.0 + np.log1p(table.column("age"))), 10**6)
    old, ancient = (rows(age=np.full(AS_OFS * PER_DAY, days)) for days in (89, 4000))

    np.testing.assert_array_equal(start.margin(old), start.margin(ancient))


def test_margin_of_a_missing_value_is_that_of_the_mean():
    assert Term(2.0, 5.0, 0.0, 9.0).margin(np.array([np.nan, 5.0, 6.0, 99.0])).tolist() == [0.0, 0.0, 2.0, 8.0]


def test_steps_lead_from_the_odds_of_all_cases_to_the_margin():
    table = rows()
    start = fit_case_start(table, happen(table, -3.0 + np.log1p(table.column("age"))), 10**6)
    steps = list(start.steps(table))

    np.testing.assert_allclose(start.odds.overall + sum(step for _, step in steps), start.margin(table))
    assert {name for name, _ in steps} <= {"", "kind_odds", "due_odds", *table.names}


def test_from_json_reads_what_was_written_and_what_models_of_before_wrote():
    table = rows()
    start = fit_case_start(table, happen(table, -3.0 + np.log1p(table.column("age"))), 10**6)
    odds = KindOdds(-2.0, {"dispute/neighbor": -3.0}, -1.0, {})

    assert CaseStart.from_json(json.loads(json.dumps(asdict(start), allow_nan=False))) == start
    assert CaseStart.from_json(asdict(odds)) == CaseStart.by_kind(odds)
