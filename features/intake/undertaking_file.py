"""Files about undertakings: the flat one, and lists of projects, periods and effort as the simulator writes them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from features.database.engine import database_url, open_database, reading, writing
from features.errors import InputRefusedError, UsageError
from features.eventlog.undertakings import append_from_source, known_places
from features.intake.personal_data.screening import refuse_personal_names
from features.intake.pseudonyms import deployment_key, keyed_ids
from features.intake.quarantine import Code, RowErrors
from features.intake.readers.batches import RowBatch, RowInput
from features.intake.readers.open_input import open_input
from features.intake.report import IngestReport, Tally, bare_batches
from features.intake.undertaking_rows import EFFORT_COLUMNS, UndertakingTerms, declare_campaigns, read_undertakings, store_effort
from features.settings import LogSettings
from features.storage.home import Home

SOURCE_ACTOR = "source"
"""Account under which rows of a file are entered."""
FLAT_REQUIRED = ("undertaking_id", "kind", "sub_kind", "places", "public_at", "start_at", "end_at")
FLAT_OPTIONAL = ("name", "assessed", "heard", "note_code", "attention")


@dataclass(frozen=True)
class Layout:
    """One of the files that are known: the columns it must have, and what each column of the flat file is made from."""

    needed: tuple[str, ...]
    columns: Mapping[str, pl.Expr]
    optional: tuple[str, ...] = ()
    """Columns of the flat file that it may have under their own names."""


def _same(*names: str) -> dict[str, pl.Expr]:
    return {name: pl.col(name) for name in names}


_A_YEAR_BEFORE = pl.col("start").str.to_date(strict=False).dt.offset_by("-365d").cast(pl.String)
LAYOUTS = (
    Layout(FLAT_REQUIRED, _same(*FLAT_REQUIRED), FLAT_OPTIONAL),
    Layout(
        ("project_id", "grid_id", "kind", "public_notice_at", "start_at", "end_at"),
        {
            "undertaking_id": pl.col("project_id"),
            "kind": pl.lit("project"),
            "sub_kind": pl.col("kind"),
            "places": pl.col("grid_id"),
            "public_at": pl.col("public_notice_at"),
            **_same("start_at", "end_at"),
        },
        ("assessed", "heard"),
    ),
    Layout(
        ("name", "start", "end", "scope"),
        {
            "undertaking_id": pl.concat_str("name", pl.lit("-"), "start"),
            "kind": pl.lit("period"),
            "sub_kind": pl.col("name"),
            "places": pl.when(pl.col("scope") != "district").then(pl.col("scope")),
            "public_at": _A_YEAR_BEFORE,
            "start_at": pl.col("start"),
            "end_at": pl.col("end"),
        },
    ),
)
"""The flat file, the list of projects, the list of periods; a period that comes every year is public a year before it begins."""


Store = Callable[[RowBatch], tuple[RowErrors, int]]
"""Stores the rows without fault and returns the faults of the others, and how many rows were new."""


def ingest_undertakings(home: Home, log: LogSettings, path: Path, now: datetime) -> IngestReport:
    """Append what a file says of undertakings or effort; what is known already changes nothing.

    Raises:
        UsageError: the file cannot be read, or no grids are known that its places could be looked up in.
        InputRefusedError: the file is none of those that are known, or identifies persons.
        StoreError: the database refused; sending the same again stores what is missing.
    """
    began = time.monotonic()
    rows = open_input(path, None, (EFFORT_COLUMNS, *(layout.needed for layout in LAYOUTS)), FLAT_OPTIONAL)
    refuse_personal_names(path, rows.header, now.date())
    refused = home.folder(home.quarantine) / f"{now:%Y%m%dT%H%M%S%f}-undertakings.csv"
    refused.unlink(missing_ok=True)
    engine = open_database(database_url(home, log))
    try:
        key = deployment_key(home, engine)
        tally = Tally(key, refused)
        store, used = _store_of(rows, engine, _terms(engine, log, now), key)
        for batch in bare_batches(rows):
            tally.count(batch, *store(batch))
        if used == EFFORT_COLUMNS:
            declare_campaigns(engine, log.tz, key, SOURCE_ACTOR, now)
    finally:
        engine.dispose()
    return tally.report(time.monotonic() - began, rows, used)


def _terms(engine: Engine, log: LogSettings, now: datetime) -> UndertakingTerms:
    with reading(engine) as connection:
        places = known_places(connection)
    if not places:
        raise UsageError("undertakings need the grids they lie in, found none. Run `yujing ingest FILE --grids GRIDS` first.")
    return UndertakingTerms(log, places, now)


def _store_of(rows: RowInput, engine: Engine, terms: UndertakingTerms, key: bytes) -> tuple[Store, tuple[str, ...]]:
    """Return what stores the batches of a file with this header, and the columns it reads."""
    if set(EFFORT_COLUMNS) <= set(rows.header):
        return lambda batch: store_effort(engine, batch.cells, terms.places, terms.log.zone), EFFORT_COLUMNS
    layout = next((one for one in LAYOUTS if set(one.needed) <= set(rows.header)), None)
    if layout is None:
        advice = "Rename its columns, or send a list of projects, periods or effort as `yujing simulate` writes it."
        found = f"found {', '.join(rows.header)}"
        raise InputRefusedError(Code.FILE_HEADER, f"a file of undertakings needs the columns {', '.join(FLAT_REQUIRED)}; {found}. {advice}")
    optional = [name for name in layout.optional if name in rows.header]

    def store(batch: RowBatch) -> tuple[RowErrors, int]:
        flat = batch.cells.select(**layout.columns, **_same(*optional))
        faults, undertakings = read_undertakings(flat, keyed_ids(key, flat["undertaking_id"].fill_null("")), terms)
        with writing(engine) as connection:
            return faults, append_from_source(connection, undertakings, SOURCE_ACTOR, terms.now, terms.log.tz)

    return store, (*layout.needed, *optional)
