"""Lead time: how many days before an escalation its grid was first on a list that spoke of that day."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.schema import Col
from training.evaluation.predictions import EXPECTED
from training.evaluation.top_share import flag
from training.report.estimates import Floats, Sample

LISTED_SHARE = 0.05
DAYS = (0, 1, 3, 7, 10)

Flags = npt.NDArray[np.bool_]


def lead_time(predictions: pl.DataFrame, escalations: pl.DataFrame, weights: Floats, model: str, horizon_days: int) -> dict[str, Any]:
    """Return which share of the escalations was listed at least so many days before, and the median of those listed.

    A list of as_of speaks of [as_of, as_of + horizon_days). Only escalations count of which every list that could have named them was
    made, so those of the first days are left out; the top 5 % are listed, grids tied at the edge are not.
    """
    as_ofs = predictions[Col.AS_OF].unique().sort().to_physical().to_numpy()
    listed = _listed(predictions, model, len(as_ofs))
    day = escalations["occurred"].to_physical().to_numpy()
    step = int(np.diff(as_ofs).min(initial=horizon_days))
    judged = (day >= as_ofs[0] + horizon_days - 1) & (day < as_ofs[-1] + step)
    day, weight = day[judged], escalations["weight"].to_numpy()[judged]
    grid = np.searchsorted(_grids(predictions), escalations[Col.GRID_ID].to_numpy()[judged].astype(np.str_))
    lead = _lead(as_ofs, listed, day, grid, horizon_days)
    block = predictions["block"].to_numpy().reshape(listed.shape)[np.searchsorted(as_ofs, day, side="right") - 1, grid]
    sample = Sample(block, weights)
    return {
        "escalations": float(weight.sum()),
        "listed": {str(days): sample.ratio(weight * (lead >= days), weight) for days in DAYS if days < horizon_days},
        "median_days": float(np.median(lead[lead >= 0])) if (lead >= 0).any() else None,
    }


def _listed(predictions: pl.DataFrame, model: str, as_ofs: int) -> Flags:
    as_of = predictions[Col.AS_OF].to_physical().to_numpy()
    flagged = flag(predictions[EXPECTED + model].to_numpy(), as_of, LISTED_SHARE)
    return np.asarray(flagged == 1).reshape(as_ofs, -1)


def _grids(predictions: pl.DataFrame) -> npt.NDArray[np.str_]:
    """Return the grids in the order in which they stand at every as_of."""
    return predictions.filter(pl.col(Col.AS_OF) == predictions[Col.AS_OF][0])[Col.GRID_ID].to_numpy().astype(np.str_)


def _lead(as_ofs: npt.NDArray[np.int32], listed: Flags, day: npt.NDArray[np.int32], grid: npt.NDArray[np.int64], horizon: int) -> Floats:
    """Return the days from the first list that names the grid and reaches to the day; -1 where none does."""
    lead = np.full(len(day), -1.0)
    for as_of, names in zip(as_ofs[::-1], listed[::-1], strict=True):
        speaks = (as_of <= day) & (day < as_of + horizon) & names[grid]
        lead[speaks] = (day - as_of)[speaks]
    return lead
