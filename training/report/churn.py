"""Churn: which share of the top 5 % leaves the list from one day to the next."""

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from features.schema import Col
from training.registry.gate import turnover


def churn(table: pl.DataFrame, column: str) -> dict[str, Any]:
    """Compare the lists of each two neighbouring as_ofs by one column; the grids stand in the same order at each."""
    as_ofs = table[Col.AS_OF].unique().sort()
    scores = table[column].to_numpy().reshape(len(as_ofs), -1)
    shares = [turnover(after, before) for before, after in pairwise(scores)]
    days_apart = np.diff(as_ofs.to_physical().to_numpy()).tolist()
    return {
        "days_apart": min(days_apart, default=None),
        "pairs": len(shares),
        "mean": float(np.mean(shares)) if shares else None,
        "shares": shares,
    }
