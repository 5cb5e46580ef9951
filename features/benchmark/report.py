"""Limits of the panel benchmark beside its peers, and the report that says whether they were kept."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.benchmark.measure import (
    ALL,
    ONE,
    POLARS_ONE,
    POLARS_SPREAD,
    READ,
    ROUNDS,
    WRITE,
    Contest,
    Seconds,
    measure,
    peak_beyond_panel,
)
from features.benchmark.synthetic_log import Size, write_log
from features.facts.facts import Facts
from features.panel.build import Progress
from features.settings import Settings

SEED = 1
BLOCK_FACTOR = 4
"""Memory is measured at the settings' block size and at so many times that."""

BYTES_PER_CELL = 24


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


def run(size: Size, folder: Path, settings: Settings, progress: Progress) -> Report:
    """Make a log in an empty folder and measure the panel on it, beside its peers."""
    write_log(size, folder, np.random.default_rng(SEED))
    contest = Contest(size, folder, settings)
    seconds = measure(contest, progress)
    cells = settings.panel.block_cells
    peaks = {each: peak_beyond_panel(contest, each) for each in (cells, cells * BLOCK_FACTOR)}
    limits = (*speed_limits(seconds, size.as_ofs), *memory_limits(peaks, fact_bytes(contest.facts), settings.panel.threads))
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
