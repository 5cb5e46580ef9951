"""Plots of what moves the model: reasons, columns, how two columns work together."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from training.attribution import Attribution, beeswarm, column_label
from training.plots.figure import BAR, INK_2, INK_3, LINE_STRONG, PUSHING, note

Findings = Mapping[str, Any]
Floats = npt.NDArray[np.float64]

LOW_TO_HIGH = LinearSegmentedColormap.from_list("low to high", ["#a9b4bf", "#0b6b66"])
"""Values of a column: an observed quantity, so grey to teal."""
NO_TREES = "不能估计：模型没有长出树，预计等于常态"
MOST_REASONS = 14
LEGEND: dict[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1),
    "ncols": 2,
    "frameon": False,
    "title_fontsize": 10,
    "fontsize": 10,
    "alignment": "left",
}
"""Above the plot, where no dot lies."""
WRAP = 18
"""Characters of a label in one line."""


def reasons(axes: Sequence[Axes], findings: Findings) -> None:
    """Draw how far each reason group moves the margin on average, and how often refits disagree on its direction."""
    (panel,) = axes
    top = findings["reasons"][:MOST_REASONS][::-1]
    if not top:
        note(panel, NO_TREES)
        return
    panel.barh(range(len(top)), [reason["mean_size"] for reason in top], color=PUSHING, height=0.62)
    for place, reason in enumerate(top):
        flips = "—" if reason["sign_flips"] is None else f"{reason['sign_flips']:.0%}"
        panel.annotate(f"反号{flips}", (reason["mean_size"], place), (6, 0), textcoords="offset points", va="center", color=INK_2)
    panel.set_yticks(range(len(top)), [reason["label"] for reason in top])
    panel.set_xlabel("平均贡献大小（本部分的对数刻度）；反号：重抽样模型方向不同的比例")
    panel.margins(x=0.14)
    panel.grid(axis="y", visible=False)


def swarm(axes: Sequence[Axes], attribution: Attribution, findings: Findings) -> None:
    """Draw the strongest columns row by row."""
    (panel,) = axes
    names = [column["name"] for column in findings["columns"]]
    if not names:
        note(panel, NO_TREES)
        return
    chosen = [_position(attribution, name) for name in names]
    labels = [_wrap(column["label"]) for column in findings["columns"]]
    beeswarm(panel, attribution.values[:, chosen], attribution.matrix[:, chosen], labels, LOW_TO_HIGH)
    panel.set_xlabel("贡献（右为调高）；点色：本列取值，浅灰低、青高、深灰无值", fontsize=11, color=INK_2)
    panel.tick_params(labelsize=10)


def dependence(axes: Sequence[Axes], attribution: Attribution, findings: Findings) -> None:
    """Draw the contribution of the strongest columns against their values."""
    names = [column["name"] for column in findings["columns"]]
    for number, panel in enumerate(axes):
        if number >= len(names):
            note(panel, NO_TREES if not names else "")
            continue
        place = _position(attribution, names[number])
        _dots(panel, attribution.matrix[:, place].astype(np.float64), attribution.values[:, place], PUSHING)
        panel.set_xlabel(_wrap(findings["columns"][number]["label"]), fontsize=10)
    axes[0].set_ylabel("贡献（对数刻度）")


def interaction(axes: Sequence[Axes], attribution: Attribution, findings: Findings) -> None:
    """Draw the first column of the strongest pair, split by whether the second is below or above its median."""
    (panel,) = axes
    if not findings["pair"]:
        note(panel, NO_TREES)
        return
    first, second = (_position(attribution, name) for name in findings["pair"]["columns"])
    x, other = attribution.matrix[:, first].astype(np.float64), attribution.matrix[:, second]
    middle = float(np.nanmedian(other))
    for chosen, colour, side in ((other <= middle, BAR, "不高于"), (other > middle, PUSHING, "高于")):
        _dots(panel, x[chosen], attribution.values[chosen, first], colour, f"{side}中位数{middle:.3g}")
    panel.set_xlabel(column_label(attribution.features[first]))
    panel.set_ylabel("贡献（对数刻度）")
    panel.legend(title=column_label(attribution.features[second]), **LEGEND)


def _dots(panel: Axes, x: Floats, y: Floats, colour: str, label: str | None = None) -> None:
    panel.scatter(x, y, s=10, color=colour, alpha=0.55, linewidths=0, label=label)
    panel.axhline(0, color=LINE_STRONG, linewidth=1)
    panel.tick_params(labelcolor=INK_3, labelsize=10)
    panel.locator_params(axis="x", nbins=5)


def _position(attribution: Attribution, name: str) -> int:
    return [feature.name for feature in attribution.features].index(name)


def _wrap(label: str, width: int = WRAP) -> str:
    """Break a label into lines of about equal length."""
    lines = -(-len(label) // width)
    each = -(-len(label) // lines)
    return "\n".join(label[start : start + each] for start in range(0, len(label), each))
