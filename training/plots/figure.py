"""One look for all plots: the colours of the pages, an installed Chinese font, nothing cut."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from io import BytesIO
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

INK, INK_2, INK_3, LINE, LINE_STRONG = "#16202a", "#3f4c59", "#586674", "#d5dbe1", "#a9b4bf"
OBSERVED, PUSHING, BAND, BAR = "#0b6b66", "#7d4fae", "#d3dbe2", "#7f90a0"
"""Teal is what was observed or is ours, purple what pushes attention up; hatching is missing data."""

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
)
"""Tried in this order."""
WIDE, HALF = (10.4, 4.4), (7.0, 4.4)
"""Inches; a label of 11 points is readable at half the width of a page."""
DOTS_PER_INCH = 130

Plot = Callable[[Sequence[Axes]], None]
PERCENT = FuncFormatter(lambda value, _: f"{value:.0%}")


def paint(plot: Plot, size: tuple[float, float] = WIDE, panels: int = 1) -> bytes:
    """Draw on `panels` axes side by side and return the PNG."""
    with mpl.rc_context(_look()):
        figure = Figure(figsize=size, layout="constrained")
        axes = np.atleast_1d(np.array(figure.subplots(1, panels), dtype=object)).tolist()
        plot(axes)
        for each in axes:
            each.spines[["top", "right"]].set_visible(False)
        content = BytesIO()
        figure.savefig(content, format="png", dpi=DOTS_PER_INCH)
        return content.getvalue()


def note(axes: Axes, text: str) -> None:
    """Write instead of a plot why there is none."""
    axes.axis("off")
    axes.text(0.5, 0.5, text, ha="center", va="center", color=INK_2, transform=axes.transAxes)


def spread(positions: Sequence[float], least: float) -> list[float]:
    """Move label positions apart until neighbours are `least` away from each other, keeping their order.

    >>> spread([0.5, 0.0, 0.5], 0.1)
    [0.5, 0.0, 0.6]
    """
    order = sorted(range(len(positions)), key=lambda item: positions[item])
    moved = list(positions)
    for before, item in pairwise(order):
        moved[item] = max(moved[item], moved[before] + least)
    return moved


@cache
def _fonts() -> tuple[str, ...]:
    """Return the installed fonts to try; one installed after matplotlib listed them is found as well."""
    if not set(CHINESE_FONTS).intersection(font_manager.get_font_names()):
        listed = {font.fname for font in font_manager.fontManager.ttflist}
        for path in sorted(set(font_manager.findSystemFonts()) - listed):
            with suppress(RuntimeError):  # a bitmap font, of no use here
                font_manager.fontManager.addfont(path)
    installed = set(font_manager.get_font_names())
    return (*(name for name in CHINESE_FONTS if name in installed), "DejaVu Sans")


def _look() -> Any:
    return {
        "font.family": list(_fonts()),
        "font.size": 11,
        "axes.unicode_minus": False,
        "axes.edgecolor": LINE_STRONG,
        "axes.labelcolor": INK_2,
        "text.color": INK,
        "xtick.color": INK_3,
        "ytick.color": INK_3,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": LINE,
        "grid.linewidth": 0.8,
    }
