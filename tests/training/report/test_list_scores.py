"""Figures of lists, on predictions worked out by hand."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from training.evaluation.metrics import Outcomes, Predicted
from training.report.list_scores import at_capacities, churn, hit_curve, lead_time, list_scores, reliability, two_lists

ONCE = np.ones((1, 1))
"""Weights of the rows themselves, all in one block, without a draw."""
FIRST = date(2026, 1, 5)


def happened(*counts: float, as_of: tuple[int, ...] | None = None) -> Outcomes:
    rows = len(counts)
    return Outcomes(np.array(counts, np.float64), np.array(as_of or (7,) * rows), np.zeros(rows, np.int64), np.zeros(rows))


def table(*scores: list[float], step_days: int = 7) -> pl.DataFrame:
    """Return one list of scores per as_of, in the order of the grids."""
    rows = [
        (FIRST + timedelta(days=step_days * number), f"g{grid:02}", 0, score)
        for number, listed in enumerate(scores)
        for grid, score in enumerate(listed)
    ]
    return pl.DataFrame(rows, schema=["as_of", "grid_id", "block", "expected_lightgbm"], orient="row")


def top(grid: int, grids: int = 20) -> list[float]:
    """Return scores that put one grid first."""
    return [float(number == grid) for number in range(grids)]


def test_list_scores_rising_is_how_many_times_the_usual() -> None:
    columns = {"usual_level": [0.5, 2.0], "expected_lightgbm": [1.0, 1.0], "surge_z_score_28d": [0.2, 0.1]}
    scores = list_scores(pl.DataFrame(columns))

    assert {"chronic": [0.5, 2.0], "rising": [2.0, 0.5], "lightgbm": [1.0, 1.0], "z_score_28d": [0.2, 0.1]} == {
        name: score.tolist() for name, score in scores.items()
    }


@pytest.mark.parametrize(
    ("tops", "shares"), [((0, 0, 0), [0, 0]), ((0, 1, 0), [1, 1]), ((0, 0, 1), [0, 1])], ids=["stays", "comes and goes", "leaves at last"]
)
def test_churn_is_the_share_of_the_list_before_that_left(tops: tuple[int, ...], shares: list[float]) -> None:
    found = churn(table(*map(top, tops)), "expected_lightgbm")

    assert (shares, 2, 7, sum(shares) / 2) == (found["shares"], found["pairs"], found["days_apart"], found["mean"])


def test_churn_of_one_list_cannot_be_told() -> None:
    assert {"days_apart": None, "pairs": 0, "mean": None, "shares": []} == churn(table(top(0)), "expected_lightgbm")


def test_hit_curve_is_the_share_of_escalations_in_the_highest_grids() -> None:
    """Ten grids: up to a tenth is one of them, 15 and 20 per cent are two, 25 and 30 are three."""
    curve = hit_curve(happened(3, 0, 1, 0, 0, 0, 0, 0, 0, 0), np.arange(10, 0, -1.0), ONCE)

    assert {1: 0.75, 10: 0.75, 15: 0.75, 20: 0.75, 25: 1.0, 30: 1.0} == {
        point["share"]: point["hit"]["value"] for point in curve if point["share"] in {1, 10, 15, 20, 25, 30}
    }
    assert 7.5 == pytest.approx(next(point["pai"]["value"] for point in curve if point["share"] == 10))


def test_hit_curve_of_tied_scores_is_chance_between_the_best_and_the_worst_luck() -> None:
    point = hit_curve(happened(4, 0, 0, 0, 0, 0, 0, 0, 0, 0), np.ones(10), ONCE)[0]

    assert (0.1, 1.0, 0.0) == (pytest.approx(point["hit"]["value"]), point["hit_best_ties"], point["hit_worst_ties"])


def test_hit_curve_where_nothing_happened_cannot_be_told() -> None:
    point = hit_curve(happened(*[0] * 10), np.arange(10.0), ONCE)[0]

    assert (None, None, None) == (point["hit"]["value"], point["hit_best_ties"], point["pai"]["value"])


def test_at_capacities_precision_and_recall_of_lists_of_so_many_grids() -> None:
    """Two as_ofs of three grids; in order of score the first saw 1, 0, 1 and the second 0, 1, 0 escalations and more."""
    outcomes = happened(2, 0, 1, 0, 5, 0, as_of=(7, 7, 7, 14, 14, 14))
    one, two, four = at_capacities(outcomes, np.array([3.0, 2, 1, 3, 2, 1]), ONCE, [1, 2, 4])

    assert (1 / 2, 1 / 3) == (one["precision"]["value"], pytest.approx(one["recall"]["value"]))
    assert (2 / 4, 2 / 3) == (two["precision"]["value"], pytest.approx(two["recall"]["value"]))
    assert (None, None, "不能估计：网格总数少于4个") == (four["precision"]["value"], four["recall"]["value"], four["reason"])


def test_at_capacities_every_grid_may_be_listed() -> None:
    (every,) = at_capacities(happened(1, 0, 0), np.array([1.0, 2, 3]), ONCE, [3])

    assert (1 / 3, 1.0, None) == (pytest.approx(every["precision"]["value"]), every["recall"]["value"], every["reason"])


def test_at_capacities_ties_are_told_by_the_best_and_the_worst_luck() -> None:
    (one,) = at_capacities(happened(1, 0, 0, 0), np.ones(4), ONCE, [1])

    assert (0.25, 1.0, 0.0) == (one["precision"]["value"], one["precision_best_ties"], one["precision_worst_ties"])


def test_reliability_equal_risks_stand_in_one_bin() -> None:
    counts = [1] + [0] * 9 + [1] * 6 + [0] * 4
    risk = np.repeat([0.1, 0.5], 10)
    low, high = reliability(happened(*counts), Predicted(risk, risk), ONCE)

    assert (10, 1, pytest.approx(0.1), pytest.approx(0.1)) == (low["rows"], low["positives"], low["predicted"], low["observed"]["value"])
    assert (10, 6, 0.5, pytest.approx(0.6)) == (high["rows"], high["positives"], high["predicted"], high["observed"]["value"])


def escalations(*rows: tuple[int, int] | tuple[int, int, float]) -> pl.DataFrame:
    """Return (day since the first as_of, grid, weight) as the table of escalations."""
    full = [(f"g{row[1]:02}", FIRST + timedelta(days=row[0]), row[2] if len(row) > 2 else 1.0) for row in rows]
    return pl.DataFrame(full, schema={"grid_id": pl.String, "occurred": pl.Date, "weight": pl.Float64}, orient="row")


LISTS = table(top(0), top(1), top(0))
"""Lists of one grid each, a week apart, that speak of the 14 days from then on."""


@pytest.mark.parametrize(
    ("day", "grid", "lead"),
    [(13, 0, 13), (14, 0, 0), (20, 0, 6), (20, 1, 13), (13, 1, 6), (15, 5, -1)],
    ids=["last day of the first", "first day of the third", "last judged day", "second list", "second list early", "never listed"],
)
def test_lead_time_is_counted_from_the_first_list_that_reaches_to_the_day(day: int, grid: int, lead: int) -> None:
    found = lead_time(LISTS, escalations((day, grid)), ONCE, "lightgbm", 14)

    assert {str(days): float(lead >= days) for days in (0, 1, 3, 7, 10)} == {days: cell["value"] for days, cell in found["listed"].items()}
    assert (lead if lead >= 0 else None) == found["median_days"]


@pytest.mark.parametrize("day", [12, 21], ids=["a list before the first could have named it", "the next list could have named it"])
def test_lead_time_escalations_of_which_lists_are_missing_are_left_out(day: int) -> None:
    found = lead_time(LISTS, escalations((day, 0)), ONCE, "lightgbm", 14)

    assert (0.0, None, None) == (found["escalations"], found["listed"]["0"]["value"], found["median_days"])


def test_lead_time_shares_of_a_redrawn_grid_count_by_weight() -> None:
    found = lead_time(LISTS, escalations((13, 0, 0.25), (13, 5, 0.75)), ONCE, "lightgbm", 14)

    assert (1.0, 0.25) == (found["escalations"], found["listed"]["7"]["value"])


def test_lead_time_grids_tied_at_the_edge_are_not_listed() -> None:
    found = lead_time(table([1.0] * 20, [1.0] * 20), escalations((13, 0)), ONCE, "lightgbm", 14)

    assert 0.0 == found["listed"]["0"]["value"]


def test_lead_time_days_beyond_the_horizon_are_not_asked() -> None:
    assert ["0", "1", "3"] == list(lead_time(LISTS, escalations((13, 0)), ONCE, "lightgbm", 7)["listed"])


def lists(as_ofs: int) -> pl.DataFrame:
    """Return predictions of 20 grids in which the model lists the one grid that sees an escalation at each as_of."""
    return table(*[top(number % 20) for number in range(as_ofs)]).with_columns(
        pl.col("expected_lightgbm").alias("count"),
        usual_level=pl.lit(0.05),
        usual_count=pl.lit(0.05),
        threshold=pl.lit(2.0),
        surge_z_score_28d=pl.lit(0.5),
    )


def test_two_lists_of_a_perfect_model_are_as_much_better_as_they_are_shorter() -> None:
    rows = two_lists(lists(12), ONCE)
    best = next(row for row in rows if (row["target"], row["list"], row["share"]) == ("escalation", "lightgbm", 5))

    assert (1.0, 1.0, pytest.approx(20), pytest.approx(20)) == tuple(
        best[name]["value"] for name in ("hit", "precision", "lift", "times_usual")
    )


def test_two_lists_by_a_level_that_is_the_same_everywhere_are_chance() -> None:
    rows = two_lists(lists(12), ONCE)
    chronic = next(row for row in rows if (row["target"], row["list"], row["share"]) == ("escalation", "chronic", 5))

    assert (pytest.approx(0.05), pytest.approx(1)) == (chronic["precision"]["value"], chronic["lift"]["value"])


def test_two_lists_with_too_few_rows_say_so_once() -> None:
    rows = two_lists(lists(9), ONCE)

    assert [("escalation", 9), ("surge", 0)] == [(row["target"], row["positives"]) for row in rows]
    assert "不能估计：只有9个网格期出现，少于10个" == rows[0]["reason"]
