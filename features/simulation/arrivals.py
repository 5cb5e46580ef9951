"""When and where matters arise: a Poisson process in each part and week, and matters that bring on further ones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.simulation.ground import Ground
from features.simulation.preset import Contagion
from features.simulation.rhythm import Clock

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FIRST_HOUR, LAST_HOUR = 7.0, 22.0


@dataclass(frozen=True)
class Arrivals:
    """Matters in order of time; arrays of equal length."""

    part: Ints
    kind: Ints
    """Category, as a position."""
    time: Floats
    """Days from the start of the simulation."""

    def __len__(self) -> int:
        return len(self.part)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Arrivals":
        """Return some of them, perhaps more than once."""
        return Arrivals(self.part[rows], self.kind[rows], self.time[rows])


def arise(weekly: Floats, clock: Clock, ground: Ground, contagion: Contagion | None, rng: np.random.Generator) -> Arrivals:
    """Draw matters.

    Args:
        weekly: (P, W, K) expected matters in each part, week and category, without those that others bring on.
        clock: of the categories; within a week matters follow it, and so does contagion.
        ground: which parts are adjacent.
        contagion: None where none is brought on.
        rng: decides.
    """
    fresh = _draw(weekly, clock, rng)
    found = [fresh]
    while contagion and len(fresh):
        fresh = _bring_on(fresh, clock, ground, contagion, rng)
        found.append(fresh)
    part, kind, time = (np.concatenate([getattr(some, name) for some in found]) for name in ("part", "kind", "time"))
    time = np.floor(time) + rng.uniform(FIRST_HOUR, LAST_HOUR, len(time)) / 24
    return Arrivals(part, kind, time).take(np.argsort(time, kind="stable"))


def _draw(weekly: Floats, clock: Clock, rng: np.random.Generator) -> Arrivals:
    """Draw a Poisson number in all, and throw each onto the cells in proportion, which is the same as drawing each cell."""
    upto = np.cumsum(weekly.ravel())
    thrown = np.sort(rng.uniform(0, upto[-1], rng.poisson(upto[-1])))
    part, week, kind = np.unravel_index(np.searchsorted(upto, thrown, side="right"), weekly.shape)
    begin = clock.run[kind, 7 * week]
    end = clock.run[kind, np.minimum(7 * week + 7, clock.days)]
    return Arrivals(part, kind, clock.find(kind, begin + (end - begin) * rng.random(len(part))))


def _bring_on(parents: Arrivals, clock: Clock, ground: Ground, contagion: Contagion, rng: np.random.Generator) -> Arrivals:
    """Draw what a generation brings on: some in the same part, some in an adjacent one."""
    own = np.repeat(np.arange(len(parents)), rng.poisson(contagion.own, len(parents)))
    ring = np.repeat(np.arange(len(parents)), rng.poisson(contagion.ring, len(parents)))
    parent = np.concatenate([own, ring])
    part = np.concatenate([parents.part[own], _adjacent_part(parents.part[ring], ground, rng)])
    kind = parents.kind[parent]
    shown = clock.read(kind, parents.time[parent]) + rng.exponential(contagion.decay_days, len(parent))
    within = shown < clock.days
    return Arrivals(part[within], kind[within], clock.find(kind[within], shown[within]))


def _adjacent_part(part: Ints, ground: Ground, rng: np.random.Generator) -> Ints:
    first, count = ground.adjacent.indptr[part], np.diff(ground.adjacent.indptr)[part]
    return np.asarray(ground.adjacent.indices[first + rng.integers(count)], np.int64)
