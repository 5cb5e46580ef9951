"""Made-up records of a year: areas that report what happens, and areas that fill up to a number that was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from features.days import NEVER
from features.eventlog.snapshot import RECORD_SCHEMA
from features.facts.places import Level, Places
from features.schema import Action, Col, EventType

FIRST, MONTHS = datetime(2025, 1, 1, tzinfo=UTC), 12
KINDS = ("neighbor", "marriage_family", "property_mgmt", "labor_wage", "consumer", "environment", "contract", "other")
MIX = np.array([0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05, 0.05])
ASKED = 10


@dataclass(frozen=True)
class Filling:
    """How areas fill up; without any sign they report what happens."""

    same_count: float = 0.0
    """Share of months that end at exactly the number that was asked for."""
    month_end: float = 0.0
    """Share of the filling that is dated into the last three days."""
    one_kind: float = 0.0
    """Share of the filling that is of one kind."""
    at_night: float = 0.0
    """Share of months whose filling is entered within one hour of a night."""
    more: float = 0.0
    """Records a month beside those that the number asks for."""


HONEST = None
QUOTA = Filling(same_count=0.85, month_end=0.6, one_kind=0.7, at_night=0.3)


def year_of(areas: int, filling: Sequence[Filling | None], seed: int) -> pl.DataFrame:
    """Return the records of one source in areas of one grid each; `filling` says for each area how it fills up."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, datetime, str]] = []
    for area, how in zip(range(areas), filling, strict=True):
        rows += [(area, at, kind) for at, kind in _area(how, rng)]
    rows.sort(key=lambda row: row[1])
    table = {
        Col.SEQ: range(len(rows)),
        Col.EVENT_SEQ: range(len(rows)),
        Col.ACTION: [Action.REPORTED.value] * len(rows),
        Col.AT: [at for _, at, _ in rows],
        Col.KNOWN_AT: [at for _, at, _ in rows],
        Col.FEED: ["ledger"] * len(rows),
        Col.GRID_ID: [f"g{area:03}" for area, *_ in rows],
        Col.EVENT_TYPE: [EventType.DISPUTE.value] * len(rows),
        Col.CATEGORY: [kind for *_, kind in rows],
        Col.SOURCE: ["grid_worker"] * len(rows),
    }
    return pl.DataFrame({name: table.get(name, [None] * len(rows)) for name in RECORD_SCHEMA}, schema=RECORD_SCHEMA)


def places_of(areas: int) -> Places:
    """Return so many communities of one grid each."""
    codes = tuple(f"d/t/c{area:03}" for area in range(areas))
    never = np.full(areas, -NEVER, np.int32)
    return Places(
        np.array([f"g{area:03}" for area in range(areas)]),
        {"community": Level(codes, np.arange(areas, dtype=np.int32))},
        None,
        never,
        np.full(areas, ""),
        never,
        np.full(areas, -1, np.int32),
    )


def _area(how: Filling | None, rng: np.random.Generator) -> list[tuple[datetime, str]]:
    """Return moment and kind of the records of one area: seasons, quieter weekends, two campaigns of a week, a mix of its own."""
    rate = rng.gamma(4, (8 if how is None else 4) / 4)
    mix = rng.dirichlet(12 * MIX)
    campaigns = rng.integers(0, 359, 2)
    found = []
    for month in range(MONTHS):
        start = datetime(2025, month + 1, 1, tzinfo=UTC)
        length = ((start.replace(day=28) + timedelta(days=4)).replace(day=1) - start).days
        day = np.arange(length)
        of_year = (start - FIRST).days + day
        weight = np.where((start.weekday() + day) % 7 >= 5, 0.5, 1.0) * (1 + 0.3 * np.sin(2 * np.pi * of_year / 365))
        for campaign in campaigns:
            weight = weight * np.where((of_year >= campaign) & (of_year < campaign + 7), 3.0, 1.0)
        counts = rng.poisson(rate / 30 * weight)
        real = [(start + timedelta(days=int(at)), str(rng.choice(KINDS, p=mix))) for at in np.repeat(day, counts)]
        month_rows = [(at + timedelta(minutes=int(rng.integers(8 * 60, 20 * 60))), kind) for at, kind in real]
        found += month_rows if how is None else _fill(how, month_rows, start, length, mix, rng)
    return found


def _fill(
    how: Filling, real: list[tuple[datetime, str]], start: datetime, length: int, mix: np.ndarray, rng: np.random.Generator
) -> list[tuple[datetime, str]]:
    exact = rng.random() < how.same_count
    rest = real[:ASKED] if exact else real
    wanted = ASKED - len(rest) if exact else rng.poisson(how.more or max(ASKED - len(rest), 0))
    night = rng.random() < how.at_night
    night_day = int(rng.integers(length - 3, length))
    filled = []
    for _ in range(max(wanted, 0)):
        kind = "other" if rng.random() < how.one_kind else str(rng.choice(KINDS, p=mix))
        day = int(rng.integers(length - 3, length) if rng.random() < how.month_end else rng.integers(length))
        minute = 22 * 60 + int(rng.integers(50)) if night else int(rng.integers(8 * 60, 20 * 60))
        filled.append((start + timedelta(days=night_day if night else day, minutes=minute), kind))
    return rest + filled
