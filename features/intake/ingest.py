"""Take a file or a query into the event log: check all of it to see whether it may come in, then store it batch by batch."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from features.database.engine import database_url, open_database
from features.errors import InputRefusedError
from features.eventlog.feeds import FeedSpec, declare_feed
from features.eventlog.first_load import first_load
from features.eventlog.grids import check_ground, registered_grids, store_crosswalk, store_grids
from features.intake.grid_files import GridFile, read_crosswalk_file, read_grid_file
from features.intake.mapping import MappedBatch
from features.intake.no_cases import without_no_cases
from features.intake.personal_data.detector import find_identifier
from features.intake.personal_data.screening import refuse_personal_names
from features.intake.pseudonyms import deployment_key
from features.intake.quarantine import Code
from features.intake.readers.open_input import open_input
from features.intake.report import IngestReport, Unmapped
from features.intake.rules import set_terms
from features.intake.source_file import CASE_COLUMNS, SourceFile, flat_source
from features.intake.spool import Spool
from features.intake.storing_pass import StoringPass
from features.intake.validation_pass import validate
from features.remark import Remark
from features.schema import CASE_REQUIRED, Col
from features.settings import Settings
from features.storage.home import Home

SHOWN_CHARS = 24
"""A longer text is no code of a list."""

Progress = Callable[[int, int], None]
"""Called with (rows stored, rows in all)."""


@dataclass(frozen=True)
class IngestRequest:
    """Input of an ingest: a file, or where there is none the query of its source file; and the files about grids that come with it."""

    path: Path | None
    source: SourceFile | None = None
    """None: the flat case file."""
    grids: Path | None = None
    crosswalk: Path | None = None
    """Grids that were redrawn; it replaces what was known of them."""


def ingest(home: Home, settings: Settings, request: IngestRequest, now: datetime, progress: Progress | None = None) -> IngestReport:
    """Append what a file or query holds to the event log; what is in it already changes nothing.

    Args:
        home: where the key and the list of refused rows are kept.
        settings: zone, closed lists and database.
        request: what to take in.
        now: the moment of intake; nothing can have happened later.
        progress: called after each batch.

    Raises:
        UsageError: the file cannot be read, or the source file does not fit it.
        InputRefusedError: the file is refused as a whole; none of its rows is stored.
        StoreError: the log refused; sending the same again stores what is missing.
    """
    return _take_in(home, settings, request, now, progress, dry=False)


def preview(home: Home, settings: Settings, request: IngestRequest, now: datetime, progress: Progress | None = None) -> IngestReport:
    """Tell what `ingest` would do with a file, and store nothing; a case that stands in two batches of a file counts as accepted twice.

    Raises:
        UsageError, InputRefusedError: as `ingest`.
    """
    return _take_in(home, settings, request, now, progress, dry=True)


def _take_in(
    home: Home, settings: Settings, request: IngestRequest, now: datetime, progress: Progress | None, *, dry: bool
) -> IngestReport:
    began = time.monotonic()
    rows = open_input(request.path, request.source, (CASE_REQUIRED,), CASE_COLUMNS)
    source = request.source or flat_source(rows.header)
    refuse_personal_names(request.path, rows.header, now.date())
    check_columns(rows.header, source)
    rows = without_no_cases(rows, source.required)
    ground = _Ground.read(request, now.date())
    refused = None if dry else home.folder(home.quarantine) / f"{now:%Y%m%dT%H%M%S%f}-{source.name}.csv"
    engine = open_database(database_url(home, settings))
    spool = Spool(None if dry else home.root)
    try:
        key = deployment_key(home, engine)
        remarks = ground.remarks if dry else ground.store(engine, settings.panel.nearest_neighbours)
        grids = ground.registered(engine) if dry else registered_grids(engine)
        redrawn = ground.redrawn
        del ground  # the polygons of a province are as large as all else that a load holds
        surveyed = validate(rows, set_terms(source, settings, grids, now), key, spool)
        if refused is not None:
            refused.unlink(missing_ok=True)
            declare_feed(engine, source.name, _feed_spec(source))
        with nullcontext() if dry else first_load(engine, surveyed.rows) as load:
            storing = StoringPass(engine, surveyed, refused, load)
            for mapped in _one_ahead(spool.read(rows, surveyed.terms, key)):
                storing.store(mapped)
                if progress:
                    progress(storing.read, surveyed.rows)
    finally:
        spool.close()
        engine.dispose()
    return replace(
        _report(storing, now.date()),
        seconds=time.monotonic() - began,
        left_out=tuple(name for name in rows.header if name not in source.needed),
        redrawn=redrawn,
        remarks=(*rows.remarks, *remarks, *surveyed.remarks),
    )


def _feed_spec(source: SourceFile) -> FeedSpec:
    return FeedSpec(
        rules=source.derived, targets=source.targets, categories=source.categories, bursts=source.bursts, shared_with=source.shared_with
    )


@dataclass(frozen=True)
class _Ground:
    """Files about grids that come with a file of cases."""

    grids: GridFile | None
    crosswalk: pl.DataFrame | None

    @classmethod
    def read(cls, request: IngestRequest, today: date) -> "_Ground":
        grids = read_grid_file(request.grids, today) if request.grids else None
        return cls(grids, read_crosswalk_file(request.crosswalk, today) if request.crosswalk else None)

    @property
    def remarks(self) -> list[Remark]:
        return [*self.grids.remarks] if self.grids else []

    @property
    def redrawn(self) -> int:
        return 0 if self.crosswalk is None else self.crosswalk["old"].n_unique()

    def store(self, engine: Engine, nearest_neighbours: int) -> list[Remark]:
        """Store what was read, and return what should be known of it."""
        remarks = [*self.remarks, *store_grids(engine, self.grids.rows, nearest_neighbours)] if self.grids else []
        if self.crosswalk is not None:
            store_crosswalk(engine, self.crosswalk)
        return remarks + (check_ground(engine) if self.grids else [])

    def registered(self, engine: Engine) -> pl.DataFrame | None:
        """Return the grids that would be registered once this is stored."""
        known = registered_grids(engine)
        if self.grids is None:
            return known
        coming = self.grids.rows.select(pl.col(Col.GRID_ID).cast(pl.String), pl.lit(None, pl.Date).alias("at"))
        return coming if known is None else pl.concat([known, coming]).unique(Col.GRID_ID, keep="first", maintain_order=True)


def _one_ahead(batches: Iterator[MappedBatch]) -> Iterator[MappedBatch]:
    """Yield batches; while one is stored, the next is read."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


def _report(storing: StoringPass, today: date) -> IngestReport:
    by_code = Counter[str]()
    for (_, code), rows in storing.by_field.items():
        by_code[code] += rows
    return IngestReport(
        read=storing.read,
        accepted=storing.accepted,
        duplicate=storing.duplicate,
        quarantined=storing.quarantined,
        seconds=0.0,
        by_code=dict(by_code.most_common()),
        normalised=storing.normalised,
        left_out=(),
        redrawn=0,
        refused=storing.refused if storing.quarantined else None,
        by_field=dict(storing.by_field.most_common()),
        emptied={reason: cells for reason, cells in storing.emptied.items() if cells},
        unmapped=tuple(_unmapped(storing.seen, today)),
        corrected=storing.corrected,
        vanished=storing.vanished,
    )


def _unmapped(seen: Counter[tuple[str, Code, str]], today: date) -> Iterator[Unmapped]:
    """Yield what may be shown of the cells that could not be read: nothing that could name a person."""
    for (name, code, text), rows in seen.most_common():
        if code is Code.TIME_FORMAT or (len(text) <= SHOWN_CHARS and find_identifier(text, today) is None):
            yield Unmapped(name, code, text, rows)


def check_columns(header: tuple[str, ...], source: SourceFile) -> None:
    """Return quietly when a file has the columns that its source file names.

    Raises:
        InputRefusedError: some are missing.
    """
    if missing := [name for name in source.needed if name not in header]:
        expected, found = ", ".join(source.needed), ", ".join(header)
        advice = "Choose the --source that describes this file, or write one."
        raise InputRefusedError(Code.FILE_HEADER, f"expected the columns {expected}; found {found}; missing {', '.join(missing)}. {advice}")
