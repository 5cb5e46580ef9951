"""Plots of a situation analysis: months one after the other, and how categories changed."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes

from training.plots.figure import BAR, INK_2, LINE_STRONG, OBSERVED, note, paint

Rows = Sequence[Mapping[str, Any]]

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def draw_situation(months: Rows, changes: Rows) -> dict[str, bytes]:
    """Draw a report's plots, as PNG bytes by name.

    Args:
        months: `label` and `value` with `low` and `high`, None where it is not shown; the last is the newest.
        changes: `label` and `value` with `low` and `high`, as ratios.
    """
    return {
        "months": paint(partial(_months, rows=months), (10.4, 3.4)),
        "changes": paint(partial(_changes, rows=changes), (10.4, 1.2 + 0.34 * max(4, len(changes)))),
    }


def _months(axes: Sequence[Axes], rows: Rows) -> None:
    (panel,) = axes
    for place, row in enumerate(rows):
        if row["value"] is not None:
            colour = OBSERVED if place == len(rows) - 1 else BAR
            panel.bar(place, row["value"], color=colour, width=0.62)
            panel.plot([place, place], [row["low"], row["high"]], color=INK_2, linewidth=1.6)
    panel.set_xticks(range(len(rows)), [row["label"] for row in rows], fontsize=10)
    panel.set_ylabel("新增件数")
    panel.grid(axis="x", visible=False)


def _changes(axes: Sequence[Axes], rows: Rows) -> None:
    (panel,) = axes
    if not rows:
        note(panel, "不能估计：没有可以与上年同期比较的类别")
        return
    for place, row in enumerate(reversed(rows)):
        panel.plot([row["low"], row["high"]], [place, place], color=OBSERVED, linewidth=2)
        panel.plot(row["value"], place, "o", color=OBSERVED, markersize=7)
    panel.axvline(1, color=LINE_STRONG, linewidth=1.2)
    panel.set_xscale("log")
    lowest, highest = min(row["low"] for row in rows), max(row["high"] for row in rows)
    ticks = [tick for tick in TICKS if lowest / 1.2 < tick < highest * 1.2]
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.minorticks_off()
    panel.set_yticks(range(len(rows)), [row["label"] for row in reversed(rows)])
    panel.set_ylim(-0.6, len(rows) - 0.4)
    panel.set_xlabel("为上年同期的几倍（按日），横线为95%区间；竖线为1")
    panel.grid(axis="y", visible=False)
