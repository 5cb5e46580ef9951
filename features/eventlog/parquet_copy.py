"""The columnar copy of the event log: Parquet files by sequence number, never trusted and rebuilt at any time.

Every file holds one fixed range of numbers, the last one as far as the log goes. It is used only if SQL has its row and its bytes
have the hash of that row; a file that is missing, damaged, swapped, stale or of another layout is written anew from SQL.
Where nothing can be written, what the copy lacks is read from SQL each time.
"""

import logging
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, literal, select

from features.database.bulk import among, plain, read_frame
from features.database.engine import reading, writing
from features.database.tables import batch, event, event_transition, segment
from features.eventlog.snapshot import RECORD_SCHEMA
from features.schema import Action, Col
from features.storage.atomic_files import LOCK, atomic_write, is_read_only, locked

LOG = logging.getLogger(__name__)

SEGMENT_RECORDS = 250_000
"""Sequence numbers per file: what is written again when the log grows, and held in memory while it is."""


@dataclass(frozen=True)
class Span:
    """Sequence numbers from first to last, both included."""

    first: int
    last: int

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"seq-{self.first}-{self.last}.parquet"


@dataclass(frozen=True)
class Copy:
    """Frames read from the columnar copy."""

    records: pl.DataFrame
    """Columns of `RECORD_SCHEMA`, ordered by seq."""
    rebuilt: tuple[str, ...]
    """Files that had to be written."""
    removed: tuple[str, ...]
    """Files that did not belong there."""


def read_copy(folder: Path, engine: Engine, last: int, size: int = SEGMENT_RECORDS) -> Copy:
    """Read records 1 to `last`, the last number of the log, from the copy; mend it on the way, where it can be written."""
    spans = [Span(first, min(first + size - 1, last)) for first in range(1, last + 1, size)]
    if is_read_only(folder.parent):
        return Copy(_read_without_copy(folder, engine, spans), (), ())
    try:
        with locked(folder):
            removed = _remove_strays(folder, {span.name for span in spans})
            frames, rebuilt = _read_spans(folder, engine, spans)
    except OSError as error:
        advice = "what it lacks is read from the database, which takes longer. Free the disk or mend its rights."
        LOG.warning("%s must be open to writing, found: %s; %s", folder, error.strerror, advice)
        return Copy(_read_without_copy(folder, engine, spans), (), ())
    return Copy(pl.concat([pl.DataFrame(schema=RECORD_SCHEMA), *frames]), rebuilt, removed)


def _read_without_copy(folder: Path, engine: Engine, spans: list[Span]) -> pl.DataFrame:
    """Read what the copy holds, and from SQL what cannot be added to it."""
    hashes = _hashes(engine)
    frames = [pl.DataFrame(schema=RECORD_SCHEMA)]
    for span in spans:
        frame = _load(folder / span.name, hashes.get(span.name))
        if frame is None:
            with reading(engine) as connection:
                frame = _select_span(connection, span)
        frames.append(frame)
    return pl.concat(frames)


def _remove_strays(folder: Path, names: set[str]) -> tuple[str, ...]:
    strays = [path for path in sorted(folder.iterdir()) if path.name not in {LOCK, *names}]
    for path in strays:
        path.unlink()
    return tuple(path.name for path in strays)


def _read_spans(folder: Path, engine: Engine, spans: list[Span]) -> tuple[list[pl.DataFrame], tuple[str, ...]]:
    hashes = _hashes(engine)
    frames, rebuilt = [], []
    for span in spans:
        frame = _load(folder / span.name, hashes.get(span.name))
        if frame is None:
            frame = _rebuild(folder, engine, span)
            rebuilt.append(span.name)
        frames.append(frame)
    return frames, tuple(rebuilt)


def _hashes(engine: Engine) -> dict[str, str]:
    """Return file name -> SHA-256 of the files that SQL knows."""
    with reading(engine) as connection:
        rows = connection.execute(select(segment.c.first, segment.c.last, segment.c.sha256))
        return {Span(first, last).name: digest for first, last, digest in rows}


def _load(path: Path, digest: str | None) -> pl.DataFrame | None:
    """Return a segment whose bytes are those that were written, in today's layout; else None."""
    if digest is None:
        return None
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if sha256(content).hexdigest() != digest:
        return None
    frame = pl.read_parquet(BytesIO(content))
    return frame if frame.schema == RECORD_SCHEMA else None


def _rebuild(folder: Path, engine: Engine, span: Span) -> pl.DataFrame:
    with reading(engine) as connection:
        frame = _select_span(connection, span)
    buffer = BytesIO()
    frame.write_parquet(buffer)
    content = buffer.getvalue()
    atomic_write(folder / span.name, content)
    with writing(engine) as connection:
        connection.execute(delete(segment).where(segment.c.first == span.first))
        row = {"first": span.first, "last": span.last, "records": len(frame), "sha256": sha256(content).hexdigest()}
        connection.execute(insert(segment).values(row))
    return frame


def records_of(connection: Connection, cases: pl.Series, through: int) -> pl.DataFrame:
    """Read the records of some cases up to a sequence number from SQL, ordered by seq."""
    moves = event_transition.c
    return _select_records(
        connection, among(connection, event.c.seq, cases), among(connection, moves.event_seq, cases) & (moves.seq <= through)
    )


def _select_span(connection: Connection, span: Span) -> pl.DataFrame:
    return _select_records(connection, event.c.seq.between(span.first, span.last), event_transition.c.seq.between(span.first, span.last))


def _select_records(connection: Connection, reports: ColumnElement[bool], transitions: ColumnElement[bool]) -> pl.DataFrame:
    """Read records from SQL, ordered by seq."""
    reported = {Col.EVENT_SEQ: event.c.seq, Col.ACTION: literal(Action.REPORTED.value), Col.AT: event.c.reported_at, Col.FEED: batch.c.feed}
    columns = [reported[name] if name in reported else event.c[name] for name in RECORD_SCHEMA]
    events = select(*plain(columns)).join(batch, batch.c.id == event.c.batch_id).where(reports)
    moves = pl.Schema({name: dtype for name, dtype in RECORD_SCHEMA.items() if name in event_transition.c})
    later = select(*plain(event_transition.c[tuple(moves)])).where(transitions)
    frames = [read_frame(connection, events, RECORD_SCHEMA), read_frame(connection, later, moves)]
    return pl.concat(frames, how="diagonal").sort(Col.SEQ)
