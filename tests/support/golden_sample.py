"""A small case file and grid file, made up from a seed: quicker to learn from than a simulated district.

Disputes come in streaks (each raises the chance of the next), stay open for days to months, and are the likelier to be handed up or to
come back the more of them are open in their grid. So there is something to learn, and no more than that: it is no picture of any district.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl

from features.schema import DISPUTE_CATEGORIES, Col, EventType

DISTRICT = "990101"
"""No such place."""
GRIDS_PER_COMMUNITY = 5
COMMUNITIES_PER_TOWNSHIP = 4
SOURCES = ("grid_worker", "resident", "hotline")
LEGAL_TERM = timedelta(days=30)
STREAK = 0.35
"""Further disputes that one brings on, spread over `STREAK_DAYS`."""
STREAK_DAYS = 14.0
ESCALATION_ODDS = 0.04
"""Chance that a dispute is handed up, for each dispute open in its grid at that time."""


@dataclass(frozen=True)
class Sample:
    """A flat grid file and a flat case file."""

    grids: pl.DataFrame
    cases: pl.DataFrame


def make_sample(last: date, days: int, grids: int, rng: np.random.Generator) -> Sample:
    """Make up the disputes of `days` days, the last of them `last`; the same generator state gives the same files."""
    places = _places(grids, rng)
    first = datetime.combine(last - timedelta(days=days - 1), time())
    rows = [row for grid_id in places[Col.GRID_ID] for row in _disputes(grid_id, first, days, rng)]
    cases = pl.DataFrame(rows).sort(Col.REPORTED_AT, Col.GRID_ID)
    numbered = cases.select(pl.format("D{}", pl.int_range(pl.len()).cast(pl.String).str.zfill(6)).alias(Col.EVENT_ID), pl.all())
    end = datetime.combine(last + timedelta(days=1), time())
    later = [pl.when(pl.col(name) < end).then(name).alias(name) for name in (Col.ESCALATED_AT, Col.RESOLVED_AT)]
    return Sample(places, numbered.filter(pl.col(Col.REPORTED_AT) < end).with_columns(later))


def _places(count: int, rng: np.random.Generator) -> pl.DataFrame:
    position = np.arange(count)
    community = position // GRIDS_PER_COMMUNITY
    township = community // COMMUNITIES_PER_TOWNSHIP
    paths = [f"{DISTRICT}/{DISTRICT}{t + 1:03}/{DISTRICT}{t + 1:03}{c + 1:03}" for t, c in zip(township, community, strict=True)]
    return pl.DataFrame(
        {
            Col.GRID_ID: [f"{path.rsplit('/', 1)[1]}{number + 1:03}" for path, number in zip(paths, position, strict=True)],
            Col.NAME: [f"第{number + 1}网格" for number in position],
            Col.PARENT_PATH: paths,
            Col.LON: 100 + 0.01 * (position % 8) + rng.uniform(0, 0.002, count),
            Col.LAT: 30 + 0.01 * (position // 8) + rng.uniform(0, 0.002, count),
        }
    )


def _disputes(grid_id: str, first: datetime, days: int, rng: np.random.Generator) -> list[dict[str, object]]:
    """Make up one grid's disputes in the order they were reported."""
    open_until: list[datetime] = []
    rows = []
    for moment in _moments(days, rng):
        reported = first + timedelta(days=moment)
        backlog = sum(end > reported for end in open_until)
        resolved = reported + timedelta(days=float(rng.lognormal(2.2, 1.0)))
        escalates = rng.random() < ESCALATION_ODDS * (1 + backlog)
        open_until.append(resolved)
        rows.append(
            {
                Col.GRID_ID: grid_id,
                Col.EVENT_TYPE: EventType.DISPUTE.value,
                Col.CATEGORY: str(rng.choice(DISPUTE_CATEGORIES)),
                Col.OCCURRED_AT: reported - timedelta(hours=float(rng.exponential(12))),
                Col.REPORTED_AT: reported,
                Col.DEADLINE_AT: reported + LEGAL_TERM,
                Col.ESCALATED_AT: reported + (resolved - reported) * float(rng.uniform(0.2, 0.9)) if escalates else None,
                Col.RESOLVED_AT: resolved,
                Col.SOURCE: str(rng.choice(SOURCES)),
            }
        )
    return rows


def _moments(days: int, rng: np.random.Generator) -> list[float]:
    """Draw the days, from 0, on which a grid's disputes are reported: a steady rate of its own, and streaks."""
    steady = rng.uniform(0, days, rng.poisson(days * rng.gamma(2.0, 0.03)))
    moments, fresh = list(steady), steady
    while len(fresh):
        children = np.repeat(fresh, rng.poisson(STREAK, len(fresh)))
        fresh = children + rng.exponential(STREAK_DAYS, len(children))
        moments.extend(fresh)
    return sorted(float(moment) for moment in moments if moment < days)
