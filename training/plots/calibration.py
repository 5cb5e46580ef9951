"""Plots of whether figures can be believed: reliability, folds on a time line, folds one by one, lead time, churn."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import matplotlib.dates
from matplotlib.axes import Axes

from training.plots.figure import BAND, BAR, INK, INK_2, INK_3, LINE_STRONG, OBSERVED, PERCENT, note
from training.plots.words import MODEL_ZH, word
from training.rivals import KNOWABLE, ORACLE

Summary = Mapping[str, Any]
dates: Any = matplotlib.dates
"""Untyped in matplotlib's own types."""

MODEL = "lightgbm"
YEAR_DAYS = 365
BACKED: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1}
"""Keeps lines from running through a label."""
LABEL_WIDTH = 0.17
"""Of a number of rows beside its dot, as a share of the plot."""


def reliability(axes: Sequence[Axes], summary: Summary) -> None:
    """Draw what happened against what was predicted, per 100 rows, with intervals and the number of rows."""
    (panel,) = axes
    bins = summary["reliability"]
    tops = [bound for each in bins for bound in (each["predicted"], *(each["observed"]["ci95"] or [each["observed"]["value"]]))]
    top = 105 * max(tops, default=0.01)
    panel.plot([0, top], [0, top], color=LINE_STRONG, linestyle="--", linewidth=1.2, label="完全一致")
    panel.legend(loc="upper left", frameon=False)
    for each in bins:
        predicted, happened = 100 * each["predicted"], 100 * each["observed"]["value"]
        if each["observed"]["ci95"]:
            panel.plot([predicted, predicted], [100 * bound for bound in each["observed"]["ci95"]], color=OBSERVED, linewidth=2)
        panel.plot(predicted, happened, "o", color=OBSERVED, markersize=7)
    for each in _with_room(bins, top):
        where = (100 * each["predicted"], 100 * each["observed"]["value"])
        left = where[0] > (1 - LABEL_WIDTH) * top
        aside, side = ((-9, -14), "right") if left else ((9, -14), "left")
        label = f"n={each['rows']:,}"
        panel.annotate(label, where, aside, textcoords="offset points", ha=side, color=INK_3, fontsize=10, bbox=BACKED)
    panel.set(xlim=(0, top), ylim=(0, top), xlabel="预计：每100个网格期约几个升级", ylabel="实际：每100个网格期有几个升级")


def _with_room(bins: Sequence[Mapping[str, Any]], top: float) -> list[Mapping[str, Any]]:
    """Return the bins whose label would not run into the next one, the last of them in any case."""
    roomy = [each for each, after in pairwise(bins) if 100 * (after["predicted"] - each["predicted"]) > LABEL_WIDTH * top]
    return [*roomy, *bins[-1:]]


def folds_in_time(axes: Sequence[Axes], summary: Summary) -> None:
    """Draw for each fold what it learnt from, the gap until labels are ripe, what it was tested on and until when that was judged."""
    (panel,) = axes
    folds = summary["folds"]
    began = _day(summary["learnt_from"])
    for row, fold in enumerate(reversed(folds)):
        learnt, first, last, judged = (_day(fold[key]) for key in ("learnt_before", "first", "last", "judged_until"))
        panel.barh(row, learnt - began, left=began, height=0.5, color=BAND)
        panel.barh(row, judged - first, left=first, height=0.5, color="white", edgecolor=OBSERVED, linestyle="--", linewidth=1.2)
        panel.barh(row, max(last - first, 1), left=first, height=0.5, color=OBSERVED)
        panel.text(learnt - 8, row, f"{fold['rows']:,}行", va="center", ha="right", color=INK_2, fontsize=10)
    panel.set_yticks(range(len(folds)), [f"第{fold['fold']}折" for fold in reversed(folds)])
    panel.xaxis.set_major_locator(dates.AutoDateLocator())
    panel.xaxis.set_major_formatter(dates.DateFormatter("%Y-%m" if judged - began > YEAR_DAYS else "%m-%d"))
    panel.set_xlabel("灰：学习；空白：标签未成熟，不用；实心：清单日；虚框：清单所说的最后几天")
    panel.grid(axis="y", visible=False)


def folds_one_by_one(axes: Sequence[Axes], summary: Summary) -> None:
    """Draw per fold how far the model is ahead of the best baseline in deviance, losses in ink."""
    (panel,) = axes
    model, baseline = summary["shown"][:2] if len(summary["shown"]) > 1 else (MODEL, None)
    if baseline is None:
        note(panel, "没有可比的简单规则")
        return
    gains = [_gain(fold, model, baseline) for fold in summary["folds"]]
    for place, gain in enumerate(gains):
        if gain is None:
            panel.bar(place, 0.5, 0.5, bottom=-0.25, fill=False, hatch="///", edgecolor=BAR, transform=panel.get_xaxis_transform())
            panel.annotate("不能估计", (place, 0.5), xycoords=("data", "axes fraction"), ha="center", color=INK_2)
            continue
        panel.bar(place, gain, 0.5, color=OBSERVED if gain >= 0 else INK)
        panel.annotate(f"{gain:+.3f}", (place, gain), (0, 6 if gain >= 0 else -16), textcoords="offset points", ha="center", color=INK)
    panel.axhline(0, color=LINE_STRONG, linewidth=1.2)
    panel.margins(y=0.25)
    panel.set_xticks(range(len(gains)), [f"第{fold['fold']}折\n{fold['first']}起\n{fold['positives']}个升级" for fold in summary["folds"]])
    panel.set_ylabel(f"比“{word(MODEL_ZH, baseline)}”少的偏差")
    panel.grid(axis="x", visible=False)


def _gain(fold: Mapping[str, Any], model: str, baseline: str) -> float | None:
    cards = fold["models"]
    if not cards or None in (cards[model]["poisson_deviance"], cards[baseline]["poisson_deviance"]):
        return None
    return float(cards[baseline]["poisson_deviance"] - cards[model]["poisson_deviance"])


def lead_times(axes: Sequence[Axes], summary: Summary) -> None:
    """Draw which share of the escalations stood in the top 5 % so many days before or more."""
    (panel,) = axes
    if all(cell["value"] is None for cell in summary["lead_time"][MODEL]["listed"].values()):
        note(panel, "不能估计：时段内没有升级")
        return
    for name, lead in summary["lead_time"].items():
        days = [int(day) for day in lead["listed"]]
        shares = [cell["value"] for cell in lead["listed"].values()]
        colour, width = (OBSERVED, 3.0) if name == MODEL else (INK, 1.6)
        line = {ORACLE: "--", KNOWABLE: ":"}.get(name, "-")
        panel.plot(days, shares, line, label=word(MODEL_ZH, name), color=colour, linewidth=width, marker="o", markersize=2 * width)
    for day, cell in summary["lead_time"][MODEL]["listed"].items():
        if cell["ci95"]:
            panel.plot([int(day)] * 2, cell["ci95"], color=OBSERVED, linewidth=1.4, alpha=0.6)
    panel.set(ylim=(0, None), xlabel="提前天数（至少）", ylabel="已在前5%清单上的升级比例")
    panel.set_xticks(days)
    panel.yaxis.set_major_formatter(PERCENT)
    panel.legend(frameon=False)


def churn(axes: Sequence[Axes], summary: Summary) -> None:
    """Draw which share of the top 5 % left the list from each day to the next."""
    (panel,) = axes
    churn = summary["churn"]["day_over_day"] or summary["churn"]["between_lists"][MODEL]
    if not churn["pairs"]:
        note(panel, "不能估计：只有一期清单")
        return
    panel.bar(range(1, churn["pairs"] + 1), churn["shares"], color=BAR, width=0.7)
    panel.axhline(churn["mean"], color=INK, linewidth=1.4, linestyle="--")
    panel.annotate(
        f"平均{churn['mean']:.0%}",
        (1, churn["mean"]),
        (0, 5),
        textcoords="offset points",
        color=INK,
        xycoords=("axes fraction", "data"),
        ha="right",
        bbox=BACKED,
    )
    panel.set(xlabel=f"相邻两期清单（相隔{churn['days_apart']}天），按时间先后", ylabel="前5%网格中换出的比例", ylim=(0, None))
    panel.yaxis.set_major_formatter(PERCENT)
    panel.grid(axis="x", visible=False)


def _day(text: str) -> int:
    return int(dates.date2num(date.fromisoformat(text)))
