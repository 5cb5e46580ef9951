"""Rows of published lists, wherever they are kept: in the database, or in the sealed Parquet file that an archive moved them to."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, Connection, false, func, or_, select

from features.database.tables import archived_list, ranking_row
from features.errors import DamagedError, StoreError
from features.storage.atomic_files import sync_and_hash
from serving.accounts.permissions import EVERYTHING, Scope
from serving.rankings.schemas import Level


class ListRow(NamedTuple):
    """One row of a list."""

    ranking_id: int
    level: Level
    position: int
    place: str
    body: str


def read_rows(
    connection: Connection,
    numbers: Collection[int],
    level: Level | None = None,
    places: Sequence[str] | None = None,
    scope: Scope = EVERYTHING,
    most: int | None = None,
) -> Iterator[ListRow]:
    """Yield rows of lists by their numbers in the chain, those of one list in published order; all levels and places without a choice.

    With `most` only so many of each list and level, the first ones. Only rows within the scope are read, and rows of before, which have no
    path; whoever shows them narrows those.

    Raises:
        DamagedError: the file of an archived list is not there or cannot be read.
    """
    moved = select(archived_list).where(archived_list.c.ranking_id.in_(numbers))
    files = {row.ranking_id: row.file for row in connection.execute(moved)}
    yield from _stored_rows(connection, set(numbers) - files.keys(), level, places, scope, most)
    for name in sorted(set(files.values())):
        there = [number for number in files if files[number] == name]
        yield from _archived_rows(archive_folder(connection) / name, there, level, places, scope, most)


def count_rows(connection: Connection, number: int, level: Level) -> int:
    """Return how many rows of a level a list has."""
    stored = select(func.count()).select_from(ranking_row).where(ranking_row.c.ranking_id == number, ranking_row.c.level == level)
    return connection.execute(stored).scalar_one() or sum(1 for _ in read_rows(connection, [number], level))


def archive_folder(connection: Connection) -> Path:
    """Return where archived lists of this database are.

    Raises:
        StoreError: the database was opened without its home.
    """
    folder = connection.get_execution_options().get("archive")
    if folder is None:
        raise StoreError("rows of archived lists must be read with the home they belong to. Name it by --home.")
    return Path(folder)


def check_archive(connection: Connection) -> None:
    """Check that every file of the archive is what was sealed.

    Raises:
        StoreError: one is missing or was changed.
    """
    files = connection.execute(select(archived_list.c.file, archived_list.c.sha256).distinct()).all()
    for name, sealed in files:
        path = archive_folder(connection) / name
        if not path.exists() or sync_and_hash(path) != sealed:
            raise StoreError(f"{path} must be the file that lists were archived in, and is not. Restore it from the backup.")


def _stored_rows(
    connection: Connection, numbers: Collection[int], level: Level | None, places: Sequence[str] | None, scope: Scope, most: int | None
) -> Iterator[ListRow]:
    columns = [ranking_row.c[name] for name in ListRow._fields]
    query = select(*columns).where(ranking_row.c.ranking_id.in_(numbers)).order_by(*columns[:3])
    if level is not None:
        query = query.where(ranking_row.c.level == level)
    if places is not None:
        query = query.where(ranking_row.c.place.in_(places))
    if most is not None:
        query = query.where(ranking_row.c.position < most)
    if scope != EVERYTHING:
        query = query.where(_within(scope))
    yield from (ListRow(*row) for row in connection.execute(query))


def _within(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL what `Scope.covers` says of a path, for scopes narrower than everything; rows of before have none."""
    path = ranking_row.c.path
    covered = false() if scope.department else or_(path == scope.path, path.startswith(f"{scope.path}/", autoescape=True))
    return or_(path.is_(None), covered)


def _archived_rows(
    path: Path, numbers: Sequence[int], level: Level | None, places: Sequence[str] | None, scope: Scope, most: int | None
) -> Iterator[ListRow]:
    chosen: list[tuple[str, str, Any]] = [("ranking_id", "in", numbers)]
    if level is not None:
        chosen.append(("level", "=", level))
    if places is not None:
        chosen.append(("place", "in", places))
    if most is not None:
        chosen.append(("position", "<", most))
    try:
        table = pq.read_table(path, filters=chosen, use_threads=False, memory_map=True)
    except (OSError, ValueError) as error:
        raise DamagedError(
            f"{path} must hold the archived lists that were moved there, and cannot be read. Restore it from the backup."
        ) from error
    for row in table.to_pylist():
        if scope.covers(row.pop("path")):
            yield ListRow(**row)
