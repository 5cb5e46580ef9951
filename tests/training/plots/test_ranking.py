"""Plots of how well grids are ranked, read back from the axes."""

from typing import Any

import pytest
from matplotlib.axes import Axes

from tests.training.plots.conftest import MakeAxes
from training.plots.figure import BAR, INK_2, OBSERVED, PUSHING
from training.plots.ranking import hit_rates, models_by_deviance, two_lists
from training.report.list_scores import CURVE_SHARES


def texts(panel: Axes) -> list[str]:
    return [text.get_text() for text in panel.texts]


def curve(at_ten: float | None, ci95: list[float] | None = None) -> list[dict[str, Any]]:
    """Return a curve through this hit rate at 10 %, a straight line through nought."""
    return [{"share": share, "hit": {"value": None if at_ten is None else at_ten * share / 10, "ci95": ci95}} for share in CURVE_SHARES]


def test_hit_rates_label_each_line_with_its_rates_at_5_and_10_per_cent(panel: Axes) -> None:
    hit_rates([panel], {"curve": {"lightgbm": curve(0.3), "count_28d": curve(0.2)}})

    assert ["本模型 15% / 30%", "近28天件数 10% / 20%", "随机 5% / 10%"] == texts(panel)


def test_hit_rates_show_the_bounds_the_model_and_its_three_best_rivals(panel: Axes) -> None:
    rules = {"count_28d": 0.1, "count_90d": 0.22, "count_365d": 0.25, "open_backlog": 0.15}
    hit_rates([panel], {"curve": {"lightgbm": curve(0.28), "oracle": curve(0.33)} | {name: curve(at) for name, at in rules.items()}})

    assert ["理论上限（仅模拟）", "本模型", "近一年件数", "近90天件数", "未办结件数", "随机"] == [text.split()[0] for text in texts(panel)]


def test_hit_rates_every_line_begins_at_nought(panel: Axes) -> None:
    hit_rates([panel], {"curve": {"lightgbm": curve(0.3)}})

    assert (0, 0, 30, pytest.approx(0.9)) == tuple(
        line[place] for place in (0, -1) for line in (panel.lines[0].get_xdata(), panel.lines[0].get_ydata())
    )


@pytest.mark.parametrize(("interval", "top"), [([0.2, 0.5], 0.52 * 1.8), ([0.5, 1.4], 1.0)], ids=["room above", "no more than all"])
def test_hit_rates_scale_holds_lines_and_intervals(interval: list[float], top: float, panel: Axes) -> None:
    hit_rates([panel], {"curve": {"lightgbm": curve(0.3, interval)}})

    assert pytest.approx(top) == panel.get_ylim()[1]


def test_hit_rates_interval_is_a_band_where_it_is_known(panel: Axes) -> None:
    ours = curve(0.3)
    ours[0]["hit"]["ci95"], ours[1]["hit"]["ci95"] = [0.0, 0.1], [0.05, 0.15]
    hit_rates([panel], {"curve": {"lightgbm": ours}})

    assert {1.0, 2.0} == set(panel.collections[0].get_paths()[0].vertices[:, 0])


def test_hit_rates_without_an_escalation_say_so(panel: Axes) -> None:
    hit_rates([panel], {"curve": {"lightgbm": curve(None)}})

    assert ["不能估计：时段内没有升级"] == texts(panel)


def card(deviance: float | None, interval: list[float] | None = None) -> dict[str, Any]:
    return {"poisson_deviance": deviance, "ci95": {"poisson_deviance": interval}}


def test_models_by_deviance_the_best_stands_on_top(panel: Axes) -> None:
    cards = {"lightgbm": card(0.3), "count_28d": card(0.5), "own": card(0.2), "due": card(None)}
    models_by_deviance([panel], {"models": cards})

    assert ["近28天件数", "本模型", "own"] == [label.get_text() for label in panel.get_yticklabels()]
    assert [BAR, OBSERVED, BAR] == [line.get_color() for line in panel.lines]


def test_models_by_deviance_interval_is_a_line_behind_the_dot(panel: Axes) -> None:
    models_by_deviance([panel], {"models": {"lightgbm": card(0.3, [0.25, 0.35])}})

    assert [[0.25, 0.35], [0.3]] == [list(line.get_xdata()) for line in panel.lines]


def test_models_by_deviance_that_cannot_be_estimated_say_so(panel: Axes) -> None:
    models_by_deviance([panel], {"models": {"lightgbm": card(None)}})

    assert ["不能估计"] == texts(panel)


def row(target: str, name: str, value: float | None, share: int = 5, interval: list[float] | None = None) -> dict[str, Any]:
    return {"target": target, "list": name, "share": share, "reason": None, "lift": {"value": value, "ci95": interval}}


def test_two_lists_stand_beside_each_other_by_what_they_are_held_against(make_axes: MakeAxes) -> None:
    axes = make_axes(2)
    rows = [row(target, name, 3.0) for target in ("escalation", "surge") for name in ("chronic", "rising", "lightgbm")]
    two_lists(axes, {"two_lists": rows})

    assert ["对升级：前5%网格的提升倍数", "对突增：前5%网格的提升倍数"] == [panel.get_title(loc="left") for panel in axes]
    assert ["总清单（按预计件数）", "正在上升清单（按倍数）", "长期偏高清单（按常态）"] == [
        label.get_text() for label in axes[0].get_yticklabels()
    ]
    assert [BAR, PUSHING, INK_2] == [line.get_color() for line in axes[0].lines[:3]]


def test_two_lists_of_other_shares_are_not_drawn(make_axes: MakeAxes) -> None:
    axes = make_axes(2)
    two_lists(
        axes,
        {"two_lists": [row(target, "chronic", lift, share) for target in ("escalation", "surge") for share, lift in ((1, 9.0), (5, 3.0))]},
    )

    assert [3.0] == list(axes[0].lines[0].get_xdata())


def test_two_lists_what_cannot_be_estimated_is_said_in_its_place(make_axes: MakeAxes) -> None:
    axes = make_axes(2)
    reason = "不能估计：只有2个网格期出现，少于10个"
    two_lists(axes, {"two_lists": [row("escalation", "chronic", None), {"target": "surge", "reason": reason}]})

    assert ["不能估计"] == texts(axes[0])
    assert [reason] == texts(axes[1])
