"""Facts: the event log as arrays of day numbers, ordered by grid, covariates among them.

Every fact carries the local day on which it became known; a fact of day d is usable from as_of d + 1 on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import Days, local_days
from features.eventlog.covariates import EVERY_GRID
from features.facts.places import Indices, Places
from features.schema import Col, EventType
from features.undertakings.in_force import Undertakings, no_undertakings

Codes = npt.NDArray[np.int16]
Weights = npt.NDArray[np.float64]

VALUE_UNIT = 2.0**-10
"""Numbers are read to this accuracy, so that sums of them are exact."""


@dataclass(frozen=True)
class Covariates:
    """Numbers ordered by grid; arrays of equal length. A corrected number is one more, known later."""

    grid: Indices
    series: npt.NDArray[np.int16]
    """Position in `Facts.covariate_names`."""
    known_day: Days
    value: npt.NDArray[np.float64]


def no_covariates() -> Covariates:
    """Return covariates without rows."""
    nothing = np.zeros(0, np.int32)
    return Covariates(nothing, nothing.astype(np.int16), nothing, nothing.astype(np.float64))


def place_covariates(rows: pl.DataFrame, grid_ids: npt.NDArray[np.str_], zone: str) -> tuple[tuple[str, ...], Covariates]:
    """Return the names of what is measured, and the numbers by position of their grid; those of grids that are gone are left out."""
    names = tuple(rows["name"].unique().sort())
    grids = pl.DataFrame({Col.GRID_ID: grid_ids.tolist(), "grid": np.arange(len(grid_ids), dtype=np.int32)})
    everywhere = rows.filter(pl.col(Col.GRID_ID) == EVERY_GRID).drop(Col.GRID_ID).join(grids.select("grid"), how="cross")
    own = rows.join(grids, on=Col.GRID_ID, how="inner").drop(Col.GRID_ID)
    placed = pl.concat([own.select(everywhere.columns), everywhere]).sort("grid", "name", "day", Col.KNOWN_AT)
    if placed.is_empty():
        return (), no_covariates()
    return names, Covariates(
        grid=placed["grid"].to_numpy(),
        series=np.searchsorted(np.array(names), placed["name"].to_numpy().astype(np.str_)).astype(np.int16),
        known_day=local_days(placed[Col.KNOWN_AT].dt.epoch("us").to_numpy(), ZoneInfo(zone)),
        value=np.round(placed["value"].to_numpy() / VALUE_UNIT) * VALUE_UNIT,
    )


class Outcome(IntEnum):
    """Course of a case to its escalation."""

    REPORTED = 0
    """It is itself the event that the target counts."""
    HANDED_UP = 1
    """It was handed up or ended in harm: everything but the two below."""
    TERM_PASSED = 2
    """Its term passed while it was open."""
    CAME_BACK = 3
    """It was reopened after closing."""


@dataclass(frozen=True)
class Cases:
    """One row per case and current grid, ordered by grid and known day; arrays of equal length."""

    grid: Indices
    weight: Weights
    """Share of the case that lies in this grid; below 1 only for cases of a grid that was redrawn."""
    event_type: Codes
    """Position in `Facts.event_types`."""
    kind: Codes
    """Position in `Facts.kinds`, the pairs of event type and category."""
    source: Codes
    """Position in `Facts.sources`; -1 where unknown."""
    group: npt.NDArray[np.bool_]
    """True where five or more people are concerned jointly."""
    occurred_day: Days
    known_day: Days
    reported_minute: Codes
    """Minute of the local day at which it was reported, 0 to 1439; -1 at midnight sharp, which is how a bare date is read."""
    deadline_day: Days
    """NEVER where there is none."""
    due_day: Days
    """Day on which the target's clock rule fires unless the case is closed before; NEVER where no rule applies."""
    self_found: Codes
    """1 where staff found it on a visit, 0 where it was brought to them, -1 where the log does not say."""
    exposure: Weights
    """Weight of the case in windows beside `weight`: below 1 where a campaign found it, since staff then look harder than usual; and
    where found cases count by visits, above 1 in grids that are seldom visited."""
    reported: npt.NDArray[np.bool_]
    """True where the case was reported in this grid and as this kind; False where it came there later, by a correction."""


@dataclass(frozen=True)
class Spells:
    """Stretches of time in which a case is known to be open, for as_of in (start_day, end_day]; ordered by case, hence by grid."""

    case: Indices
    """Row of `Cases`."""
    grid: Indices
    start_day: Days
    end_day: Days
    """NEVER while it is open."""
    moved_on: npt.NDArray[np.bool_]
    """True where it did not end by a closing: the case went on in another grid or as another kind."""


@dataclass(frozen=True)
class Marks:
    """Things that happened to cases, such as an escalation; ordered by case, hence by grid."""

    case: Indices
    """Row of `Cases`."""
    grid: Indices
    occurred_day: Days
    known_day: Days
    outcome: Codes
    """Members of `Outcome`."""


def no_marks() -> Marks:
    """Return marks of no case."""
    nothing = np.zeros(0, np.int32)
    return Marks(nothing, nothing, nothing, nothing, nothing.astype(np.int16))


@dataclass(frozen=True)
class Reporters:
    """The feeds that reports came by, and the grids that each of them reported on."""

    feeds: tuple[str, ...]
    since: Days
    """(feeds, G) first day on which a report of the feed on the grid became known, NEVER where none did."""
    feed: Codes
    """With `day`: every day on which a report of a feed became known, by feed and day."""
    day: Days

    def last_before(self, as_of: int) -> dict[str, int]:
        """Return the last such day before as_of of each feed that has one."""
        days = {name: self.day[(self.feed == number) & (self.day < as_of)] for number, name in enumerate(self.feeds)}
        return {name: int(own[-1]) for name, own in days.items() if len(own)}


def no_reporters() -> Reporters:
    """Return no feed."""
    nothing = np.zeros(0, np.int32)
    return Reporters((), np.zeros((0, 0), np.int32), nothing.astype(np.int16), nothing)


@dataclass(frozen=True)
class Facts:
    """All that counters and labels read, with the vocabulary that turns codes into words."""

    places: Places
    cases: Cases
    spells: Spells
    target: Marks
    """Every escalation the target counts: a case once per spell."""
    hazards: Marks
    """Escalations of cases from which the target is foretold: its own, or those of the parent that a rare target borrows from."""
    reopened: Marks
    event_types: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    target_name: str
    known_through_day: int
    """Last day through which every feed in use is complete."""
    first_day: int
    """Day of the first known record."""
    sequence: int
    visit_days: float | None = None
    """Days of records that one visit is worth, where found cases count by visits; None where they count as they come."""
    further: Marks = field(default_factory=no_marks)
    """Further reports of a case, by people or sources that told of the same cause; they are counted nowhere else."""
    undertaking_kinds: tuple[tuple[str, str], ...] = ()
    """Pairs of kind and sub-kind of the undertakings that are known."""
    undertakings: Undertakings = field(default_factory=no_undertakings)
    covariate_names: tuple[str, ...] = ()
    """Codes of what the covariates measure."""
    covariates: Covariates = field(default_factory=no_covariates)
    reporters: Reporters = field(default_factory=no_reporters)
    doubles: Mapping[str, int] = field(default_factory=dict)
    """Number of events that two feeds both sent and that are counted twice, by the names of both."""

    def weights_of(self, marks: Marks) -> Weights:
        """Return what each mark counts: the share of its case, by visits where found cases count so."""
        weight = self.cases.weight[marks.case]
        return weight if self.visit_days is None else weight * self.cases.exposure[marks.case]

    @cached_property
    def is_petition(self) -> npt.NDArray[np.bool_]:
        """(cases,) flags of petitions, whose number stays out of everything but their own columns."""
        if EventType.PETITION not in self.event_types:
            return np.zeros(len(self.cases.grid), np.bool_)
        return np.asarray(self.cases.event_type == self.event_types.index(EventType.PETITION))

    @cached_property
    def is_report(self) -> npt.NDArray[np.bool_]:
        """(cases,) flags of what counts as a report: no petition, and no case that came from another grid or kind."""
        return np.asarray(self.cases.reported & ~self.is_petition)

    @cached_property
    def case_offsets(self) -> npt.NDArray[np.int64]:
        """(G + 1,) first row of `cases` of each grid, and the end."""
        return np.searchsorted(self.cases.grid, np.arange(self.places.size + 1, dtype=np.int32))
