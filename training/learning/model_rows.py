"""Model rows: all that a model reads of one grid on one day as one row, its single cases nested as lists.

A panel and a table of model rows hold the same figures: whoever has the table needs neither the log nor the home to predict.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from features.errors import UsageError
from features.panel.as_ofs import Values
from features.panel.block import Block
from features.panel.build import Panel
from features.panel.case_columns import CaseColumn
from features.panel.case_rows import CaseRows
from features.panel.feature import Feature, Kind, Use
from features.schema import Col
from training.learning.model import Fitted
from training.learning.usual_level import USUAL_RATE

if TYPE_CHECKING:
    import pandas as pd

OPEN, CLOSED, WEIGHT = "open_cases", "closed_cases", "weight"
CASES = (OPEN, CLOSED)


@dataclass(frozen=True)
class ModelColumns:
    """Columns that a model reads of a table of model rows, in their order."""

    features: tuple[Feature, ...]
    open_cases: tuple[CaseColumn, ...]
    closed_cases: tuple[CaseColumn, ...]

    @classmethod
    def read_by(cls, fitted: Fitted, panel: Panel) -> Self:
        """Return the columns that a model asks a panel for when it predicts."""
        return cls(features_read(fitted, panel.features), panel.open_cases.columns, panel.closed_cases.columns)

    def choose(self, rows: pl.DataFrame) -> "pd.DataFrame":
        """Return these columns of a table of model rows, indexed by grid_id and as_of."""
        names = [feature.name for feature in self.features]
        return rows.select(Col.GRID_ID, Col.AS_OF, *names, *CASES).to_pandas().set_index([Col.GRID_ID, Col.AS_OF])

    def to_json(self) -> bytes:
        """Return the columns as a file."""
        features = [
            {part.name: getattr(feature, part.name) for part in fields(Feature) if part.name != "value"} for feature in self.features
        ]
        cases = {name: [asdict(column) for column in getattr(self, name)] for name in CASES}
        return (json.dumps({"features": features, **cases}, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read what `to_json` returned."""
        stored = json.loads(content)
        features = (
            Feature(**column | {"kind": Kind(column["kind"]), "use": Use(column["use"])}, value=_stored) for column in stored["features"]
        )
        return cls(tuple(features), *(tuple(CaseColumn(**column) for column in stored[name]) for name in CASES))


def features_read(fitted: Fitted, features: Sequence[Feature]) -> tuple[Feature, ...]:
    """Return those features that a model asks a panel for when it predicts."""
    ones = np.ones((len(features), 1, 1), np.float32)
    watched = _WatchedPanel(np.array(["-"]), np.zeros(1, np.int32), tuple(features), ones)
    fitted.parts[-1].lay_out(watched, fitted.horizon_days)  # the parts of cases read no column of grids
    watched.column(USUAL_RATE)
    return tuple(feature for feature in features if feature.name in watched.asked)


class _WatchedPanel(Panel):
    """A panel that notes which columns it is asked for."""

    @cached_property
    def asked(self) -> set[str]:
        """Names it was asked for so far."""
        return set()

    def column(self, name: str) -> npt.NDArray[np.float32]:
        """Return one feature, and note its name."""
        self.asked.add(name)
        return super().column(name)


def to_rows(panel: Panel) -> pl.DataFrame:
    """Return the panel as model rows, sorted by grid_id and as_of."""
    cells = np.arange(len(panel.as_ofs) * len(panel.grid_ids)).reshape(len(panel.as_ofs), -1).T.ravel()
    nested = [_nest(getattr(panel, name), len(panel.grid_ids), cells).alias(name) for name in CASES]
    return panel.to_frame().with_columns(nested)


def to_panel(rows: "pd.DataFrame", columns: ModelColumns) -> Panel:
    """Return model rows as a panel of one moment in which every row is a place of its own.

    Raises:
        UsageError: a column is missing.
    """
    names = [feature.name for feature in columns.features]
    if missing := [name for name in (*names, *CASES) if name not in rows]:
        raise UsageError(f"model rows must have every column that the model reads, and {', '.join(missing)} are missing.")
    values = np.stack([rows[name].to_numpy(np.float32) for name in names])[:, None, :]
    open_cases, closed_cases = (_unnest(rows[name].tolist(), getattr(columns, name)) for name in CASES)
    return Panel(np.arange(len(rows)).astype(str), np.zeros(1, np.int32), columns.features, values, open_cases, closed_cases)


def _nest(rows: CaseRows, grids: int, cells: npt.NDArray[np.int64]) -> pl.Series:
    """Return a list of cases for each cell (as_of x grids + grid), in the order of the rows."""
    kinds = np.array(rows.kinds, dtype=object).reshape(-1, 2)
    flat = pl.DataFrame(
        {
            "cell": rows.as_of.astype(np.int64) * grids + rows.grid,
            Col.EVENT_TYPE: pl.Series(kinds[rows.kind, 0].tolist(), dtype=pl.String),
            Col.CATEGORY: pl.Series(kinds[rows.kind, 1].tolist(), dtype=pl.String),
            WEIGHT: rows.weight.astype(np.float64),
            **{name: rows.column(name).astype(np.float64) for name in rows.names},
        }
    )
    nested = flat.group_by("cell", maintain_order=True).agg(pl.struct(pl.exclude("cell")).alias("cases"))
    joined = pl.DataFrame({"cell": cells}).join(nested, on="cell", how="left", maintain_order="left")
    return joined["cases"].fill_null([])


def _unnest(nested: Sequence[Sequence[Mapping[str, Any]]], columns: tuple[CaseColumn, ...]) -> CaseRows:
    place = np.repeat(np.arange(len(nested), dtype=np.int32), [len(cases) for cases in nested])
    cases = [case for of_row in nested for case in of_row]
    pairs = [(case[Col.EVENT_TYPE], case[Col.CATEGORY]) for case in cases]
    kinds = sorted(set(pairs))
    numbers = {kind: number for number, kind in enumerate(kinds)}
    return CaseRows(
        columns=columns,
        kinds=tuple(kinds),
        as_of=np.zeros(len(cases), np.int32),
        grid=place,
        case=np.arange(len(cases), dtype=np.int32),
        kind=np.array([numbers[pair] for pair in pairs], np.int16),
        weight=np.array([case[WEIGHT] for case in cases], np.float64),
        values=np.array([[case[column.name] for case in cases] for column in columns], np.float64)
        .astype(np.float32)
        .reshape(len(columns), len(cases)),
    )


def _stored(block: Block) -> Values:
    raise UsageError(f"the feature must be read from stored rows, got a block of {len(block.grids)} grids to compute it from.")
