"""Published lists as one table, for BI tools and notebooks: a row per list and grid, every column of one type."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import Engine, select

from features.database.tables import ranking
from features.schema import Col
from serving.accounts.permissions import EVERYTHING, Scope
from serving.accounts.row_security import reading_within
from serving.rankings.entries import Entry
from serving.rankings.ledger import entry_of
from serving.rankings.list_rows import read_rows
from serving.rankings.publishing import shown
from serving.rankings.schemas import AREA_LEVELS, GridRow, Score, place_of_body

LISTS_AT_ONCE = 50
"""Lists whose rows are read together; bounds the memory."""
OF_LIST = {
    "ranking_id": (pl.String(), "Name of the list"),
    Col.AS_OF: (pl.Date(), "Day the list is of; it uses what was known before"),
    "target": (pl.String(), "What was foretold"),
    "horizon_days": (pl.Int64(), "Days ahead: [as_of, as_of + horizon_days)"),
    "revision": (pl.Int64(), "0 for the first list of a day; a day that is published again has a higher one"),
    "newest": (pl.Boolean(), "True for the newest revision of its day and target"),
    "published_at": (pl.Datetime("us", "UTC"), "When it was published"),
    "model_version": (pl.String(), "Number of the model in the registry"),
}
OF_GRID = (Col.GRID_ID, "name", *AREA_LEVELS, "confidence", "withheld")
TYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(("rank", "rank_low", "rank_high"), pl.Int64()),
    **dict.fromkeys(("expected_escalations", "expected_low", "expected_high", "usual_level", "factor"), pl.Float64()),
    **dict.fromkeys(("risk", "risk_low", "risk_high"), pl.Float64()),
    **dict.fromkeys(("chronic", "rising"), pl.Boolean()),
}
"""Of the columns of a score; all others are text."""
SCHEMA = pl.Schema(
    {name: kind for name, (kind, _) in OF_LIST.items()}
    | dict.fromkeys(OF_GRID, pl.String())
    | {name: TYPES.get(name, pl.String()) for name in Score.model_fields}
)


@dataclass(frozen=True)
class Wanted:
    """Selection of lists and grids."""

    scope: Scope = EVERYTHING
    first: date | None = None
    until: date | None = None
    """Last day, itself included."""
    target: str | None = None


def read_table(engine: Engine, wanted: Wanted) -> pl.DataFrame:
    """Return the grids of all lists that are out, columns of `SCHEMA`, ordered by list and published order.

    On PostgreSQL the database itself leaves out what lies outside the scope.
    """
    days = ranking.c.as_of.between(wanted.first or date.min, wanted.until or date.max)
    query = select(ranking).where(shown(ranking.c.id), days).order_by(ranking.c.id)
    if wanted.target is not None:
        query = query.where(ranking.c.target == wanted.target)
    tables = [SCHEMA.to_frame()]
    with reading_within(engine, wanted.scope) as connection:
        entries = {row["id"]: entry_of(row) for row in connection.execute(query).mappings()}
        newest = {_day(entry): entry.id for entry in entries.values()}
        numbers = list(entries)
        for start in range(0, len(numbers), LISTS_AT_ONCE):
            listed = read_rows(connection, numbers[start : start + LISTS_AT_ONCE], "grid", scope=wanted.scope)
            bodies = ((row.ranking_id, row.body) for row in listed if wanted.scope.covers(place_of_body(row.body)))
            rows = [_of_list(entries[number], newest) | _of_row(json.loads(body)) for number, body in bodies]
            tables.append(pl.DataFrame(rows, SCHEMA, orient="row"))
    return pl.concat(tables)


def describe() -> pl.DataFrame:
    """Return one row per column of the table: name, type, and what it means."""
    fields = {**GridRow.model_fields, **Score.model_fields}
    meanings = {name: meaning for name, (_, meaning) in OF_LIST.items()}
    return pl.DataFrame(
        {
            "name": list(SCHEMA),
            "type": [str(kind) for kind in SCHEMA.values()],
            "meaning": [meanings.get(name) or fields[name].description for name in SCHEMA],
        }
    )


def _day(entry: Entry) -> tuple[date, str, int]:
    return entry.origin.as_of, entry.origin.target, entry.origin.horizon_days


def _of_list(entry: Entry, newest: Mapping[tuple[date, str, int], int]) -> dict[str, Any]:
    origin = entry.origin
    return {
        "ranking_id": entry.ranking_id,
        Col.AS_OF: origin.as_of,
        "target": origin.target,
        "horizon_days": origin.horizon_days,
        "revision": entry.revision,
        "newest": newest[_day(entry)] == entry.id,
        "published_at": entry.published_at,
        "model_version": origin.model_version,
    }


def _of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    score = row.get("score") or {}
    return {name: row.get(name) for name in OF_GRID} | {name: score.get(name) for name in Score.model_fields}
