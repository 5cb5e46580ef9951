"""Take a file or a query into the event log: check all of it to see whether it may come in, then store it batch by batch.

Each batch is stored under its key in one transaction, or only compared with the log.
"""

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
from features.display import Remark
from features.errors import InputRefusedError
from features.eventlog.append import Batch, Moment, append_batch, compare_batch
from features.eventlog.feeds import FeedSpec, declare_feed
from features.eventlog.first_load import FirstLoad, first_load
from features.eventlog.grids import check_ground, discover_grids, registered_grids, store_crosswalk, store_grids
from features.intake.grid_files import GridFile, read_crosswalk_file, read_grid_file
from features.intake.mapping import MappedBatch
from features.intake.personal_data.screening import find_identifier, refuse_personal_names
from features.intake.pseudonyms import deployment_key
from features.intake.quarantine import Code, Reason, Refusal, write_report
from features.intake.readers.open_input import open_input
from features.intake.report import IngestReport, Unmapped
from features.intake.rules import set_terms, without_no_cases
from features.intake.source_file import CASE_COLUMNS, SourceFile, flat_source
from features.intake.spool import MOST_SEEN, Spool
from features.intake.validation_pass import ValidationPass, validate
from features.memory import return_freed_memory
from features.schema import CASE_REQUIRED, Col
from features.settings import LogSettings, PanelSettings
from features.storage.home import Home

SHOWN_CHARS = 24
"""A longer text is no code of a list."""

Progress = Callable[[int, int], None]
"""Called with (rows stored, rows in all)."""


class StoringPass:
    """Stores the batches of one file, one after the other, and counts what became of their rows."""

    def __init__(self, engine: Engine, surveyed: ValidationPass, refused: Path | None, load: FirstLoad | None = None) -> None:
        """Begin with the paths above the grids, used where no grid table is registered, and the place of the list of refused rows.

        Without such a place nothing is stored: batches are compared with the log only.
        """
        self._engine, self._terms, self._paths, self.refused = engine, surveyed.terms, surveyed.paths, refused
        self._load = load
        self._known_grids: set[str] = set()
        self.read = self.accepted = self.duplicate = self.quarantined = self.normalised = 0
        self.corrected = self.vanished = 0
        self.by_field: Counter[Reason] = Counter()
        self.emptied: Counter[Reason] = Counter()
        self.seen: Counter[tuple[str, Code, str]] = Counter()

    def store(self, mapped: MappedBatch) -> None:
        """Store one batch and list its refused rows."""
        if self._terms.grids is None and self.refused:
            self._discover(mapped.cases[Col.GRID_ID])
        feed = self._terms.source.name
        quarantined = [(one.row_number, one.field, one.code.value, one.row_hash) for one in mapped.refusals]
        moment = Moment(self._terms.now, self._terms.zone)
        batch = Batch(
            mapped.key,
            feed,
            mapped.cases,
            quarantined,
            mapped.read,
            moment,
            lambda rows: mapped.hash_rows(rows[Col.ROW_NUMBER]),
        )
        counts = append_batch(self._engine, batch, self._load) if self.refused else compare_batch(self._engine, batch)
        conflicts = [Refusal(number, self._terms.source.field(field), Code[code], row) for number, field, code, row in counts.conflicts]
        refusals = sorted([*mapped.refusals, *conflicts], key=lambda one: one.row_number)
        if refusals and self.refused:
            write_report(self.refused, [replace(one, place=mapped.places.get(one.row_number, "")) for one in refusals])
        self.read += counts.read
        self.accepted += counts.accepted
        self.duplicate += counts.duplicate
        self.quarantined += counts.quarantined
        self.normalised += mapped.normalised
        self.corrected += counts.corrected
        self.vanished += counts.vanished
        self.by_field.update((one.field, one.code) for one in refusals)
        self.emptied.update(mapped.emptied)
        self._look(mapped.seen)

    def _look(self, seen: Counter[tuple[str, Code, str]]) -> None:
        """Keep what cells held that no list knows, the first `MOST_SEEN` different texts of it."""
        room = MOST_SEEN - len(self.seen)
        fresh = [key for key in seen if key not in self.seen][: max(room, 0)]
        self.seen.update({key: rows for key, rows in seen.items() if key in self.seen or key in fresh})

    def _discover(self, grids: pl.Series) -> None:
        """Let the grids be there before their events: new ones only, and only those of rows that are stored."""
        found = pl.DataFrame({Col.GRID_ID: grids.unique(maintain_order=True)}).filter(~pl.col(Col.GRID_ID).is_in(self._known_grids))
        if not found.is_empty():
            discover_grids(self._engine, found.join(self._paths, on=Col.GRID_ID, how="left", maintain_order="left"))
            self._known_grids.update(found[Col.GRID_ID])


@dataclass(frozen=True)
class IngestRequest:
    """Input of an ingest: a file, or where there is none the query of its source file; and the files about grids that come with it."""

    path: Path | None
    source: SourceFile | None = None
    """None: the flat case file."""
    grids: Path | None = None
    crosswalk: Path | None = None
    """Grids that were redrawn; it replaces what was known of them."""
    nearest_neighbours: int = PanelSettings().nearest_neighbours
    """Neighbours per grid taken from centroids where `grids` has no borders."""


def ingest(home: Home, log: LogSettings, request: IngestRequest, now: datetime, progress: Progress | None = None) -> IngestReport:
    """Append what a file or query holds to the event log; what is in it already changes nothing.

    Args:
        home: where the key and the list of refused rows are kept.
        log: zone, closed lists and database.
        request: what to take in.
        now: the moment of intake; nothing can have happened later.
        progress: called after each batch.

    Raises:
        UsageError: the file cannot be read, or the source file does not fit it.
        InputRefusedError: the file is refused as a whole; none of its rows is stored.
        StoreError: the log refused; sending the same again stores what is missing.
    """
    return _take_in(home, log, request, now, progress, dry=False)


def preview(home: Home, log: LogSettings, request: IngestRequest, now: datetime, progress: Progress | None = None) -> IngestReport:
    """Tell what `ingest` would do with a file, and store nothing; a case that stands in two batches of a file counts as accepted twice.

    Raises:
        UsageError, InputRefusedError: as `ingest`.
    """
    return _take_in(home, log, request, now, progress, dry=True)


def _take_in(home: Home, log: LogSettings, request: IngestRequest, now: datetime, progress: Progress | None, *, dry: bool) -> IngestReport:
    began = time.monotonic()
    rows = open_input(request.path, request.source, (CASE_REQUIRED,), CASE_COLUMNS)
    source = request.source or flat_source(rows.header)
    refuse_personal_names(request.path, rows.header, now.date())
    check_columns(rows.header, source)
    rows = without_no_cases(rows, source.required)
    ground = _Ground.read(request, now.date())
    refused = None if dry else home.folder(home.quarantine) / f"{now:%Y%m%dT%H%M%S%f}-{source.name}.csv"
    engine = open_database(database_url(home, log))
    spool = Spool(None if dry else home.root)
    try:
        key = deployment_key(home, engine)
        remarks = ground.remarks if dry else ground.store(engine, request.nearest_neighbours)
        grids = ground.registered(engine) if dry else registered_grids(engine)
        redrawn = ground.redrawn
        del ground  # the polygons of a province are as large as all else that a load holds
        engine.dispose()  # as are the pages that its connections keep
        return_freed_memory()
        surveyed = validate(rows, set_terms(source, log, grids, now), key, spool)
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
        remarks = [*self.remarks, *store_grids(engine, self.grids.rows, nearest_neighbours, self.grids.area_names)] if self.grids else []
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
