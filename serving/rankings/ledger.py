"""The ledger of published lists: written once, chained by hashes, never overwritten.

Each entry's hash covers the entry before it and the bodies of its own rows, so a change anywhere breaks every hash after it. A list that
is published again unchanged is the entry that stands; one that came out differently, say after late reports, is a new revision of its date.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, insert, select, text

from features.database.engine import reading, writing
from features.database.tables import ranking, ranking_row
from features.errors import DamagedError, NotFoundError, StoreError
from features.targets import DEFAULT_TARGET
from serving.accounts.permissions import Scope
from serving.accounts.row_security import reading_within
from serving.audit import GENESIS
from serving.rankings.entries import Body, Entry, Origin, PublishedRow, hash_body
from serving.rankings.list_rows import ListRow, check_archive, count_rows, read_rows
from serving.rankings.publishing import shown
from serving.rankings.schemas import Level, place_of_body

NEWEST_FIRST = (ranking.c.as_of.desc(), (ranking.c.target == DEFAULT_TARGET).desc(), ranking.c.id.desc())
"""Of a day that has lists of several targets, that of the target everything else is reported beside comes first."""


Also = Callable[[Connection, Entry], None]
"""Further writes in the transaction that writes a list."""


def publish(engine: Engine, origin: Origin, body: Body, published_at: datetime, also: Also | None = None) -> Entry:
    """Append a list in one transaction, or return the entry that says the same already.

    A list says the same when date, target, horizon, model, seed and every byte of its rows are those of the newest revision; `also`
    happens with a list that is written, and only then.
    """
    body_hash = hash_body(body)
    with writing(engine) as connection:
        _lock(connection)
        standing = _first(connection, *_same_list(origin))
        if standing and (standing.body_hash, *_made_by(standing.origin)) == (body_hash, *_made_by(origin)):
            return standing
        last = _last(connection)
        entry = Entry(
            id=last.id + 1 if last else 1,
            origin=origin,
            revision=standing.revision + 1 if standing else 0,
            published_at=published_at,
            body_hash=body_hash,
            previous_hash=last.hash if last else GENESIS,
        )
        _write(connection, entry, body)
        if also:
            also(connection, entry)
    return entry


def newest(
    engine: Engine, as_of: date | None = None, target: str | None = None, until: datetime | None = None, without: Collection[int] = ()
) -> Entry | None:
    """Return the newest revision of the newest date, or of the date and target asked for, among the lists that are out.

    Where a date has lists of several targets and none is named, that of `escalation` goes before the others.

    A list that says it was published after `until` was made while a clock ran ahead, and is left out, as are those of `without`.
    """
    wanted = [column == value for column, value in ((ranking.c.as_of, as_of), (ranking.c.target, target)) if value is not None]
    wanted += [ranking.c.published_at <= until] if until else []
    wanted += [ranking.c.id.not_in(without)] if without else []
    with reading(engine) as connection:
        return _first(connection, shown(ranking.c.id), *wanted)


def newest_entry(engine: Engine) -> Entry | None:
    """Return the last entry of the chain, whatever date it is of."""
    with reading(engine) as connection:
        return _last(connection)


def entries(engine: Engine) -> list[Entry]:
    """Return all lists that are out, in the order of the chain."""
    with reading(engine) as connection:
        return [entry_of(row) for row in connection.execute(select(ranking).where(shown(ranking.c.id)).order_by(ranking.c.id)).mappings()]


def find(engine: Engine, ranking_id: str) -> Entry:
    """Return a list by its name.

    Raises:
        NotFoundError: no list of that name was published.
    """
    with reading(engine) as connection:
        entry = _first(connection, shown(ranking.c.id), ranking.c.entry_hash.startswith(ranking_id, autoescape=True))
    if entry is None or entry.ranking_id != ranking_id:
        raise NotFoundError("No list of that id was published. Start again from the newest list.")
    return entry


def read_body(engine: Engine, entry: Entry) -> Body:
    """Return all rows of a list, exactly as published; whoever shows them narrows them to a scope.

    Raises:
        DamagedError: they are not what was published.
    """
    with reading(engine) as connection:
        return _read_body(connection, entry)


def read_first(engine: Engine, entry: Entry, level: Level, most: int) -> tuple[list[str], int]:
    """Return the JSON of the first rows of a level, unchecked, and how many rows the level has."""
    with reading(engine) as connection:
        bodies = [row.body for row in read_rows(connection, [entry.id], level, most=most)]
        return bodies, count_rows(connection, entry.id, level)


def read_row(engine: Engine, scope: Scope, entry: Entry, level: Level, place: str) -> str | None:
    """Return the JSON of one row of a list; None where the list has no such place in the scope."""
    with reading_within(engine, scope) as connection:
        row = next(read_rows(connection, [entry.id], level, [place], scope), None)
    return row.body if row and _visible(scope, row.body) else None


def history(engine: Engine, scope: Scope, grid_id: str, target: str, limit: int) -> list[tuple[Entry, str]]:
    """Return the newest revision of each date on which a grid was listed in the scope, with its row, the newest date first."""
    query = select(ranking).where(shown(ranking.c.id), ranking.c.target == target).order_by(*NEWEST_FIRST)
    of_day: dict[date, tuple[Entry, str]] = {}
    with reading_within(engine, scope) as connection:
        for lists in connection.execute(query).mappings().partitions(max(limit, 1)):
            rows = read_rows(connection, [row["id"] for row in lists], "grid", [grid_id], scope)
            bodies = {row.ranking_id: row.body for row in rows if _visible(scope, row.body)}
            for row in lists:
                if row["id"] in bodies:
                    of_day.setdefault(row["as_of"], (entry_of(row), bodies[row["id"]]))
            if len(of_day) >= limit:
                break
    return list(of_day.values())[:limit]


def verify(engine: Engine, heads: Collection[str] = (), newest: int | None = None) -> Entry | None:
    """Check the whole chain and return its last entry.

    `heads` are hashes of entries that were written down elsewhere; without them, a cut tail or a chain hashed anew cannot be told. With
    `newest` only the rows of so many lists are read, which takes the same time however long the ledger is.

    Raises:
        StoreError: an entry or a row was changed, added, moved or removed (DamagedError), or a head is not in the chain.
    """
    with reading(engine) as connection:
        return _verify(connection, heads, newest)


def _verify(connection: Connection, heads: Collection[str], newest: int | None = None) -> Entry | None:
    last = None
    hashes: set[str] = set()
    rows = connection.execute(select(ranking).order_by(ranking.c.id)).mappings().all()
    unread = 0 if newest is None else len(rows) - newest
    for row in rows:
        entry = entry_of(row)
        _hold(entry.id == (last.id + 1 if last else 1), entry, "an entry before it is missing")
        _hold(entry.previous_hash == (last.hash if last else GENESIS), entry, "it does not follow the one before it")
        _hold(entry.hash == row["entry_hash"], entry, "it was changed")
        if len(hashes) >= unread:
            _read_body(connection, entry)
        hashes.add(entry.hash)
        last = entry
    if newest is None:
        check_archive(connection)
    if not hashes.issuperset(heads):
        raise StoreError("the ledger must hold the heads that were written down, and does not. Restore it from the backup.")
    return last


def _visible(scope: Scope, body: str) -> bool:
    return scope.covers(place_of_body(body))


def _lock(connection: Connection) -> None:
    """Let nobody else append; SQLite's writing transaction does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE ranking IN SHARE ROW EXCLUSIVE MODE"))


def _write(connection: Connection, entry: Entry, body: Body) -> None:
    about = {name: value for name, value in vars(entry).items() if name != "origin"}
    connection.execute(insert(ranking), about | vars(entry.origin) | {"entry_hash": entry.hash})
    for level, rows in body.items():
        if rows:
            key = {"ranking_id": entry.id, "level": level}
            stored = (vars(row) | {"path": place_of_body(row.body)} for row in rows)
            connection.execute(insert(ranking_row), [key | {"position": position} | row for position, row in enumerate(stored)])


def _read_body(connection: Connection, entry: Entry) -> Body:
    return check_rows(read_rows(connection, [entry.id]), entry)


def check_rows(rows: Iterable[ListRow], entry: Entry) -> Body:
    """Return the rows of a list by level.

    Raises:
        DamagedError: they are not what was published.
    """
    body: Body = {}
    for row in rows:
        body.setdefault(row.level, []).append(PublishedRow(row.place, row.body))
    _hold(hash_body(body) == entry.body_hash, entry, "its rows were changed")
    return body


def _same_list(origin: Origin) -> list[ColumnElement[bool]]:
    return [ranking.c[name] == getattr(origin, name) for name in ("as_of", "target", "horizon_days")]


def _made_by(origin: Origin) -> tuple[str, int]:
    return origin.model_hash, origin.seed


def _first(connection: Connection, *wanted: ColumnElement[bool]) -> Entry | None:
    row = connection.execute(select(ranking).where(*wanted).order_by(*NEWEST_FIRST).limit(1)).mappings().first()
    return entry_of(row) if row else None


def _last(connection: Connection) -> Entry | None:
    row = connection.execute(select(ranking).order_by(ranking.c.id.desc()).limit(1)).mappings().first()
    return entry_of(row) if row else None


def entry_of(row: RowMapping) -> Entry:
    """Return an entry as it is stored."""
    origin = Origin(**{name: row[name] for name in Origin.__dataclass_fields__})
    return Entry(origin=origin, **{name: row[name] for name in Entry.__dataclass_fields__ if name != "origin"})


def _hold(condition: bool, entry: Entry, fault: str) -> None:
    if not condition:
        raise DamagedError(f"entry {entry.id} of the ledger must be as it was published; {fault}. Restore it from the backup.")
