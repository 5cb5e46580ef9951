"""Attribution of one part of a fitted model: what columns and reasons add to its rows, and how often refits disagree on the direction.

The only module that knows shap. Columns and reasons bear their Chinese names, as the plots print them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import shap

from features.display import EVENT_TYPE_ZH
from features.panel.build import Panel
from features.panel.case_columns import CaseColumn
from features.panel.feature import Feature, as_label
from features.undertakings.undertaking import KIND_WORDS
from training.learning.booster import Booster, contributions, read_booster
from training.learning.case_start import CaseStart
from training.learning.design_matrix import cases_of
from training.learning.model import FittedPart

Positions = npt.NDArray[np.int64]

ROWS, REPLICATE_ROWS, PAIR_ROWS = 1000, 200, 60
"""Rows sampled for the final fit, for each replicate and for pairs of columns; enough for a picture and seconds of work."""
REPLICATE = "replicate"

NOTICEABLE = 0.01
"""Size of a contribution, about one per cent of the factor, below which its direction says nothing."""
SHOWN_COLUMNS = 12

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

SINGLE = {
    "history": "既往升级",
    "exposure": "记录时长",
    "due": "即将到期事项",
    "group": "多人共同反映",
    "sources": "来源渠道",
    "repeats": "重复反映",
    "neighbours": "相邻网格",
    "surroundings": "所在区域",
    "calendar": "日历",
    "quality": "数据质量",
    "new_cases": "刚上报即升级",
    "lone_calls": "没有在办事项的警情",
    "kind_odds": "事项类别",
    "due_odds": "同类到期事项的升级情况",
    "age": "已有天数",
    "days_left": "距办理期限",
    "falls_due": "时段内到期",
    "term_passed": "已超期",
    "spell": "曾办结次数",
    "repeat": "同类重复",
    "self_found": "走访发现",
    "delay": "上报滞后",
    "grid_share_56d": "本网格近期了结情况",
    "grid_share_182d": "本网格半年了结情况",
    "grid_kind_share_365d": "本网格同类事项了结情况",
    "kind_share_56d": "全区同类事项近期了结情况",
    "cleared_28d": "本网格近期办结",
    "waiting": "本网格同时未办结",
    "calls": "其间同类其他记录",
    "days_closed": "办结后天数",
    "on_paper": "临到期办结",
    "handling": "办理用时",
}
OF_SUBJECT = {
    "recent_{}": "近期新增{}",
    "kind_{}": "{}的类别",
    "backlog_{}": "未办结{}",
    "handling_{}": "{}的办理",
    "recency_{}": "距上次{}",
    "trend_{}": "{}的变化",
    "trend_{}_closed": "办结{}的变化",
}
OF_UNDERTAKING = {f"undertakings_{kind}": f"本网格和周边的{zh}" for kind, (zh, _) in KIND_WORDS.items()}
LABELS = (
    SINGLE
    | OF_UNDERTAKING
    | {
        group.format(subject): label.format(name)
        for group, label in OF_SUBJECT.items()
        for subject, name in {"target": "升级", **EVENT_TYPE_ZH}.items()
    }
)
"""Names of reason groups that hold several columns."""


def column_label(feature: Feature | CaseColumn) -> str:
    """Return the catalogue's phrase with n for the value, and the window where the phrase does not name it."""
    label = as_label(feature.zh)
    days = f"{feature.window_days}天"
    return label if feature.window_days is None or days in label else f"{label},{days}"


def reason_labels(columns: Iterable[Feature | CaseColumn]) -> dict[str, str]:
    """Return the name of every reason group of these columns, by group; one without a name is called by its first column."""
    first: dict[str, str] = {}
    for column in columns:
        first.setdefault(column.reason, column_label(column))
    return {reason: LABELS.get(reason, label) for reason, label in sorted(first.items())}


def shapley_values(booster: str, matrix: Matrix) -> Floats:
    """Return what each column adds to the margin, (N, F), by LightGBM's own TreeSHAP; zeros where no tree splits."""
    return contributions(read_booster(booster), matrix)[:, :-1]


def shapley_interactions(booster: str, matrix: Matrix) -> Floats:
    """Return what each two columns add together beyond what each adds alone, (N, F, F), half of it on either side of the diagonal."""
    trees = read_booster(booster)
    if not _splits(trees):
        return np.zeros((*matrix.shape, matrix.shape[1]))
    return np.asarray(shap.TreeExplainer(trees).shap_interaction_values(matrix), np.float64)


def beeswarm(axes: Any, values: Floats, matrix: Matrix, labels: Sequence[str], colours: Any) -> None:
    """Draw one dot per row and column on matplotlib axes, the strongest column on top."""
    explanation = shap.Explanation(values, np.zeros(len(values)), matrix, feature_names=list(labels))
    options = {"max_display": len(labels), "color": colours, "color_bar": False, "s": 9, "plot_size": None, "show": False}
    shap.plots.beeswarm(explanation, ax=axes, group_remaining_features=False, **options)


def _splits(trees: Booster) -> bool:
    return bool(np.any(trees.feature_importance()))


@dataclass(frozen=True)
class Attribution:
    """Attribution of one part of the model on sampled rows."""

    features: tuple[Feature | CaseColumn, ...]
    """The columns the part reads, in order."""
    matrix: Matrix
    """(N, F) what the trees read."""
    contributions: pl.DataFrame
    """replicate (0 = the final fit), row, and by column what it adds to the margin; replicates on the first rows only."""
    pairs: Floats
    """(F, F) mean size of what two columns add together, zero on the diagonal."""

    @property
    def values(self) -> Floats:
        """Contributions of the final fit, (N, F)."""
        return self.contributions.filter(pl.col(REPLICATE) == 0).drop(REPLICATE, "row").to_numpy()


def attribute(fitted: FittedPart, panel: Panel, horizon_days: int, seed: int) -> Attribution:
    """Sample rows of a panel and attribute the part and its replicates on them."""
    chosen, matrix = _sample(fitted, panel, horizon_days, seed)
    interactions = np.abs(shapley_interactions(fitted.booster, matrix[:PAIR_ROWS])).mean(axis=0) * 2
    np.fill_diagonal(interactions, 0)
    return Attribution(
        features=fitted.describe(panel),
        matrix=matrix,
        contributions=pl.concat(_tables(fitted, matrix, _start_steps(fitted, panel, chosen))),
        pairs=interactions,
    )


def _sample(fitted: FittedPart, panel: Panel, horizon_days: int, seed: int) -> tuple[Positions, Matrix]:
    """Return the positions of some rows and what the trees read of them; the other rows are let go."""
    design = fitted.lay_out(panel, horizon_days)
    chosen = np.random.default_rng(seed).permutation(len(design.start))[:ROWS]
    return chosen, np.ascontiguousarray(design.take(chosen))


def _start_steps(fitted: FittedPart, panel: Panel, rows: Positions) -> Floats:
    """Return what the start of cases adds to the margin by column, (n, F); of new ones the trees alone are shown."""
    steps = np.zeros((len(rows), len(fitted.columns.names)))
    if isinstance(fitted.start, CaseStart):
        for column, step in fitted.start.steps(cases_of(panel, fitted.part)):
            if column in fitted.columns.names:
                steps[:, fitted.columns.names.index(column)] += step[rows]
    return steps


def _tables(fitted: FittedPart, matrix: Matrix, steps: Floats) -> Iterator[pl.DataFrame]:
    """Yield the contributions of the final fit and of each replicate; `steps` (N, F) lead to the start, from which all of them grow."""
    for number, booster in enumerate((fitted.booster, *fitted.replicates)):
        rows = len(matrix) if number == 0 else min(len(matrix), REPLICATE_ROWS)
        values = shapley_values(booster, matrix[:rows]) + steps[:rows]
        keys = {REPLICATE: np.full(len(values), number, np.int32), "row": np.arange(len(values), dtype=np.int32)}
        yield pl.DataFrame(keys | dict(zip(fitted.columns.names, values.T, strict=True)))


def find(attribution: Attribution) -> dict[str, Any]:
    """Return reasons and the strongest columns in falling order of strength, and the pair that works together most."""
    features, pairs = attribution.features, attribution.pairs
    labels = reason_labels(features)
    members = {reason: [feature.name for feature in features if feature.reason == reason] for reason in labels}
    columns = {feature.name: [feature.name] for feature in features}
    label_of = {feature.name: column_label(feature) for feature in features}
    first, second = np.unravel_index(pairs.argmax(), pairs.shape)
    together = float(pairs[first, second])
    return {
        "rows": int((attribution.contributions[REPLICATE] == 0).sum()),
        "replicates": attribution.contributions[REPLICATE].n_unique() - 1,
        "reasons": _strongest(attribution.contributions, members, labels),
        "columns": _strongest(attribution.contributions, columns, label_of)[:SHOWN_COLUMNS],
        "pair": {"columns": [features[first].name, features[second].name], "mean_size": together} if together > 0 else None,
    }


def _strongest(contributions: pl.DataFrame, members: dict[str, list[str]], labels: dict[str, str]) -> list[dict[str, Any]]:
    sums = contributions.select(REPLICATE, "row", *(pl.sum_horizontal(columns).alias(name) for name, columns in members.items()))
    final = sums.filter(pl.col(REPLICATE) == 0)
    found: list[dict[str, Any]] = [
        {"name": name, "label": labels[name], "mean_size": float(np.abs(final[name].to_numpy()).mean()), "sign_flips": _flips(sums, name)}
        for name in members
    ]
    return sorted((item for item in found if item["mean_size"] > 0), key=lambda item: -item["mean_size"])


def _flips(sums: pl.DataFrame, name: str) -> float | None:
    """Return the share of rows and replicates in which a noticeable contribution does not keep its sign; None without any."""
    final = sums.filter(pl.col(REPLICATE) == 0).select("row", final=pl.col(name))
    others = sums.filter(pl.col(REPLICATE) > 0).select("row", other=pl.col(name)).join(final, on="row")
    noticed = others.filter(pl.col("final").abs() >= NOTICEABLE)
    flips = noticed.select((pl.col("other").sign() != pl.col("final").sign()).mean()).item()
    return None if flips is None else float(flips)
