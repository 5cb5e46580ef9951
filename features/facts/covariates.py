"""Covariates among the facts: numbers about grids as arrays, each on the day on which it became known."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import Days, local_days
from features.eventlog.covariates import EVERY_GRID
from features.facts.places import Indices
from features.schema import Col

VALUE_UNIT = 2.0**-10
"""Numbers are read to this accuracy, so that sums of them are exact."""


@dataclass(frozen=True)
class Covariates:
    """Numbers ordered by grid; arrays of equal length. A corrected number is one more, known later."""

    grid: Indices
    series: npt.NDArray[np.int16]
    """Position in `Facts.covariate_names`."""
    known_day: Days
    value: npt.NDArray[np.float64]


def no_covariates() -> Covariates:
    """Return covariates without rows."""
    nothing = np.zeros(0, np.int32)
    return Covariates(nothing, nothing.astype(np.int16), nothing, nothing.astype(np.float64))


def place_covariates(rows: pl.DataFrame, grid_ids: npt.NDArray[np.str_], zone: str) -> tuple[tuple[str, ...], Covariates]:
    """Return the names of what is measured, and the numbers by position of their grid; those of grids that are gone are left out."""
    names = tuple(rows["name"].unique().sort())
    grids = pl.DataFrame({Col.GRID_ID: grid_ids.tolist(), "grid": np.arange(len(grid_ids), dtype=np.int32)})
    everywhere = rows.filter(pl.col(Col.GRID_ID) == EVERY_GRID).drop(Col.GRID_ID).join(grids.select("grid"), how="cross")
    own = rows.join(grids, on=Col.GRID_ID, how="inner").drop(Col.GRID_ID)
    placed = pl.concat([own.select(everywhere.columns), everywhere]).sort("grid", "name", "day", Col.KNOWN_AT)
    if placed.is_empty():
        return (), no_covariates()
    return names, Covariates(
        grid=placed["grid"].to_numpy(),
        series=np.searchsorted(np.array(names), placed["name"].to_numpy().astype(np.str_)).astype(np.int16),
        known_day=local_days(placed[Col.KNOWN_AT].dt.epoch("us").to_numpy(), ZoneInfo(zone)),
        value=np.round(placed["value"].to_numpy() / VALUE_UNIT) * VALUE_UNIT,
    )
