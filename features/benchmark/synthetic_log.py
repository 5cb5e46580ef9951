"""A made-up event log of any size: seeded, written as Parquet, read back as the event log is."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from features.eventlog.snapshot import RECORD_SCHEMA, Feed, LogSnapshot
from features.schema import DISPUTE_CATEGORIES, REPORT_SOURCES, Action, Col, EventType

FEED = "benchmark"
FIRST = datetime(2023, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=3 * 365)
BATCH_CASES = 500_000
"""Cases written at once: their reports, then their transitions, as an ingest stores them."""

KINDS = (
    *((EventType.DISPUTE, category, 0.15 / 8) for category in DISPUTE_CATEGORIES[:8]),
    *((EventType.POLICE_CALL, category, 0.10 / 4) for category in DISPUTE_CATEGORIES[:4]),
    (EventType.SERVICE_REQUEST, "other", 0.75),
)
"""Event type, category and share of the cases."""

SOURCES = REPORT_SOURCES[:4]
ESCALATED_DISPUTES = 0.1
DAYS_OPEN = (2.0, 1.0)
"""Mean and deviation of the logarithm of the days to closing: 7 days at the median."""

GRID_SPREAD = 0.8
"""Deviation of the logarithm of the grids' sizes."""

COMMUNITY_GRIDS, TOWNSHIP_GRIDS = 5, 80


@dataclass(frozen=True)
class Size:
    """Size of a log, and the number of weekly as_ofs it is looked at from."""

    grids: int
    cases: int
    as_ofs: int


SIZES = {"small": Size(2_000, 200_000, 26), "zhejiang": Size(109_000, 11_300_000, 104)}
"""A district, and a province of 109,000 grids with three years of records."""


def write_log(size: Size, folder: Path, rng: np.random.Generator) -> None:
    """Write a log of `size.cases` cases reported over `SPAN`, in the order of their reports; those that outlast it stay open."""
    share = rng.lognormal(0, GRID_SPREAD, size.grids)
    grid_ids = pl.Series(_grid_ids(size.grids), dtype=pl.Categorical())
    sequence = 0
    for number, first in enumerate(range(0, size.cases, BATCH_CASES)):
        end = min(first + BATCH_CASES, size.cases)
        start, stop = (_microseconds(SPAN) * case // size.cases for case in (first, end))
        reported_at = np.sort(rng.integers(start, stop, end - first))
        grids = grid_ids.gather(rng.choice(size.grids, end - first, p=share / share.sum()))
        records = _records(grids, reported_at, sequence, rng)
        records.write_parquet(folder / f"records-{number:04}.parquet")
        sequence += len(records)


def open_log(size: Size, folder: Path) -> LogSnapshot:
    """Read a written log: communities of 5 grids, townships of 80, each grid beside the next."""
    records = pl.read_parquet(folder / "records-*.parquet")
    grid_ids = _grid_ids(size.grids)
    number = pl.int_range(size.grids)
    path = pl.format("99/{}/{}", number // TOWNSHIP_GRIDS, number // COMMUNITY_GRIDS)
    grids = pl.DataFrame({Col.GRID_ID: grid_ids}).with_columns(
        path.alias(Col.PARENT_PATH),
        pl.lit("").alias(Col.AREA_TYPE),
        lon=120.0 + number / size.grids,
        lat=30.0 + number / size.grids,
        households=pl.lit(None, pl.Int64),
        valid_from=pl.lit(None, pl.Date()),
    )
    this, following = grid_ids[:-1], grid_ids[1:]
    return LogSnapshot(
        records=records,
        grids=grids,
        neighbours=pl.DataFrame({"a": this + following, "b": following + this}).with_columns(weight=1.0),
        crosswalk=pl.DataFrame(schema={"old": pl.String(), "new": pl.String(), "share": pl.Float64(), "at": pl.Date()}),
        feeds={FEED: Feed(FEED, FIRST + SPAN)},
        sequence=len(records),
    )


def one_day(size: Size, rng: np.random.Generator) -> pl.DataFrame:
    """Return as many cases as are reported on one day, as a flat case file of the day after the log ends."""
    count = max(1, size.cases * timedelta(days=1) // SPAN)
    reported = _times(_microseconds(SPAN) + np.sort(rng.integers(0, _microseconds(timedelta(days=1)), count)))
    kinds = rng.choice(len(KINDS), count, p=[share for *_, share in KINDS])
    return pl.DataFrame(
        {
            Col.EVENT_ID: pl.select(pl.format("day-{}", pl.int_range(count))).to_series(),
            Col.GRID_ID: pl.Series(_grid_ids(size.grids))[rng.integers(0, size.grids, count)],
            **pl.DataFrame([kind[:2] for kind in KINDS], schema=[Col.EVENT_TYPE, Col.CATEGORY], orient="row")[kinds].to_dict(),
            Col.OCCURRED_AT: reported,
            Col.REPORTED_AT: reported,
        }
    )


def _grid_ids(grids: int) -> list[str]:
    return [f"g{number:06}" for number in range(grids)]


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _records(grids: pl.Series, reported_at: npt.NDArray[np.int64], sequence: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return the reports of some cases and their transitions, numbered from `sequence` + 1; times in microseconds since `FIRST`."""
    count = len(grids)
    kind = rng.choice(len(KINDS), count, p=[share for *_, share in KINDS])
    cases = np.arange(sequence + 1, sequence + count + 1)
    words = pl.DataFrame([kind[:2] for kind in KINDS], schema=[Col.EVENT_TYPE, Col.CATEGORY], orient="row")[kind]
    source = pl.Series(SOURCES, dtype=pl.Categorical()).gather(rng.integers(0, len(SOURCES), count))
    attributes = {Col.GRID_ID: grids, Col.SOURCE: source, Col.OCCURRED_AT: _times(reported_at)}
    reports = _moves(Action.REPORTED, cases, reported_at).with_columns(**words.to_dict(), **attributes)
    days_open = rng.lognormal(*DAYS_OPEN, count) * _microseconds(timedelta(days=1))
    resolved_at = (reported_at + days_open).astype(np.int64)
    escalated_at = (reported_at + days_open / 2).astype(np.int64)
    escalated = (words[Col.EVENT_TYPE] == EventType.DISPUTE).to_numpy() & (rng.random(count) < ESCALATED_DISPUTES)
    moves = (_moves(Action.ESCALATED, cases[escalated], escalated_at[escalated]), _moves(Action.RESOLVED, cases, resolved_at))
    later = pl.concat(moves).filter(pl.col(Col.AT) < FIRST + SPAN)
    records = pl.concat([reports, later], how="diagonal").with_columns(pl.int_range(1, pl.len() + 1).alias(Col.SEQ) + sequence)
    missing = [pl.lit(None).alias(name) for name in RECORD_SCHEMA if name not in records.columns]
    return records.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in RECORD_SCHEMA.items())


def _moves(action: Action, case: npt.NDArray[np.int64], at: npt.NDArray[np.int64]) -> pl.DataFrame:
    times = _times(at)
    return pl.DataFrame({Col.EVENT_SEQ: case, Col.AT: times, Col.KNOWN_AT: times}).with_columns(
        pl.lit(action.value).alias(Col.ACTION), pl.lit(FEED).alias(Col.FEED)
    )


def _times(microseconds: npt.NDArray[np.int64]) -> pl.Series:
    first = _microseconds(FIRST - datetime(1970, 1, 1, tzinfo=UTC))
    return pl.Series(microseconds + first).cast(pl.Datetime("us", "UTC"))
