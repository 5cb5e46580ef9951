"""Files of covariates: grid, day or week, known_at, and a column of numbers for each thing that is measured."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, select

from features.database.engine import database_url, open_database, reading, writing
from features.database.tables import grid
from features.errors import InputRefusedError, UsageError
from features.eventlog.covariates import EVERY_GRID, KEYS, append_covariates
from features.intake.personal_data.screening import refuse_personal_names
from features.intake.pseudonyms import deployment_key
from features.intake.quarantine import Code, RowErrors
from features.intake.readers.batches import RowInput
from features.intake.readers.open_input import open_input
from features.intake.report import IngestReport, Tally, bare_batches
from features.intake.times import parse_times
from features.schema import Col
from features.settings import LogSettings
from features.storage.home import Home

DAYS = ("day", "week")
"""Columns that say what a row is about; one of them must be there."""
NEEDED = tuple((Col.GRID_ID, about, Col.KNOWN_AT) for about in DAYS)
CODE = r"^[a-z][a-z0-9_]{0,39}$"
GREATEST = 1e12
"""No number may be farther from zero."""


@dataclass(frozen=True)
class _Terms:
    """Requirements on the rows of one file."""

    about: str
    names: tuple[str, ...]
    grids: list[str]
    zone: str
    now: datetime


def ingest_covariates(home: Home, log: LogSettings, path: Path, now: datetime) -> IngestReport:
    """Append the numbers of a file; what is known already changes nothing, and a corrected number needs a later known_at.

    Raises:
        UsageError: the file cannot be read, or no grids are known.
        InputRefusedError: a needed column is missing, a name is no code, or the file identifies persons.
        StoreError: the database refused; sending the same again stores what is missing.
    """
    began = time.monotonic()
    rows = open_input(path, None, NEEDED)
    refuse_personal_names(path, rows.header, now.date())
    refused = home.folder(home.quarantine) / f"{now:%Y%m%dT%H%M%S%f}-covariates.csv"
    refused.unlink(missing_ok=True)
    engine = open_database(database_url(home, log))
    try:
        terms = _terms(rows, engine, log.zone, now)
        tally = Tally(deployment_key(home, engine), refused)
        for batch in bare_batches(rows):
            tally.count(batch, *_store(engine, batch.cells, terms))
    finally:
        engine.dispose()
    return tally.report(time.monotonic() - began, rows)


def _terms(rows: RowInput, engine: Engine, zone: str, now: datetime) -> _Terms:
    about = next((name for name in DAYS if name in rows.header), None)
    names = tuple(name for name in rows.header if name not in (Col.GRID_ID, Col.KNOWN_AT, about))
    if about is None or not {Col.GRID_ID, Col.KNOWN_AT} <= set(rows.header) or not names:
        wanted = f"{Col.GRID_ID}, {' or '.join(DAYS)}, {Col.KNOWN_AT} and at least one column of numbers"
        raise InputRefusedError(
            Code.FILE_HEADER, f"a file of covariates needs {wanted}; found {', '.join(rows.header)}. Rename its columns."
        )
    if wrong := _no_codes(names):
        raise InputRefusedError(
            Code.FILE_HEADER,
            f"columns of numbers must have names such as rain_mm; found {', '.join(wrong)}. Rename them.",
        )
    with reading(engine) as connection:
        grids = list(connection.execute(select(grid.c.grid_id)).scalars())
    if not grids:
        raise UsageError("covariates need the grids they are about, found none. Run `yujing ingest FILE --grids GRIDS` first.")
    return _Terms(about, names, grids, zone, now)


def _no_codes(names: Sequence[str]) -> list[str]:
    return pl.Series(names).filter(~pl.Series(names).str.contains(CODE)).to_list()


def _store(engine: Engine, cells: pl.DataFrame, terms: _Terms) -> tuple[RowErrors, int]:
    """Store the rows without fault; return the faults, and how many rows held a number that was new."""
    faults, keys, numbers = _read(cells, terms)
    fit = keys.with_columns(numbers).with_row_index("row").filter(~faults.rows)
    long = fit.unpivot(terms.names, index=["row", *KEYS[1:]], variable_name="name", value_name="value").drop_nulls("value")
    with writing(engine) as connection:
        outcomes = append_covariates(connection, long.select(*KEYS, "value"))
    conflict = long.filter(outcomes == "conflict")["row"].unique()
    faults.add(Col.KNOWN_AT, Code.ID_CONFLICT, pl.int_range(cells.height, eager=True).is_in(conflict.to_list()))
    return faults, long.filter(outcomes == "accepted")["row"].n_unique()


def _read(cells: pl.DataFrame, terms: _Terms) -> tuple[RowErrors, pl.DataFrame, pl.DataFrame]:
    """Check every row and return the faults, the keys and the numbers, those of rows with a fault among them."""
    faults = RowErrors(cells.height)
    place = cells[Col.GRID_ID].fill_null(EVERY_GRID)
    faults.add(Col.GRID_ID, Code.GRID_UNKNOWN, ~place.is_in([*terms.grids, EVERY_GRID]))
    times = {}
    for name in (terms.about, Col.KNOWN_AT):
        times[name], codes = parse_times(cells[name], (), terms.zone, None)
        faults.add_codes(name, codes)
        faults.add(name, Code.TIME_MISSING, cells[name].is_null())
    faults.add(Col.KNOWN_AT, Code.TIME_FUTURE, (times[Col.KNOWN_AT] > terms.now).fill_null(value=False))
    numbers = pl.DataFrame({name: cells[name].cast(pl.Float64, strict=False) for name in terms.names})
    for name in terms.names:
        faults.add(name, Code.NUMBER_FORMAT, (cells[name].is_not_null() & ~numbers[name].is_finite().fill_null(value=False)))
        faults.add(name, Code.NUMBER_RANGE, (numbers[name].abs() > GREATEST).fill_null(value=False))
    day = times[terms.about].dt.convert_time_zone(terms.zone).dt.date()
    keys = pl.DataFrame({Col.GRID_ID: place, "day": day, Col.KNOWN_AT: times[Col.KNOWN_AT]})
    fit_before = keys.with_columns(refused=faults.rows)  # a row that is refused does not stand in the way of a later one
    faults.add(terms.about, Code.ID_CONFLICT, fit_before.select(~pl.struct(pl.all()).is_first_distinct()).to_series())
    return faults, keys, numbers
