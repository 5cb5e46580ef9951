"""Plots of whether figures can be believed, read back from the axes."""

from typing import Any

import pytest
from matplotlib.axes import Axes

from training.plots.calibration import churn, folds_in_time, folds_one_by_one, lead_times, reliability
from training.plots.figure import INK, OBSERVED


def texts(panel: Axes) -> list[str]:
    return [text.get_text() for text in panel.texts]


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def bin_(predicted: float, observed: float, rows: int = 1234, ci95: list[float] | None = None) -> dict[str, Any]:
    return {"predicted": predicted, "observed": {"value": observed, "ci95": ci95}, "rows": rows}


def test_reliability_dots_stand_at_what_was_said_and_what_happened_of_a_hundred(panel: Axes) -> None:
    reliability([panel], {"reliability": [bin_(0.01, 0.02), bin_(0.2, 0.25, ci95=[0.2, 0.3])]})
    dots = [value for line in panel.lines if line.get_marker() == "o" for value in (line.get_xdata()[0], line.get_ydata()[0])]

    assert [1, 2, 20, 25] == pytest.approx(dots)
    assert (0, pytest.approx(105 * 0.3)) == panel.get_xlim()


def test_reliability_labels_that_would_run_into_the_next_are_left_out(panel: Axes) -> None:
    reliability([panel], {"reliability": [bin_(0.01, 0.01, 10), bin_(0.02, 0.02, 20), bin_(0.3, 0.3, 30)]})

    assert ["n=20", "n=30"] == texts(panel)


def test_reliability_label_at_the_right_edge_stands_to_the_left(panel: Axes) -> None:
    reliability([panel], {"reliability": [bin_(0.1, 0.1), bin_(0.3, 0.3)]})

    assert ["left", "right"] == [text.get_ha() for text in panel.texts]


def test_reliability_without_bins_draws_the_line_alone(panel: Axes) -> None:
    reliability([panel], {"reliability": []})

    assert ([], 1) == (texts(panel), len(panel.lines))


def fold(number: int, first: str, last: str, judged: str, deviance: tuple[float | None, float | None] | None = None) -> dict[str, Any]:
    models = (
        {}
        if deviance is None
        else {name: {"poisson_deviance": value} for name, value in zip(("lightgbm", "count_28d"), deviance, strict=True)}
    )
    about = {"fold": number, "learnt_before": "2025-06-01", "first": first, "last": last, "judged_until": judged}
    return about | {"rows": 12_000, "positives": 34, "models": models}


FOLDS = [fold(1, "2025-06-15", "2025-07-13", "2025-07-27"), fold(2, "2025-07-20", "2025-08-17", "2025-08-31")]


def test_folds_in_time_the_first_stands_on_top_with_its_rows(panel: Axes) -> None:
    folds_in_time([panel], {"folds": FOLDS, "learnt_from": "2025-01-01"})

    assert ["第2折", "第1折"] == ticks(panel.yaxis)
    assert ["12,000行"] * 2 == texts(panel)


def test_folds_in_time_bars_are_learning_judging_and_lists(panel: Axes) -> None:
    folds_in_time([panel], {"folds": FOLDS[:1], "learnt_from": "2025-01-01"})

    assert [151, 42, 28] == [bar.get_width() for bar in panel.patches]


def test_folds_in_time_of_one_list_is_still_seen(panel: Axes) -> None:
    folds_in_time([panel], {"folds": [fold(1, "2025-06-15", "2025-06-15", "2025-06-29")], "learnt_from": "2025-01-01"})

    assert 1 == panel.patches[-1].get_width()


@pytest.mark.parametrize(("learnt_from", "written"), [("2025-01-01", "07-27"), ("2024-01-01", "2025-07")], ids=["months", "years"])
def test_folds_in_time_dates_name_the_year_where_there_are_several(learnt_from: str, written: str, panel: Axes) -> None:
    folds_in_time([panel], {"folds": FOLDS[:1], "learnt_from": learnt_from})

    assert written == panel.xaxis.get_major_formatter()(20_296)


def test_folds_one_by_one_gain_is_the_deviance_that_the_rule_has_more(panel: Axes) -> None:
    folds = [fold(1, "2025-06-15", "", "", (0.3, 0.35)), fold(2, "2025-07-20", "", "", (0.4, 0.38))]
    folds_one_by_one([panel], {"folds": folds, "shown": ["lightgbm", "count_28d"]})

    assert ["+0.050", "-0.020"] == texts(panel)
    assert "比“近28天件数”少的偏差" == panel.get_ylabel()
    assert "第1折\n2025-06-15起\n34个升级" == ticks(panel.xaxis)[0]


@pytest.mark.parametrize("deviance", [None, (0.3, None), (None, 0.3)], ids=["too few", "no rule", "no model"])
def test_folds_one_by_one_fold_that_cannot_be_estimated_is_hatched(deviance: tuple[float | None, float | None] | None, panel: Axes) -> None:
    folds_one_by_one([panel], {"folds": [fold(1, "2025-06-15", "", "", deviance)], "shown": ["lightgbm", "count_28d"]})

    assert ["不能估计"] == texts(panel)
    assert "///" == panel.patches[0].get_hatch()


def test_folds_one_by_one_without_a_rule_says_so(panel: Axes) -> None:
    folds_one_by_one([panel], {"folds": FOLDS, "shown": ["lightgbm"]})

    assert ["没有可比的简单规则"] == texts(panel)


def listed(*shares: float | None) -> dict[str, Any]:
    cells = {str(day): {"value": share, "ci95": None} for day, share in zip((0, 1, 3), shares, strict=True)}
    return {"listed": cells}


def test_lead_times_draw_one_line_per_model_ours_in_its_colour(panel: Axes) -> None:
    lead_times([panel], {"lead_time": {"lightgbm": listed(0.6, 0.5, 0.4), "count_28d": listed(0.5, 0.4, 0.3)}})

    assert ["本模型", "近28天件数"] == [text.get_text() for text in panel.get_legend().get_texts()]
    assert [OBSERVED, INK] == [line.get_color() for line in panel.lines]
    assert [0.6, 0.5, 0.4] == list(panel.lines[0].get_ydata())
    assert [0, 1, 3] == list(panel.get_xticks())


def test_lead_times_intervals_stand_at_their_days(panel: Axes) -> None:
    ours = listed(0.6, 0.5, 0.4)
    ours["listed"]["3"]["ci95"] = [0.3, 0.5]
    lead_times([panel], {"lead_time": {"lightgbm": ours}})

    assert ([3, 3], [0.3, 0.5]) == (list(panel.lines[-1].get_xdata()), list(panel.lines[-1].get_ydata()))


def test_lead_times_without_an_escalation_say_so(panel: Axes) -> None:
    lead_times([panel], {"lead_time": {"lightgbm": listed(None, None, None)}})

    assert ["不能估计：时段内没有升级"] == texts(panel)


def changes(pairs: int, days_apart: int | None = 1) -> dict[str, Any]:
    shares = [0.1 * number for number in range(pairs)]
    return {"pairs": pairs, "shares": shares, "mean": sum(shares) / pairs if pairs else None, "days_apart": days_apart}


def test_churn_of_neighbouring_days_is_drawn_where_there_is_a_fit(panel: Axes) -> None:
    churn([panel], {"churn": {"day_over_day": changes(3), "between_lists": {"lightgbm": changes(2, 7)}}})

    assert [0, pytest.approx(0.1), pytest.approx(0.2)] == [bar.get_height() for bar in panel.patches]
    assert ["平均10%"] == texts(panel)
    assert "相隔1天" in panel.get_xlabel()


def test_churn_without_a_fit_is_that_between_lists(panel: Axes) -> None:
    churn([panel], {"churn": {"day_over_day": None, "between_lists": {"lightgbm": changes(2, 7)}}})

    assert "相隔7天" in panel.get_xlabel()


def test_churn_of_one_list_says_that_there_is_one(panel: Axes) -> None:
    churn([panel], {"churn": {"day_over_day": None, "between_lists": {"lightgbm": changes(0, None)}}})

    assert ["不能估计：只有一期清单"] == texts(panel)
