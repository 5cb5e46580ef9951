"""Plots of a backtest as PNG files, for the run's record and the backtest command."""

from collections.abc import Callable
from functools import partial
from io import BytesIO

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.backtest import BacktestResult
from training.gate import METRIC
from training.metrics import LOWER_IS_BETTER, RISK_BINS
from training.predictions import outcomes, predicted
from training.replay import MODEL

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
)
"""Tried in this order, because names of targets may be Chinese."""
INK, GREY = "#1f5a92", "#9aa1a8"

Plot = Callable[[Axes, BacktestResult], None]


def draw_backtest(result: BacktestResult) -> dict[str, bytes]:
    """Draw what a backtest found; returns PNG bytes by file name."""
    plots: dict[str, Plot] = {
        "deviance.png": partial(_intervals, METRIC),
        "hits.png": partial(_intervals, "hit@10%"),
        "reliability.png": _reliability,
    }
    installed = set(font_manager.get_font_names())
    fonts = [*(name for name in CHINESE_FONTS if name in installed), "DejaVu Sans"]
    with mpl.rc_context({"font.family": fonts, "font.size": 9, "axes.unicode_minus": False}):
        return {name: _draw(result, plot) for name, plot in plots.items()}


def _draw(result: BacktestResult, plot: Plot) -> bytes:
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{result.target}, {result.horizon_days} d", loc="left")
    plot(axes, result)
    content = BytesIO()
    figure.savefig(content, format="png", dpi=120)
    return content.getvalue()


def _intervals(metric: str, axes: Axes, result: BacktestResult) -> None:
    """Show one metric of every model with its interval, the best on top."""
    cards = {name: card for name, card in result.overall.models.items() if card["ci95"][metric] is not None}
    names = sorted(cards, key=lambda name: cards[name][metric], reverse=metric in LOWER_IS_BETTER)
    for row, name in enumerate(names):
        colour = INK if name == MODEL else GREY
        axes.plot(cards[name]["ci95"][metric], [row, row], color=colour, linewidth=2)
        axes.plot(cards[name][metric], row, "o", color=colour)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(f"{metric} ({'lower' if metric in LOWER_IS_BETTER else 'higher'} is better), 95 % interval")


def _reliability(axes: Axes, result: BacktestResult) -> None:
    """Show predicted risk against what happened, in bins of equally many rows."""
    risk, positive = predicted(result.predictions)[MODEL].risk, outcomes(result.predictions).positive
    bins = np.array_split(np.argsort(risk, kind="stable"), RISK_BINS)
    points = np.array([(risk[rows].mean(), positive[rows].mean()) for rows in bins if len(rows)])
    axes.plot([0, points.max()], [0, points.max()], color=GREY, linewidth=1)
    axes.plot(points[:, 0], points[:, 1], "o", color=INK)
    axes.set_xlabel("risk: P(at least one), mean of a tenth of the rows")
    axes.set_ylabel("share with at least one")
