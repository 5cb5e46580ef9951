"""Escalations that a calendar foretells are reported apart from those that the model does."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from features.days import NEVER
from tests.support.trained_worlds import make_facts
from training.evaluation.already_due import AlreadyDue, count_already_due, judge_already_due

AS_OFS = np.array([20, 27], np.int32)


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
    assert count_already_due(facts_with(known, occurred, due), AS_OFS, horizon_days=14).ravel().tolist() == expected


def predictions():
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

    judged = judge_already_due(predictions(), already_due)

    assert judged == AlreadyDue(share=5 / 6, rows=5, positives=1, auc=0.75, ap=0.5)
    assert judged.line.startswith("MOSTLY DECIDED: 83% of the escalations were open cases already due")
    assert "(5 rows, 1 with an escalation) AUC is 0.750 and AP 0.500." in judged.line


def test_judge_already_due_with_nothing_left_says_so():
    calm = predictions().with_columns(pl.when(pl.col("due")).then(pl.col("count")).otherwise(0.0).alias("count"))
    judged = judge_already_due(calm, np.array([1.0] * 5 + [0] * 5, np.float32))

    assert judged is not None
    assert judged.line.endswith("(5 rows, 0 with an escalation) nothing can be estimated.")


def test_judge_already_due_below_half_is_silent():
    assert judge_already_due(predictions(), np.array([1.0] * 2 + [0] * 8, np.float32)) is None
