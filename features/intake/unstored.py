"""Reading a flat case file as an ingest would, without storing anything of it."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from features.eventlog.append import ID_CONFLICT, Moment, Reconciled
from features.eventlog.cases import CASE_SCHEMA
from features.eventlog.feeds import FeedSpec
from features.eventlog.grids import registered_grids
from features.eventlog.snapshot import LogSnapshot
from features.eventlog.unstored import UnstoredCases, snapshot_of_cases
from features.intake.ingest import check_columns
from features.intake.mapping import MappedBatch
from features.intake.no_cases import without_no_cases
from features.intake.personal_data.screening import refuse_personal_names
from features.intake.quarantine import Code, Refusal
from features.intake.readers.open_input import open_input
from features.intake.rules import set_terms
from features.intake.source_file import CASE_COLUMNS, SourceFile, flat_source
from features.intake.spool import Spool
from features.intake.validation_pass import validate
from features.schema import CASE_REQUIRED, Col
from features.settings import Settings
from features.storage.keys import KEY_BYTES


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


def read_unstored(path: Path, feed: tuple[str, FeedSpec], engine: Engine, settings: Settings, now: datetime) -> UnstoredFile:
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
        surveyed = validate(rows, set_terms(source, settings, registered_grids(engine), now), key, spool)
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
