"""Reading the event log."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl
from sqlalchemy import Connection, Engine, Table, func, select

from features.database.bulk import read_frame
from features.database.engine import reading
from features.database.tables import event, event_transition, feed, grid, grid_mapping, grid_neighbour
from features.errors import NotFoundError
from features.eventlog.covariates import read_covariates
from features.eventlog.feeds import read_feeds
from features.eventlog.parquet_copy import read_copy, records_of
from features.eventlog.sequence import grids_version, last_sequence
from features.eventlog.snapshot import Feed, LogSnapshot
from features.eventlog.undertakings import read_effort, read_versions
from features.schema import Action, Col
from features.storage.home import Home
from features.undertakings.undertaking import no_effort

GRID_SCHEMA = pl.Schema(
    {
        Col.GRID_ID: pl.String(),
        Col.PARENT_PATH: pl.String(),
        Col.LON: pl.Float64(),
        Col.LAT: pl.Float64(),
        Col.HOUSEHOLDS: pl.Int64(),
        Col.AREA_TYPE: pl.String(),
        "valid_from": pl.Date(),
    }
)
NEIGHBOUR_SCHEMA = pl.Schema({"a": pl.String(), "b": pl.String(), "weight": pl.Float64()})
CROSSWALK_SCHEMA = pl.Schema({"old": pl.String(), "new": pl.String(), "share": pl.Float64(), "at": pl.Date()})


@dataclass(frozen=True)
class LogState:
    """Extent of the log."""

    sequence: int
    known_through: dict[str, datetime]
    """By feed: the moment through which it is complete."""


def log_state(engine: Engine) -> LogState:
    """Return how far the log goes, without reading its records."""
    with reading(engine) as connection:
        complete = select(feed.c.name, feed.c.known_through).where(feed.c.known_through.is_not(None))
        return LogState(last_sequence(connection), {row.name: row.known_through for row in connection.execute(complete)})


def count_small_grids(engine: Engine, least_households: int) -> int:
    """Return how many grids of the grid file state fewer households."""
    with reading(engine) as connection:
        small = select(func.count()).select_from(grid).where(grid.c.households < least_households)
        return int(connection.execute(small).scalar_one())


def count_cases(engine: Engine) -> int:
    """Return how many cases the log holds."""
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(event)).scalar_one())


@dataclass(frozen=True)
class EventLog:
    """The event log of a home, of which only what is asked for is read."""

    home: Home
    engine: Engine

    @cached_property
    def state(self) -> LogState:
        """Extent of the log when it was first asked for."""
        return log_state(self.engine)

    @cached_property
    def feeds(self) -> dict[str, Feed]:
        """The feeds that had records then."""
        with reading(self.engine) as connection:
            return read_feeds(connection, self.state.known_through)

    @property
    def grids_version(self) -> int:
        """A number that is another one after every change of the grid tables."""
        with reading(self.engine) as connection:
            return grids_version(connection)

    def last_event(self, through: int) -> str:
        """Return the id of the last case reported up to a sequence number, by which logs are told apart; empty where there is none."""
        newest = select(event.c.event_id).where(event.c.seq <= through).order_by(event.c.seq.desc()).limit(1)
        with reading(self.engine) as connection:
            return connection.execute(newest).scalar() or ""

    def read(self) -> LogSnapshot:
        """Read all of the log."""
        return read_log(self.home, self.engine, self.state.sequence)

    def read_changed(self, since: int, *, effort: bool) -> LogSnapshot:
        """Read the log with only those records whose case has any after sequence number `since`, and without what lies beside grids.

        Visits are read where `effort` asks for them: there is one row for each grid and week that anybody wrote down.
        """
        through = self.state.sequence
        with reading(self.engine) as connection:
            changed = select(event.c.seq).where(event.c.seq.between(since + 1, through))
            moved = select(event_transition.c.event_seq).where(event_transition.c.seq.between(since + 1, through))
            cases = pl.Series(list(connection.execute(changed.union(moved)).scalars()), dtype=pl.Int64)
            records = records_of(connection, cases, through)
            return read_beside(connection, records, self.feeds, through, neighbours=False, effort=effort)


def read_log(home: Home, engine: Engine, through: int | None = None) -> LogSnapshot:
    """Read the log up to and including sequence number `through`, or all of it.

    Raises:
        NotFoundError: the log does not go that far.
    """
    last = log_state(engine).sequence
    if through is not None and not 0 <= through <= last:
        raise NotFoundError(f"the sequence number must be at most {last}, the last of the log, got {through}.")
    records = read_copy(home.segments, engine, last).records
    if through is not None:
        records = records.filter(pl.col(Col.SEQ) <= through)
    with reading(engine) as connection:
        feeds = read_feeds(connection, _known_through(records))
        return read_beside(connection, records, feeds, last if through is None else through)


def read_beside(
    connection: Connection,
    records: pl.DataFrame,
    feeds: dict[str, Feed],
    sequence: int,
    *,
    neighbours: bool = True,
    effort: bool = True,
) -> LogSnapshot:
    """Put beside some records what the database holds of grids, undertakings and covariates up to a sequence number."""
    return LogSnapshot(
        records=records,
        grids=_table(connection, grid, GRID_SCHEMA),
        neighbours=_table(connection, grid_neighbour, NEIGHBOUR_SCHEMA) if neighbours else NEIGHBOUR_SCHEMA.to_frame(),
        crosswalk=_table(connection, grid_mapping, CROSSWALK_SCHEMA),
        feeds=feeds,
        sequence=sequence,
        undertakings=read_versions(connection, sequence),
        effort=read_effort(connection, sequence) if effort else no_effort(),
        covariates=read_covariates(connection, sequence),
    )


def _known_through(records: pl.DataFrame) -> dict[str, datetime]:
    reported = records.filter(pl.col(Col.ACTION) == Action.REPORTED.value)
    return dict(reported.group_by(pl.col(Col.FEED).cast(pl.String())).agg(pl.col(Col.KNOWN_AT).max()).iter_rows())


def _table(connection: Connection, table: Table, schema: pl.Schema) -> pl.DataFrame:
    return read_frame(connection, select(*table.c[tuple(schema)]).order_by(*table.primary_key), schema)
