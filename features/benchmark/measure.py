"""The panel beside its peers, in one run: Polars per as_of, and what no program can leave out (reading, sorting, writing memory).

The report of it says whether limits were kept.
"""

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from features.benchmark.polars_baseline import ENGINES, Engine, compared, peer_frame, peer_panel
from features.benchmark.synthetic_log import Size, open_log, write_log
from features.days import Days
from features.facts.derive import read_facts
from features.facts.facts import Facts
from features.panel.build import Panel, Progress, build_features, catalogue
from features.panel.feature import Feature
from features.settings import BuildSettings, LogSettings

ROUNDS = 5
STEP_DAYS = 7

READ, WRITE, ONE, ALL = "read", "write", "panel_one", "panel_all"
POLARS_ONE, POLARS_SPREAD = "polars_one", "polars_spread"

Work = Callable[[], object]

SEED = 1
BLOCK_FACTOR = 4
"""Memory is measured at the settings' block size and at so many times that."""

BYTES_PER_CELL = 24


@dataclass(frozen=True)
class Seconds:
    """Time of one kind of work: medians over the rounds."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Contest:
    """One log, looked at from weekly as_ofs up to its end, by the panel and by its peer."""

    size: Size
    folder: Path
    log: LogSettings
    build: BuildSettings

    @cached_property
    def facts(self) -> Facts:
        """Input of both sides."""
        return self.read()

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """The columns that both sides build."""
        return compared(catalogue(self.facts, self.log.horizon_days, self.build))

    @cached_property
    def as_ofs(self) -> Days:
        """Day numbers, a week apart."""
        last = self.facts.known_through_day
        return np.arange(last - STEP_DAYS * (self.size.as_ofs - 1), last + 1, STEP_DAYS, dtype=np.int32)

    @property
    def panel_bytes(self) -> int:
        """Size of the panel of all as_ofs."""
        return len(self.features) * len(self.as_ofs) * self.facts.places.size * np.dtype(np.float32).itemsize

    @cached_property
    def _frame(self) -> pl.DataFrame:
        return peer_frame(self.facts)

    @cached_property
    def _engine(self) -> Engine:
        """The faster engine, each tried once."""
        return min(ENGINES, key=lambda engine: _time(lambda: self._polars_by(engine, self.as_ofs[-1])).wall)

    def read(self) -> Facts:
        """Read the log and sort it into facts."""
        return read_facts(open_log(self.size, self.folder), None, self.log)

    def panel(self, as_ofs: Days) -> Panel:
        """Build the panel."""
        return build_features(self.facts, as_ofs, self.log.horizon_days, self.build, self.features)

    def polars(self, as_of: np.int32) -> pl.DataFrame:
        """Build the rows of one as_of the peer's way."""
        return self._polars_by(self._engine, as_of)

    def _polars_by(self, engine: Engine, as_of: np.int32) -> pl.DataFrame:
        return peer_panel(self._frame, self.facts, int(as_of), engine)

    def round(self, number: int) -> dict[str, Work]:
        """Return what is timed in one round; the as_of of `POLARS_SPREAD` moves from the first to the last."""
        spread = self.as_ofs[number * (len(self.as_ofs) - 1) // (ROUNDS - 1)]
        return {
            READ: self.read,
            WRITE: lambda: np.empty(self.panel_bytes, np.uint8).fill(1),
            ONE: lambda: self.panel(self.as_ofs[-1:]),
            POLARS_ONE: lambda: self.polars(self.as_ofs[-1]),
            ALL: lambda: self.panel(self.as_ofs),
            POLARS_SPREAD: lambda: self.polars(spread),
        }


def measure(contest: Contest, progress: Progress) -> dict[str, Seconds]:
    """Time all work `ROUNDS` times, in turns, so that what else the machine does falls on all of it alike.

    Before that both sides run once, for what is compiled, sorted and chosen only once.
    """
    for once in (ONE, POLARS_ONE):
        contest.round(0)[once]()
    taken: dict[str, list[Seconds]] = {}
    for number in range(ROUNDS):
        work = contest.round(number)
        for done, (name, task) in enumerate(work.items(), start=1):
            taken.setdefault(name, []).append(_time(task))
            progress(number * len(work) + done, ROUNDS * len(work))
    return {
        name: Seconds(**{part.name: median(getattr(each, part.name) for each in times) for part in fields(Seconds)})
        for name, times in taken.items()
    }


def _time(task: Work) -> Seconds:
    wall, cpu = time.perf_counter(), time.process_time()
    task()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def peak_beyond_panel(contest: Contest, block_cells: int) -> int:
    """Return the most bytes held at once, beside the facts and the panel itself, while the panel of all as_ofs is built."""
    cut = contest.build.panel.model_copy(update={"block_cells": block_cells})
    build = contest.build.model_copy(update={"panel": cut})
    tracemalloc.start()
    try:
        panel = build_features(contest.facts, contest.as_ofs, contest.log.horizon_days, build, contest.features)
        return tracemalloc.get_traced_memory()[1] - panel.values.nbytes
    finally:
        tracemalloc.stop()


@dataclass(frozen=True)
class Limit:
    """A figure and the most or the least it may be."""

    name: str
    figure: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the figure is within its bound."""
        return (self.at_most is None or self.figure <= self.at_most) and (self.at_least is None or self.figure >= self.at_least)


@dataclass(frozen=True)
class Report:
    """Everything measured in one run."""

    size: Size
    columns: tuple[str, ...]
    families: tuple[str, ...]
    rounds: int
    seconds: dict[str, Seconds]
    """Medians; `polars_spread` is one as_of, another each round from the first to the last."""
    peak_bytes: dict[int, int]
    """Most bytes held beyond the panel, by `block_cells`."""
    limits: tuple[Limit, ...]

    @property
    def kept(self) -> bool:
        """Whether every limit is."""
        return all(limit.kept for limit in self.limits)


def run(size: Size, folder: Path, log: LogSettings, build: BuildSettings, progress: Progress) -> Report:
    """Make a log in an empty folder and measure the panel on it, beside its peers."""
    write_log(size, folder, np.random.default_rng(SEED))
    contest = Contest(size, folder, log, build)
    seconds = measure(contest, progress)
    cells = build.panel.block_cells
    peaks = {each: peak_beyond_panel(contest, each) for each in (cells, cells * BLOCK_FACTOR)}
    limits = (*speed_limits(seconds, size.as_ofs), *memory_limits(peaks, fact_bytes(contest.facts), build.panel.threads))
    names = tuple(feature.name for feature in contest.features)
    families = tuple(sorted({feature.family for feature in contest.features}))
    return Report(size, names, families, ROUNDS, seconds, peaks, limits)


def speed_limits(seconds: dict[str, Seconds], as_ofs: int) -> tuple[Limit, ...]:
    """Compare wall times."""
    wall = {name: each.wall for name, each in seconds.items()}
    return (
        Limit("one as_of: times Polars", wall[ONE] / wall[POLARS_ONE], at_most=1.0),
        Limit("all as_ofs: times faster than Polars", wall[POLARS_SPREAD] * as_ofs / wall[ALL], at_least=8.0),
        Limit("all as_ofs: times (write + read)", wall[ALL] / (wall[WRITE] + wall[READ]), at_most=3.0),
    )


def memory_limits(peak_bytes: dict[int, int], facts: int, threads: int) -> tuple[Limit, ...]:
    """Hold the peak against the facts, of which the panel makes a cut copy, and against the blocks; a cell is 8 bytes of a counter."""
    (cells, peak), (more_cells, higher_peak) = peak_bytes.items()
    allowed = 2 * facts + threads * cells * BYTES_PER_CELL
    more = (higher_peak - peak) / (threads * (more_cells - cells))
    return (
        Limit("peak memory: times (2 x facts + blocks)", peak / allowed, at_most=1.0),
        Limit("larger blocks: more bytes per cell", more, at_most=BYTES_PER_CELL),
    )


def fact_bytes(facts: Facts) -> int:
    """Return the size of the facts."""
    rows = (facts.cases, facts.spells, facts.target, facts.reopened)
    return sum(column.nbytes for each in rows for column in vars(each).values())
