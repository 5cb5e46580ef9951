"""Evidence: the tables a report is computed from, stored beside it."""

from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from features.days import EPOCH
from features.facts.facts import Facts
from features.panel.build import build_panel
from features.schema import Col
from training.evaluation.fold_runner import MODEL
from training.evaluation.predictions import EXPECTED
from training.learning.model import Fitted
from training.settings import Settings

DAYS = 29
"""Neighbouring days of which the lists of the final fit are compared."""


@dataclass(frozen=True)
class Evidence:
    """All figures of a report follow from these tables."""

    predictions: pl.DataFrame
    """As `training.evaluation.predictions.tabulate` returns it."""
    escalations: pl.DataFrame
    """grid_id, occurred (date), weight (below 1 only where a redrawn grid shares them out)."""
    daily: pl.DataFrame
    """as_of, grid_id and what the final fit expects, for the last days of the log; without rows where nothing was fitted."""

    def files(self) -> dict[str, bytes]:
        """Return each table as a Parquet file of its name."""
        return {f"{table.name}.parquet": to_parquet(getattr(self, table.name)) for table in fields(self)}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the files from a folder."""
        return cls(**{table.name: pl.read_parquet(folder / f"{table.name}.parquet") for table in fields(cls)})


def to_parquet(table: pl.DataFrame) -> bytes:
    """Return a table as a Parquet file."""
    content = BytesIO()
    table.write_parquet(content)
    return content.getvalue()


def gather(facts: Facts, predictions: pl.DataFrame, fitted: Fitted | None, settings: Settings) -> Evidence:
    """Put beside the predictions of a backtest what happened, and what the final fit says of the last days."""
    daily = predictions.select(Col.AS_OF, Col.GRID_ID, EXPECTED + MODEL).clear() if fitted is None else _daily(facts, fitted, settings)
    return Evidence(predictions, _escalations(facts), daily)


def _escalations(facts: Facts) -> pl.DataFrame:
    occurred = np.datetime64(EPOCH, "D") + facts.target.occurred_day
    weight = facts.weights_of(facts.target)
    return pl.DataFrame({Col.GRID_ID: facts.places.grid_ids[facts.target.grid], "occurred": occurred, "weight": weight})


def _daily(facts: Facts, fitted: Fitted, settings: Settings) -> pl.DataFrame:
    last = facts.known_through_day
    panel = build_panel(facts, np.arange(last - DAYS + 1, last + 1, dtype=np.int32), fitted.horizon_days, settings)
    grids = len(panel.grid_ids)
    return pl.DataFrame(
        {
            Col.AS_OF: np.repeat(np.datetime64(EPOCH, "D") + panel.as_ofs, grids),
            Col.GRID_ID: np.tile(panel.grid_ids, DAYS),
            EXPECTED + MODEL: fitted.predict(panel).expected.ravel(),
        }
    )
