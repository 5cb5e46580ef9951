"""The register of undertakings: versions are appended under numbers of the log's own sequence, and never overwritten."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import Connection, Select, func, insert, select

from features.database.bulk import among, plain, read_frame
from features.database.tables import effort, grid, grid_mapping, undertaking
from features.days import day_number, midnight
from features.eventlog.sequence import advance_sequence, lock_sequence
from features.schema import Col
from features.undertakings.undertaking import EFFORT_SCHEMA, EVERYWHERE, SEPARATOR, VERSION_SCHEMA, Undertaking

_CONTENT = tuple(field.name for field in fields(Undertaking))
WEEK = timedelta(days=7)

KnownAt = Callable[[Undertaking, int], datetime]
"""Returns when a version, given with its number, became known."""


def append_from_source(connection: Connection, rows: Sequence[Undertaking], actor_id: str, now: datetime, zone: ZoneInfo) -> int:
    """Append undertakings of a source and return how many are new or changed; a version that is stored already changes nothing.

    A new undertaking became known on its public day, a changed one now: what it said before still holds for the days before.
    """
    return _append(connection, rows, actor_id, lambda row, version: now if version > 1 else min(now, _public(row, zone)))


def append_by_hand(connection: Connection, row: Undertaking, actor_id: str, now: datetime) -> None:
    """Append a version that somebody entered, known from this moment on; the newest one once more changes nothing."""
    _append(connection, [row], actor_id, lambda *_: now, by_hand=True)


def current_undertakings(connection: Connection) -> list[Undertaking]:
    """Return the newest version of every undertaking that was not withdrawn, by start."""
    newest = select(undertaking.c.undertaking_id, func.max(undertaking.c.version).label("version")).group_by(undertaking.c.undertaking_id)
    latest = newest.subquery()
    same = (undertaking.c.undertaking_id == latest.c.undertaking_id) & (undertaking.c.version == latest.c.version)
    query = select(*undertaking.c[_CONTENT]).join(latest, same).where(~undertaking.c.withdrawn)
    return [Undertaking(*row) for row in connection.execute(query.order_by(undertaking.c.start_at, undertaking.c.undertaking_id))]


def read_versions(connection: Connection, through: int) -> pl.DataFrame:
    """Return the versions numbered up to `through`, columns of `VERSION_SCHEMA`."""
    columns = plain(undertaking.c[tuple(VERSION_SCHEMA)])
    query: Select[*tuple[object, ...]] = select(*columns).where(undertaking.c.seq <= through)
    return read_frame(connection, query.order_by(undertaking.c.undertaking_id, undertaking.c.version), VERSION_SCHEMA)


def read_effort(connection: Connection, through: int) -> pl.DataFrame:
    """Return visits by grid and week, numbered up to `through`, columns of `EFFORT_SCHEMA`."""
    query: Select[*tuple[object, ...]] = select(*effort.c[tuple(EFFORT_SCHEMA)]).where(effort.c.seq <= through)
    return read_frame(connection, query, EFFORT_SCHEMA)


def paths_above(connection: Connection) -> dict[str, str]:
    """Return the path of the area above each grid."""
    return {row.grid_id: row.parent_path for row in connection.execute(select(grid.c.grid_id, grid.c.parent_path))}


def paths_of(places: Sequence[str], above: Mapping[str, str]) -> tuple[str, ...]:
    """Return places as paths, a grid last in its own.

    >>> paths_of(["g1", "d/t"], {"g1": "d/t/c"})
    ('d/t/c/g1', 'd/t')
    """
    return tuple(f"{above[place]}/{place}".strip("/") if place in above else place for place in places)


def attention_on(connection: Connection, day: date) -> list[tuple[str, float]]:
    """Return the paths in which an undertaking under way moves the share of grids alerted, and by what factor; "" is everything."""
    moving = [one for one in current_undertakings(connection) if one.attention is not None and one.public_at <= day]
    above = paths_above(connection) if moving else {}
    return [
        (path, one.attention)
        for one in moving
        if one.attention is not None and one.start_at <= day and (one.end_at is None or day < one.end_at)
        for path in paths_of(one.place_list, above) or (EVERYWHERE,)
    ]


def known_places(connection: Connection) -> set[str]:
    """Return every place an undertaking can name: grids, those that were redrawn, and the areas above them."""
    rows = connection.execute(select(grid.c.grid_id, grid.c.parent_path)).all()
    old = connection.execute(select(grid_mapping.c.old).distinct()).scalars()
    codes = [path.split("/") for path in {row.parent_path for row in rows} if path]
    areas = {"/".join(parts[:depth]) for parts in codes for depth in range(1, len(parts) + 1)}
    return {row.grid_id for row in rows} | set(old) | areas


def append_effort(connection: Connection, rows: pl.DataFrame) -> pl.Series:
    """Store weeks of effort and return for each row "accepted", "duplicate", or "conflict" where another is stored for that week.

    Args:
        connection: a writing transaction.
        rows: grid_id, week, visits, screening_campaign, active_reporters; each grid and week once.
    """
    keys = ("grid_id", "week")
    amounts = ("visits", "screening_campaign", "active_reporters")
    schema = pl.Schema({name: rows.schema[name] for name in (*keys, *amounts)})
    query = select(*effort.c[tuple(schema)]).where(among(connection, effort.c.grid_id, rows["grid_id"].unique()))
    known = read_frame(connection, query, schema).with_columns(known=pl.lit(value=True))
    both = rows.join(known, on=keys, how="left", suffix="_known", maintain_order="left")
    same = pl.all_horizontal([pl.col(name) == pl.col(f"{name}_known") for name in amounts])
    outcome = pl.when(pl.col("known").is_null()).then(pl.lit("accepted")).when(same).then(pl.lit("duplicate")).otherwise(pl.lit("conflict"))
    outcomes = both.select(outcome=outcome).to_series()
    new = rows.filter(outcomes == "accepted")
    if not new.is_empty():
        seq = lock_sequence(connection) + 1
        connection.execute(insert(effort), new.with_columns(seq=pl.lit(seq)).to_dicts())
        advance_sequence(connection, seq)
    return outcomes


def campaigns_of_effort(connection: Connection) -> list[tuple[date, date, str]]:
    """Return the stretches of screening weeks: first day, first day after them, and their places.

    Grids that screen in the same weeks share one; it covers everything where every grid that was there took part.
    """
    query = select(effort.c.grid_id, effort.c.week).where(effort.c.screening_campaign)
    flagged = read_frame(connection, query, pl.Schema({Col.GRID_ID: pl.String(), "week": pl.Date()})).sort(Col.GRID_ID, "week")
    if flagged.is_empty():
        return []
    begins = (pl.col("week").diff() != WEEK) | (pl.col(Col.GRID_ID) != pl.col(Col.GRID_ID).shift())
    runs = (
        flagged.with_columns(run=begins.fill_null(value=True).cum_sum())
        .group_by("run", Col.GRID_ID)
        .agg(start=pl.col("week").min(), end=pl.col("week").max() + WEEK)
    )
    joined = runs.group_by("start", "end").agg(pl.col(Col.GRID_ID).sort()).sort("start", "end")
    return [
        (start, end, EVERYWHERE if len(members) == _grids_with_effort(connection, start, end) else SEPARATOR.join(members))
        for start, end, members in joined.iter_rows()
    ]


def _grids_with_effort(connection: Connection, start: date, end: date) -> int:
    """Count the grids that were there in the first and in the last of the weeks."""
    in_last = select(effort.c.grid_id).where(effort.c.week == end - WEEK)
    query = select(func.count()).select_from(effort).where(effort.c.week == start, effort.c.grid_id.in_(in_last))
    return int(connection.execute(query).scalar_one())


def _append(connection: Connection, rows: Sequence[Undertaking], actor_id: str, known_at: KnownAt, *, by_hand: bool = False) -> int:
    """Append the rows that are none of the stored versions, or by hand not the newest one; return how many they are."""
    last = lock_sequence(connection)
    stored = _stored(connection, rows)
    new: list[dict[str, object]] = []
    for row in rows:
        versions = stored.setdefault(row.undertaking_id, [])
        if row not in (versions[-1:] if by_hand else versions):
            versions.append(row)
            number = len(versions)
            seq = last + len(new) + 1
            new.append(asdict(row) | {"version": number, "known_at": known_at(row, number), "seq": seq, "actor_id": actor_id})
    if new:
        connection.execute(insert(undertaking), new)
        advance_sequence(connection, last + len(new))
    return len(new)


def _stored(connection: Connection, rows: Sequence[Undertaking]) -> dict[str, list[Undertaking]]:
    """Return the stored versions of these undertakings, the first version first."""
    ids = pl.Series([row.undertaking_id for row in rows], dtype=pl.String).unique()
    query = select(*undertaking.c[_CONTENT]).where(among(connection, undertaking.c.undertaking_id, ids))
    versions: dict[str, list[Undertaking]] = {}
    for row in connection.execute(query.order_by(undertaking.c.undertaking_id, undertaking.c.version)):
        versions.setdefault(row.undertaking_id, []).append(Undertaking(*row))
    return versions


def _public(row: Undertaking, zone: ZoneInfo) -> datetime:
    return midnight(day_number(row.public_at), zone)
