"""Plots of how well grids are ranked: hit rates by share of the area, models by deviance, the two lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from training.plots.figure import BAND, BAR, INK, INK_2, INK_3, LINE_STRONG, OBSERVED, PERCENT, PUSHING, note, spread
from training.plots.words import LIST_ZH, MODEL_ZH, TARGET_ZH, word
from training.rivals import BOUNDS, KNOWABLE, ORACLE, without_bounds

Summary = Mapping[str, Any]

MODEL = "lightgbm"
BOUND_LINES = {ORACLE: (0, (6, 2, 1, 2)), KNOWABLE: (0, (2, 2))}
MOST_BASELINES = 3
LABEL_GAP = 0.052
"""Distance of two labels as a share of the height."""


def hit_rates(axes: Sequence[Axes], summary: Summary) -> None:
    """Draw hit rate against the share of grids: the model with its interval, the best baselines, the upper bounds, chance."""
    (panel,) = axes
    curves = summary["curve"]
    if curves[MODEL][-1]["hit"]["value"] is None:
        note(panel, "不能估计：时段内没有升级")
        return
    shown = _shown(curves)
    ends = {}
    for name in shown:
        shares, hits = _line(curves[name])
        panel.plot(shares, hits, **_line_style(name, shown))
        ends[name] = hits[-1]
    _band(panel, curves[MODEL])
    panel.plot([0, shares[-1]], [0, shares[-1] / 100], color=INK_3, linewidth=1.2, linestyle=(0, (1, 3)))
    ends["random"] = shares[-1] / 100
    top = min(1.0, 1.04 * max(0.05, *ends.values(), *(point["hit"]["ci95"][1] for point in curves[MODEL] if point["hit"]["ci95"])))
    labels = {name: f"{word(MODEL_ZH, name)} {_two(curves[name])}" for name in shown} | {"random": "随机 5% / 10%"}
    for name, height in zip(ends, spread(list(ends.values()), LABEL_GAP * top), strict=True):
        panel.annotate(labels[name], (shares[-1], height), (6, 0), textcoords="offset points", va="center", color=_label(name))
    panel.set(xlim=(0, shares[-1]), ylim=(0, top), xlabel="关注网格占全部网格的比例", ylabel="升级件数落在关注网格内的比例")
    panel.set_xticks([0, 1, 5, 10, 15, 20, 25, 30], [f"{share}%" for share in (0, 1, 5, 10, 15, 20, 25, 30)])
    panel.yaxis.set_major_formatter(PERCENT)


def models_by_deviance(axes: Sequence[Axes], summary: Summary) -> None:
    """Draw the Poisson deviance of every model with its interval, the best on top."""
    (panel,) = axes
    cards = {name: card for name, card in summary["models"].items() if card["poisson_deviance"] is not None}
    if not cards:
        note(panel, "不能估计")
        return
    names = sorted(cards, key=lambda name: -cards[name]["poisson_deviance"])
    for row, name in enumerate(names):
        value, interval = cards[name]["poisson_deviance"], cards[name]["ci95"]["poisson_deviance"]
        colour = OBSERVED if name == MODEL else BAR
        if interval:
            panel.plot(interval, [row, row], color=colour, linewidth=2)
        panel.plot(value, row, "o", color=colour, markersize=6)
    panel.set_yticks(range(len(names)), [word(MODEL_ZH, name) for name in names])
    panel.set_xlabel("泊松偏差，越低越好；横线为95%区间")
    panel.grid(axis="y", visible=False)


def two_lists(axes: Sequence[Axes], summary: Summary) -> None:
    """Draw per target how many times more precise each list is than any grid, at the top 5 %."""
    for panel, target in zip(axes, TARGET_ZH, strict=True):
        rows = [row for row in summary["two_lists"] if row["target"] == target]
        panel.set_title(f"对{TARGET_ZH[target]}：前5%网格的提升倍数", loc="left", fontsize=11, color=INK)
        if rows[0]["reason"]:
            note(panel, rows[0]["reason"])
            continue
        top = {row["list"]: row["lift"] for row in rows if row["share"] == 5}
        for place, (name, cell) in enumerate(reversed(top.items())):
            colour = {"rising": PUSHING, "chronic": INK_2}.get(name, BAR)
            _interval(panel, cell, place, colour)
        panel.axvline(1, color=LINE_STRONG, linewidth=1.2)
        panel.set_yticks(range(len(top)), [word(LIST_ZH, name) for name in reversed(top)])
        panel.set_ylim(-0.6, len(top) - 0.4)
        panel.set_xlabel("是全部网格平均的几倍；竖线为1")
        panel.grid(axis="y", visible=False)


def _interval(panel: Axes, cell: Mapping[str, Any], place: int, colour: str) -> None:
    if cell["value"] is None:
        panel.text(1, place, "不能估计", va="center", color=INK_3)
        return
    if cell["ci95"]:
        panel.plot(cell["ci95"], [place, place], color=colour, linewidth=2)
    panel.plot(cell["value"], place, "o", color=colour, markersize=7)


def _shown(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Return the upper bounds where there are any, the model, and the baselines with the highest hit rate at 10 %."""
    at_ten = {name: next(point["hit"]["value"] for point in points if point["share"] == 10) for name, points in curves.items()}
    baselines = sorted((name for name in without_bounds(curves) if name != MODEL), key=lambda name: -at_ten[name])
    return [*(bound for bound in BOUNDS if bound in curves), MODEL, *baselines[:MOST_BASELINES]]


def _line(points: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    return [0, *(point["share"] for point in points)], [0, *(point["hit"]["value"] for point in points)]


def _band(panel: Axes, points: Sequence[Mapping[str, Any]]) -> None:
    known = [point for point in points if point["hit"]["ci95"]]
    if known:
        low, high = zip(*(point["hit"]["ci95"] for point in known), strict=True)
        panel.fill_between([point["share"] for point in known], low, high, color=BAND, zorder=0)


def _line_style(name: str, shown: Sequence[str]) -> dict[str, Any]:
    if name == MODEL:
        return {"color": OBSERVED, "linewidth": 3, "marker": "o", "markevery": [4, 6], "markersize": 7, "zorder": 5}
    if name in BOUND_LINES:
        return {"color": INK, "linewidth": 1.6, "linestyle": BOUND_LINES[name]}
    nth = [each for each in without_bounds(shown) if each != MODEL].index(name)
    return [{"color": INK, "linewidth": 1.6}, {"color": INK, "linewidth": 1.4, "linestyle": "--"}, {"color": INK_3, "linewidth": 1.4}][nth]


def _label(name: str) -> str:
    return {MODEL: OBSERVED, "random": INK_3}.get(name, INK_2)


def _two(points: Sequence[Mapping[str, Any]]) -> str:
    by_share = {point["share"]: point["hit"]["value"] for point in points}
    return f"{by_share[5]:.0%} / {by_share[10]:.0%}"
