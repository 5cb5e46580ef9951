"""Read a flat case file as an ingest would, into a snapshot of a log that holds its cases alone, without storing anything of it."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import feed
from features.errors import NotFoundError
from features.eventlog.append import ID_CONFLICT, TRANSITION_SCHEMA, Moment, Reconciled, classify_cases
from features.eventlog.cases import CASE_SCHEMA, CORE, EVENT_SCHEMA, prepare_cases
from features.eventlog.feeds import FeedSpec
from features.eventlog.grids import registered_grids
from features.eventlog.read import read_beside
from features.eventlog.sequence import last_sequence
from features.eventlog.snapshot import RECORD_SCHEMA, Feed, LogSnapshot
from features.intake.ingest import check_columns
from features.intake.mapping import MappedBatch
from features.intake.personal_data.screening import refuse_personal_names
from features.intake.quarantine import Code, Refusal
from features.intake.readers.open_input import open_input
from features.intake.rules import set_terms, without_no_cases
from features.intake.source_file import CASE_COLUMNS, SourceFile, flat_source
from features.intake.spool import Spool
from features.intake.validation_pass import validate
from features.schema import CASE_REQUIRED, Action, Col
from features.settings import LogSettings
from features.storage.keys import KEY_BYTES


@dataclass(frozen=True)
class UnstoredCases:
    """Cases of a file that are not to be stored."""

    cases: pl.DataFrame
    """Columns of `CASE_SCHEMA`."""
    paths: pl.DataFrame
    """grid_id, parent_path: what lies above grids that the log does not know."""
    feed: str
    spec: FeedSpec
    moment: Moment


def feed_spec(engine: Engine, name: str | None) -> tuple[str, FeedSpec]:
    """Return name and rules of a feed; without a name of the only one, or of a plain file where there is no single one.

    Raises:
        NotFoundError: there is no such feed.
    """
    complete = select(feed.c.name, feed.c.spec).where(feed.c.known_through.is_not(None)).order_by(feed.c.name)
    with reading(engine) as connection:
        stored = {row.name: row.spec for row in connection.execute(complete)}
    if name is None and len(stored) != 1:
        return "cases", FeedSpec(bursts="join")
    chosen = name or next(iter(stored))
    if chosen not in stored:
        raise NotFoundError(
            f"source must be one of {', '.join(sorted(stored)) or 'none yet'}, found another one. Name one that was ingested."
        )
    return chosen, FeedSpec.model_validate(stored[chosen])


def snapshot_of_cases(engine: Engine, unstored: UnstoredCases) -> tuple[LogSnapshot, Reconciled]:
    """Return the log as it would be if it held these cases alone, and what became of each row.

    Grids, neighbours, redrawn grids, undertakings and covariates are those that the database knows.
    """
    columns = {Col.EVENT_ID: pl.String(), **{name: EVENT_SCHEMA[name] for name in CORE}}
    verdict = classify_cases(
        prepare_cases(unstored.cases), pl.DataFrame(schema={Col.EVENT_SEQ: pl.Int64(), **columns}), _no_transitions(), unstored.moment
    )
    records = _records(verdict, unstored.feed)
    with reading(engine) as connection:
        snapshot = read_beside(connection, records, _feeds(unstored, verdict.events), last_sequence(connection))
    grids = _with_named(snapshot.grids, verdict.events[Col.GRID_ID], unstored.paths)
    return replace(snapshot, grids=grids, sequence=len(records)), verdict


def _feeds(unstored: UnstoredCases, events: pl.DataFrame) -> dict[str, Feed]:
    """Return the feed, complete through its newest case; none without a case."""
    if events.is_empty():
        return {}
    known_through: datetime = events.select(pl.col(Col.KNOWN_AT).max()).item()
    spec = unstored.spec
    return {unstored.feed: Feed(unstored.feed, known_through, spec.rules, spec.targets, spec.categories, spec.bursts)}


def _no_transitions() -> pl.DataFrame:
    return pl.DataFrame(schema={name: dtype for name, dtype in TRANSITION_SCHEMA.items() if name != Col.KNOWN_AT})


def _records(verdict: Reconciled, feed_name: str) -> pl.DataFrame:
    """Return the records, numbered from 1: cases first, then transitions."""
    cases = verdict.events.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(Col.SEQ))
    reported = cases.with_columns(
        pl.col(Col.SEQ).alias(Col.EVENT_SEQ),
        pl.lit(Action.REPORTED.value).alias(Col.ACTION),
        pl.col(Col.REPORTED_AT).alias(Col.AT),
        pl.lit(feed_name).alias(Col.FEED),
    )
    numbers = cases.select(Col.EVENT_ID, pl.col(Col.SEQ).alias(Col.EVENT_SEQ))
    later = verdict.transitions.join(numbers, on=Col.EVENT_ID, maintain_order="left")
    later = later.with_columns((pl.int_range(pl.len(), dtype=pl.Int64) + len(cases) + 1).alias(Col.SEQ))
    known = [name for name in RECORD_SCHEMA if name in reported.columns]
    moved = [name for name in RECORD_SCHEMA if name in later.columns]
    both = pl.concat([reported.select(known), later.select(moved)], how="diagonal")
    return both.select(pl.col(name).cast(dtype) for name, dtype in RECORD_SCHEMA.items())


def _with_named(grids: pl.DataFrame, named: pl.Series, paths: pl.DataFrame) -> pl.DataFrame:
    """Return the grids with those that cases name and nobody registered."""
    new = pl.DataFrame({Col.GRID_ID: named.unique(maintain_order=True)}).join(grids, on=Col.GRID_ID, how="anti", maintain_order="left")
    new = new.join(paths.select(Col.GRID_ID, Col.PARENT_PATH), on=Col.GRID_ID, how="left", maintain_order="left")
    return pl.concat([grids, new.with_columns(pl.col(Col.PARENT_PATH).fill_null(""))], how="diagonal").sort(Col.GRID_ID)


@dataclass(frozen=True)
class UnstoredFile:
    """Snapshot of a file as if it were the whole log."""

    snapshot: LogSnapshot
    read: int
    accepted: int
    refusals: tuple[Refusal, ...]
    """Rows that would not be taken in, by number."""

    @property
    def duplicate(self) -> int:
        """Rows that bring nothing new."""
        return self.read - self.accepted - len(self.refusals)


def read_unstored(path: Path, feed: tuple[str, FeedSpec], engine: Engine, log: LogSettings, now: datetime) -> UnstoredFile:
    """Read a flat case file under the rules of a feed; ids of cases live as long as the answer.

    Raises:
        UsageError: the file cannot be read.
        InputRefusedError: the file is refused as a whole.
    """
    rows = open_input(path, None, (CASE_REQUIRED,), CASE_COLUMNS)
    source = flat_source(rows.header).model_copy(update={"categories": feed[1].categories})
    refuse_personal_names(path, rows.header, now.date())
    check_columns(rows.header, source)
    rows = without_no_cases(rows, source.required)
    key = secrets.token_bytes(KEY_BYTES)
    with closing(Spool(None)) as spool:
        surveyed = validate(rows, set_terms(source, log, registered_grids(engine), now), key, spool)
        mapped = list(spool.read(rows, surveyed.terms, key))
    cases = pl.concat([pl.DataFrame(schema=CASE_SCHEMA), *(_typed(part.cases) for part in mapped)])
    unstored = UnstoredCases(cases, surveyed.paths, *feed, Moment(now, surveyed.terms.zone))
    snapshot, verdict = snapshot_of_cases(engine, unstored)
    conflicts = [refusal for part in mapped for refusal in _conflicts_of(part, verdict, source)]
    refusals = sorted([*(refusal for part in mapped for refusal in part.refusals), *conflicts], key=lambda one: one.row_number)
    return UnstoredFile(snapshot, sum(part.read for part in mapped), verdict.accepted, tuple(refusals))


def _conflicts_of(part: MappedBatch, verdict: Reconciled, source: SourceFile) -> Iterator[Refusal]:
    numbers = verdict.conflicts[Col.ROW_NUMBER].filter(verdict.conflicts[Col.ROW_NUMBER].is_in(part.cases[Col.ROW_NUMBER].implode()))
    for number, row_hash in zip(numbers, part.hash_rows(numbers), strict=True):
        yield Refusal(number, source.field(Col.EVENT_ID), Code[ID_CONFLICT], row_hash)


def _typed(cases: pl.DataFrame) -> pl.DataFrame:
    return cases.select(pl.col(name).cast(dtype) for name, dtype in CASE_SCHEMA.items())
