"""Findings: how strongly each reason and each column moves the model, and how often refits disagree about the direction."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from training.attribution.attribute import REPLICATE, Attribution
from training.attribution.reason_labels import column_label, reason_labels

Floats = npt.NDArray[np.float64]

NOTICEABLE = 0.01
"""Size of a contribution, about one per cent of the factor, below which its direction says nothing."""
SHOWN_COLUMNS = 12


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
