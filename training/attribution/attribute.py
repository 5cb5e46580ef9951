"""Attribution of one part of a fitted model: what columns and reasons add to its rows, and how often refits disagree on the direction."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.panel.build import Panel
from features.panel.case_columns import CaseColumn
from features.panel.feature import Feature
from training.attribution.reason_labels import column_label, reason_labels
from training.attribution.shapley import shapley_interactions, shapley_values
from training.learning.case_start import CaseStart
from training.learning.design_matrix import cases_of
from training.learning.model import FittedPart

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]

ROWS, REPLICATE_ROWS, PAIR_ROWS = 1000, 200, 60
"""Rows sampled for the final fit, for each replicate and for pairs of columns; enough for a picture and seconds of work."""
REPLICATE = "replicate"

NOTICEABLE = 0.01
"""Size of a contribution, about one per cent of the factor, below which its direction says nothing."""
SHOWN_COLUMNS = 12


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
