"""Plots of a situation report: months one after the other, how kinds of case changed, and a map of the areas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from training.plots.figure import BAR, INK, INK_2, LINE_STRONG, OBSERVED, note, paint

Language = Literal["zh", "en"]
Rows = Sequence[Mapping[str, Any]]
Points = npt.NDArray[np.float64]

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
SHADES = ("#e3f1ef", "#bcdfdb", "#8ac6c0", "#4fa39b")
"""From few to many; names are readable on each."""
HIDDEN: dict[str, Any] = {"facecolor": "white", "hatch": "////", "edgecolor": LINE_STRONG}
PAGE = 7.4
"""Inches; little more than the text of an A4 page is wide, so that type of 10 points stays about as large."""
EDGE = 0.1
"""Share of the width within which a name begins or ends at the border, for it would run over it."""
MOST_NAMED, MOST_LARGE = 40, 16
"""Areas of a map up to which they are named, and up to which in the larger type."""
WORDS: Mapping[str, Mapping[Language, str]] = {
    "new": {"zh": "新增件数", "en": "New cases"},
    "open": {"zh": "月末未办结件数", "en": "Open at the end of the month"},
    "overdue": {"zh": "其中已逾期", "en": "of them overdue"},
    "nothing": {"zh": "不能估计：没有可以与上年同期比较的类别", "en": "Cannot be told: no kind can be compared with the year before"},
    "times": {
        "zh": "为上年同期的几倍（按日），横线为95%区间；竖线为1",
        "en": "Times the year before, by day, with 95% intervals; the line is at 1",
    },
    "hidden": {"zh": "不予显示", "en": "not shown"},
}


@dataclass(frozen=True)
class MapArea:
    """One area of a map, in units of a sheet whose y grows downwards."""

    name: str
    figures: str
    """Second line of its label."""
    rings: Sequence[Points]
    """(P, 2) each; inner rings are holes."""
    label: tuple[float, float]
    value: float | None
    """Decides the shade; None is what is not shown."""


@dataclass(frozen=True)
class SituationPlots:
    """Contents of the drawing; None stands for what is not shown."""

    months: Rows
    """`label` and `value` with `low` and `high`, and `open` and `overdue` at its end; the last is the newest."""
    changes: Rows
    """`label` and `value` with `low` and `high`, as ratios."""
    areas: Sequence[MapArea]
    """None where no area has a polygon."""
    shade: str
    """Quantity and unit of the shades."""


def draw_situation(plots: SituationPlots, language: Language) -> dict[str, bytes]:
    """Draw a report's plots, as PNG bytes by name; no map where there are no polygons."""
    drawn = {
        "months": paint(partial(_months, rows=plots.months, language=language), (PAGE, 2.6)),
        "stocks": paint(partial(_stocks, rows=plots.months, language=language), (PAGE, 2.6)),
        "changes": paint(partial(_changes, rows=plots.changes, language=language), (PAGE, 1.0 + 0.3 * max(4, len(plots.changes)))),
    }
    if plots.areas:
        drawn["map"] = paint(partial(_map, plots=plots, language=language), (PAGE, 5.2))
    return drawn


def _months(axes: Sequence[Axes], rows: Rows, language: Language) -> None:
    (panel,) = axes
    for place, row in enumerate(rows):
        if row["value"] is not None:
            panel.bar(place, row["value"], color=OBSERVED if place == len(rows) - 1 else BAR, width=0.62)
            panel.plot([place, place], [row["low"], row["high"]], color=INK_2, linewidth=1.6)
    _label_months(panel, rows, WORDS["new"][language])


def _stocks(axes: Sequence[Axes], rows: Rows, language: Language) -> None:
    (panel,) = axes
    for name, colour, width in (("open", BAR, 0.62), ("overdue", OBSERVED, 0.38)):
        shown = [(place, row[name]) for place, row in enumerate(rows) if row[name] is not None]
        places, heights = [place for place, _ in shown], [value for _, value in shown]
        bars = panel.bar(places, heights, color=colour, width=width, label=WORDS[name][language])
        if name == "open":
            panel.bar_label(bars, fmt="{:,.0f}", fontsize=9, color=INK_2, padding=2)
    panel.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    _label_months(panel, rows, WORDS["open"][language])


def _label_months(panel: Axes, rows: Rows, quantity: str) -> None:
    panel.set_xticks(range(len(rows)), [row["label"] for row in rows], fontsize=9)
    panel.set_xlim(-0.6, len(rows) - 0.4)
    panel.set_ylabel(quantity)
    panel.grid(axis="x", visible=False)


def _changes(axes: Sequence[Axes], rows: Rows, language: Language) -> None:
    (panel,) = axes
    if not rows:
        note(panel, WORDS["nothing"][language])
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
    panel.set_xlabel(WORDS["times"][language])
    panel.grid(axis="y", visible=False)


def _map(axes: Sequence[Axes], plots: SituationPlots, language: Language) -> None:
    (panel,) = axes
    shades, keys = shade_values([area.value for area in plots.areas])
    for area, shade in zip(plots.areas, shades, strict=True):
        look: dict[str, Any] = HIDDEN if shade is None else {"facecolor": shade, "edgecolor": "white"}
        panel.add_patch(PathPatch(_path(area.rings), linewidth=1.4, **look))
    if len(plots.areas) <= MOST_NAMED:
        _name_areas(panel, plots.areas)
    handles = [Patch(facecolor=shade, label=label) for shade, label in keys]
    if None in shades:
        handles.append(Patch(**HIDDEN, label=WORDS["hidden"][language]))
    panel.legend(handles=handles, title=plots.shade, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, alignment="left")
    panel.autoscale_view()
    panel.set_aspect("equal")
    panel.invert_yaxis()
    panel.axis("off")


def _name_areas(panel: Axes, areas: Sequence[MapArea]) -> None:
    size = 10 if len(areas) <= MOST_LARGE else 7
    halo = [patheffects.withStroke(linewidth=3, foreground="white")]
    ends = [ring[:, 0] for area in areas for ring in area.rings]
    left, right = min(ring.min() for ring in ends), max(ring.max() for ring in ends)
    for area in areas:
        (x, y), text = area.label, f"{area.name}\n{area.figures}"
        share = (x - left) / (right - left)
        x, side = (left, "left") if share < EDGE else (right, "right") if share > 1 - EDGE else (x, "center")
        panel.text(x, y, text, ha=side, va="center", fontsize=size, color=INK, path_effects=halo, linespacing=1.25)


def _path(rings: Sequence[Points]) -> Path:
    return Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))


def shade_values(values: Sequence[float | None]) -> tuple[list[str | None], list[tuple[str, str]]]:
    """Sort values into quarters, and return the shade of each and the key of the shades."""
    shown = np.array(sorted(value for value in values if value is not None))
    if not shown.size:
        return [None] * len(values), []
    bounds = np.unique(np.quantile(shown, [0.25, 0.5, 0.75])).round(1)
    quarter = np.searchsorted(bounds, shown.round(1), side="right")
    members = [(shade, shown[quarter == place]) for place, shade in enumerate(SHADES)]
    keys = [(shade, f"{inside[0]:,.1f}–{inside[-1]:,.1f}") for shade, inside in members if inside.size]
    of_value = [None if value is None else SHADES[int(np.searchsorted(bounds, round(value, 1), side="right"))] for value in values]
    return of_value, keys
