"""Small hand-made logs: times are days since `FIRST`, local midnight; 10.5 is noon of the eleventh day."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from features.days import Days, day_number
from features.eventlog.snapshot import RECORD_SCHEMA, Feed, LogSnapshot
from features.facts.derive import read_facts
from features.facts.facts import Facts
from features.panel.build import Panel, build_panel
from features.targets import DeadlinePassed, Target
from features.undertakings.undertaking import VERSION_SCHEMA
from serving.settings import Settings

FIRST = date(2025, 1, 1)
SETTINGS = Settings(calendar={"country": "US"}, panel={"threads": 1})
HORIZON = 14
RICH_DAYS = 500
GRIDS = {"a": "D/T1/C1", "b": "D/T1/C1", "c": "D/T1/C2", "d": "D/T2/C3"}
"""Four grids and their parents: a and b share a community, c is beside them in the township, d is alone in its own."""


@dataclass(frozen=True)
class Case:
    """One case; `moves` are (action, at), (action, at, known) or (action, at, known, grid, category) after the report.

    `closed` is short for ("resolved", at).
    """

    grid: str
    reported: float
    closed: float | None = None
    event_type: str = "dispute"
    category: str = "other"
    occurred: float | None = None
    known: float | None = None
    deadline: float | None = None
    source: str | None = None
    people: str | None = None
    moves: tuple[tuple, ...] = ()
    feed: str = "feed"
    self_found: bool | None = None

    @property
    def known_at(self) -> float:
        """When the report became known."""
        return self.reported if self.known is None else self.known

    @property
    def all_moves(self) -> tuple[tuple[str, float, float], ...]:
        """Every transition after the report as (action, at, known)."""
        closing = () if self.closed is None else (("resolved", self.closed),)
        return tuple((action, at, *(rest or (at,))) for action, at, *rest in (*closing, *self.moves))

    def until(self, day: float) -> "Case":
        """Return the case without the transitions that became known at or after `day`."""
        return replace(self, closed=None, moves=tuple(move for move in self.all_moves if move[2] < day))


@dataclass(frozen=True)
class Plan:
    """One version of an undertaking; days since `FIRST`."""

    places: str
    start: int
    end: int | None = None
    kind: str = "project"
    sub_kind: str = "construction"
    name: str = "p"
    version: int = 1
    public: int = 0
    known: float = 0
    withdrawn: bool = False

    def row(self, zone: str) -> tuple:
        """Return the row of `VERSION_SCHEMA`."""
        public, start, end = (None if day is None else FIRST + timedelta(days=day) for day in (self.public, self.start, self.end))
        words = (self.name, self.version, self.kind, self.sub_kind, self.places)
        return (*words, public, start, end, self.withdrawn, moment(self.known, zone))


def moment(day: float | None, zone: str = SETTINGS.zone) -> datetime | None:
    """Return the moment of a day and its fraction, in UTC."""
    if day is None:
        return None
    midnight = datetime.combine(FIRST + timedelta(days=int(day // 1)), datetime.min.time(), ZoneInfo(zone))
    return midnight.astimezone(UTC) + timedelta(days=day % 1)


def days(*since_first: int) -> Days:
    """Return day numbers of days since `FIRST`."""
    return np.array(since_first, np.int32) + np.int32(day_number(FIRST))


def make_log(
    cases,
    *,
    rules=(),
    targets=None,
    feeds=None,
    grids=GRIDS,
    neighbours=(),
    crosswalk=(),
    undertakings=(),
    known_through=1000,
    zone=SETTINGS.zone,
) -> LogSnapshot:
    """Return a snapshot of these cases.

    Args:
        cases: each a `Case`; sequence numbers follow their order.
        rules: clock rules of every feed.
        targets: targets that every feed declares.
        feeds: name -> (rules, targets), where feeds differ.
        grids: grid_id -> parent path.
        neighbours: (a, b, weight), both directions.
        crosswalk: (old, new, share), or (old, new, share, day) where it was redrawn on another day than `FIRST`.
        undertakings: each a `Plan`, in any order.
        known_through: day through which every feed is complete.
        zone: of the days.
    """
    names = feeds or dict.fromkeys({case.feed for case in cases} or {"feed"}, (rules, targets or {}))
    records = list(_records(cases, zone))
    return LogSnapshot(
        records=pl.DataFrame(records, schema=RECORD_SCHEMA, orient="row"),
        grids=pl.DataFrame(
            {"grid_id": list(grids), "parent_path": list(grids.values())}, schema={"grid_id": pl.String, "parent_path": pl.String}
        ).with_columns(
            lon=pl.lit(0.0), households=pl.lit(None, pl.Int64), area_type=pl.lit(None, pl.String), valid_from=pl.lit(None, pl.Date)
        ),
        neighbours=pl.DataFrame(list(neighbours), schema={"a": pl.String, "b": pl.String, "weight": pl.Float64}, orient="row"),
        crosswalk=pl.DataFrame(
            [(*row[:3], FIRST + timedelta(days=row[3] if len(row) > 3 else 0)) for row in crosswalk],
            schema={"old": pl.String, "new": pl.String, "share": pl.Float64, "at": pl.Date},
            orient="row",
        ),
        feeds={name: Feed(name, moment(known_through, zone), tuple(own), declared) for name, (own, declared) in names.items()},
        sequence=len(records),
        undertakings=pl.DataFrame([plan.row(zone) for plan in undertakings], schema=VERSION_SCHEMA, orient="row").sort(
            "undertaking_id", "version"
        ),
    )


def _records(cases, zone):
    seq = 0
    for case in cases:
        seq = opened = seq + 1
        times = [
            moment(day, zone)
            for day in (case.reported, case.known_at, case.reported if case.occurred is None else case.occurred, case.deadline)
        ]
        words = (case.feed, case.grid, case.event_type, case.category, case.source, case.self_found, case.people, None)
        yield (seq, opened, "reported", times[0], times[1], *words, times[2], times[3])
        for action, at, known, *corrected in case.all_moves:
            seq += 1
            grid, category = corrected or (None, None)
            yield (seq, opened, action, moment(at, zone), moment(known, zone), case.feed, grid, None, category, *[None] * 6)


def make_facts(cases, target=None, settings=SETTINGS, **log) -> Facts:
    """Return the facts of these cases; `log` goes to `make_log`."""
    return read_facts(make_log(cases, zone=settings.zone, **log), target, settings)


def make_rich_log():
    """Return keyword arguments of `make_facts`: four grids, 500 days, deadlines, neighbours, and a target with a clock rule."""
    return {
        "cases": draw_cases(np.random.default_rng(1), 300, list(GRIDS), RICH_DAYS),
        "target": "escalation_or_overdue",
        "rules": (DeadlinePassed(action="overdue", when="deadline_passed"),),
        "targets": {"escalation_or_overdue": Target(transitions=("escalated", "overdue"))},
        "neighbours": [("a", "b", 0.75), ("b", "a", 0.75), ("a", "c", 0.3), ("c", "a", 0.3)],
        "undertakings": [
            *(Plan("a", 100, 200, sub_kind=sub_kind, name=sub_kind) for sub_kind in ("construction", "land_acquisition")),
            Plan("D/T1", 50, 80, kind="campaign", sub_kind="screening", name="c"),
            Plan("b", 150, 300, kind="treatment", sub_kind="estate_treatment", name="t"),
            Plan("D/T2", 120, 130, kind="period", sub_kind="event", name="e"),
            Plan("c", 90, 95, kind="shock", sub_kind="fire", name="s"),
        ],
    }


def make_panel(cases, as_ofs, target=None, settings=SETTINGS, **log) -> Panel:
    """Return the panel of these cases at days since `FIRST`."""
    return build_panel(make_facts(cases, target, settings, **log), days(*as_ofs), HORIZON, settings)


def draw_cases(rng: np.random.Generator, count: int, grids, last: int) -> list[Case]:
    """Return made-up cases of every sort, known on days of [0, last], some with deadlines, closings, reopenings and late news."""
    return [_draw_case(rng, rng.choice(grids), last) for _ in range(count)]


def _draw_case(rng: np.random.Generator, grid: str, last: int) -> Case:
    reported = float(rng.integers(0, last)) + rng.choice([0.0, 0.5])
    known = reported + rng.choice([0, 0, 0, 1, 9])
    closed = known + rng.choice([0, 0.25, 3, 20, 100])
    moves = [
        ("escalated", known + 2.0),
        ("resolved", closed),
        ("reopened", closed + 5, closed + 8),
        ("escalated", closed + 6),
        ("withdrawn", closed + 9),
    ]
    return Case(
        grid,
        reported,
        event_type=str(rng.choice(["dispute", "dispute", "hazard", "petition"])),
        category=str(rng.choice(["neighbor", "labor_wage"])),
        occurred=reported - rng.choice([0, 2]),
        known=known,
        deadline=rng.choice([None, reported + 10, reported + 30, reported + 400]),
        source=rng.choice([None, "resident", "hotline"]),
        people=rng.choice([None, "1-2", "10-29"]),
        moves=tuple(move for move in moves if rng.random() < 0.5),
    )


def column(panel: Panel, name: str, grid: str = "a") -> list[float]:
    """Return one feature of one grid at every as_of."""
    return panel.column(name)[:, list(panel.grid_ids).index(grid)].tolist()
