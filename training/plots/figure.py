"""One look for all plots: the colours of the pages, a Chinese font of their own, nothing cut."""

from collections.abc import Callable, Sequence
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

from features.display import FONT
from features.errors import StoreError

INK, INK_2, INK_3, LINE, LINE_STRONG = "#16202a", "#3f4c59", "#586674", "#d5dbe1", "#a9b4bf"
OBSERVED, PUSHING, BAND, BAR = "#0b6b66", "#7d4fae", "#d3dbe2", "#7f90a0"
"""Teal is what was observed or is ours, purple what pushes attention up; hatching is missing data."""

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
def font_family() -> str:
    """Make the shipped font known to matplotlib and return its name.

    Raises:
        StoreError: the file is missing or damaged.
    """
    try:
        font_manager.fontManager.addfont(FONT)
        return font_manager.FontProperties(fname=FONT).get_name()
    except (OSError, RuntimeError) as error:
        raise StoreError(f"the font of plots must be readable at {FONT}: {error}. Install yujing again.") from error


def _look() -> Any:
    return {
        "font.family": [font_family(), "DejaVu Sans"],
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
