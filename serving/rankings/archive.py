"""Archiving lists: their rows move from the database into sealed Parquet files, one for each month, and stay part of the chain.

A file is written, made durable and read back before any row leaves the database, and the audit trail keeps the act with the file's hash.
What the entry of a list says its rows hash to still holds: `verify` computes it from the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Engine, delete, insert, select

from features.database.engine import reading, writing
from features.database.tables import archived_list, ranking, ranking_row
from features.storage.atomic_files import TEMPORARY_SUFFIX, sync_and_hash, sync_folder
from serving import audit
from serving.rankings.entries import Entry
from serving.rankings.ledger import check_rows, entry_of
from serving.rankings.list_rows import ListRow, archive_folder, read_rows
from serving.rankings.schemas import place_of_body

SCHEMA = pa.schema(
    [
        ("ranking_id", pa.int32()),
        ("level", pa.string()),
        ("position", pa.int32()),
        ("place", pa.string()),
        ("body", pa.string()),
        ("path", pa.string()),
    ]
)
ACTION = "ledger.archive"
KEPT_LISTS = 31
"""Lists of so many newest dates stay in the database, for pages and the rule of alerts read them all the time."""


@dataclass(frozen=True)
class ArchiveFile:
    """A file that lists were moved to."""

    name: str
    sha256: str
    size: int
    """In bytes."""
    lists: int


def archive(engine: Engine, before: date, now: datetime) -> list[ArchiveFile]:
    """Move the rows of all lists of dates before `before` into files, a month after the other.

    Raises:
        StoreError: a list is not as it was published, or the files cannot be written; what is not in a file stays in the database.
    """
    with reading(engine) as connection:
        folder = archive_folder(connection)
        lists = _lists_to_move(connection, before)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    months = groupby(sorted(lists, key=lambda entry: (entry.origin.as_of, entry.id)), lambda entry: f"{entry.origin.as_of:%Y-%m}")
    return [_move(engine, folder, month, list(entries), now) for month, entries in months]


def _lists_to_move(connection: Connection, before: date) -> list[Entry]:
    newest = select(ranking.c.as_of).distinct().order_by(ranking.c.as_of.desc()).limit(KEPT_LISTS)
    before = min([before, *connection.execute(newest).scalars()])
    there = select(ranking).where(ranking.c.as_of < before, ranking.c.id.not_in(select(archived_list.c.ranking_id)))
    return [entry_of(row) for row in connection.execute(there).mappings()]


def _move(engine: Engine, folder: Path, month: str, entries: Sequence[Entry], now: datetime) -> ArchiveFile:
    made = _write_file(engine, folder, month, entries)
    numbers = [entry.id for entry in entries]
    with writing(engine) as connection:
        connection.execute(insert(archived_list), [{"ranking_id": number, "file": made.name, "sha256": made.sha256} for number in numbers])
        for entry in entries:  # read back from the file, for these lists are archived now
            check_rows(read_rows(connection, [entry.id]), entry)
            connection.execute(delete(ranking_row).where(ranking_row.c.ranking_id == entry.id))
        detail = {"lists": numbers, "sha256": made.sha256}
        audit.record(connection, audit.OPERATOR, ACTION, made.name, detail, now)
    return made


def _write_file(engine: Engine, folder: Path, month: str, entries: Sequence[Entry]) -> ArchiveFile:
    """Write one row group per list, so that one is read without the others."""
    fresh = folder / f"{month}{TEMPORARY_SUFFIX}"
    try:
        with reading(engine) as connection, pq.ParquetWriter(fresh, SCHEMA, compression="zstd") as writer:
            for entry in entries:
                rows = list(read_rows(connection, [entry.id]))
                check_rows(rows, entry)
                writer.write_table(pa.Table.from_pylist(list(_columns(rows)), SCHEMA))
        digest, size = sync_and_hash(fresh), fresh.stat().st_size
        path = folder / f"lists-{month}-{digest[:12]}.parquet"
        fresh.chmod(0o400)
        fresh.rename(path)
        sync_folder(folder)
    finally:
        fresh.unlink(missing_ok=True)
    return ArchiveFile(path.name, digest, size, len(entries))


def _columns(rows: Sequence[ListRow]) -> Iterator[dict[str, object]]:
    yield from (row._asdict() | {"path": place_of_body(row.body)} for row in rows)
