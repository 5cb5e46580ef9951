"""Build the panel: one row of features per grid and as_of, the same code for one as_of and for all of history."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import EPOCH, Days
from features.errors import UsageError
from features.facts.facts import Facts
from features.panel.as_ofs import AsOfs
from features.panel.block import Block, Shared
from features.panel.case_rows import CaseRows, closed_cases, open_cases
from features.panel.families import (
    at_risk,
    backlog,
    calendar_days,
    counts,
    covariates,
    due,
    history,
    new_cases,
    quality,
    rates,
    recency,
    repeats,
    surroundings,
    trends,
    undertakings,
)
from features.panel.feature import Feature, Use
from features.panel.local_features import local_features
from features.schema import Col
from features.settings import BuildSettings, PanelSettings
from features.storage.array_files import GIB, release, scratch

FAMILIES = (history, new_cases, counts, rates, due, at_risk, backlog, trends, recency, repeats, surroundings, quality, undertakings)

Matrix = npt.NDArray[np.float32]

ColumnValues = tuple[npt.NDArray[np.float32], ...]
"""Columns of one length each."""

PIECES = 4
"""Into so many large tables memory is divided."""
SHARED_TABLES = 24
"""Tables (as_ofs, grids) that all blocks of a panel have in common."""

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""

Fill = Callable[[npt.NDArray[np.float32], Facts, AsOfs, tuple[Feature, ...], BuildSettings], Iterator[tuple[int, int]]]
"""Writes features of all grids at some as_ofs; yields how many blocks are done, and of how many."""


@dataclass(frozen=True)
class Panel:
    """Features of all grids at all as_ofs, `values[f, t, g]`, float32, NaN where a feature has no value; and rows of single cases."""

    grid_ids: npt.NDArray[np.str_]
    as_ofs: Days
    features: tuple[Feature, ...]
    values: npt.NDArray[np.float32]
    open_cases: CaseRows = field(default_factory=CaseRows.none)
    closed_cases: CaseRows = field(default_factory=CaseRows.none)
    memory_bytes: int = 4 * GIB
    """That this panel and whoever works on it may take together."""

    @property
    def piece_bytes(self) -> int:
        """The most that one of their large tables may take in memory."""
        return self.memory_bytes // PIECES

    def release(self) -> None:
        """Let values that lie in a file leave the memory; whoever reads on gets them from there."""
        release(self.values)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names, in the order of `values`."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def by_name(self) -> dict[str, Feature]:
        """The features by the names of their columns."""
        return {feature.name: feature for feature in self.features}

    def column(self, name: str) -> npt.NDArray[np.float32]:
        """Return one feature, shape (T, G)."""
        return np.asarray(self.values[self._position(name)])

    def columns(self, names: tuple[str, ...], instead: Mapping[str, npt.NDArray[np.floating]] = MappingProxyType({})) -> ColumnValues:
        """Return the named columns, each (T * G,), ordered by as_of and then grid.

        Args:
            names: columns, in the order wanted.
            instead: values (T, G) to take instead of a column's own.
        """
        return tuple(np.asarray(instead.get(name, self.column(name)), np.float32).reshape(-1) for name in names)

    def at(self, as_ofs: slice) -> Self:
        """Return the panel of consecutive as_ofs."""
        as_ofs = slice(*as_ofs.indices(len(self.as_ofs)))
        cases = {name: getattr(self, name).at(as_ofs) for name in ("open_cases", "closed_cases")}
        return replace(self, as_ofs=self.as_ofs[as_ofs], values=self.values[:, as_ofs], **cases)

    def to_frame(self) -> pl.DataFrame:
        """Return the panel as a table sorted by grid_id and as_of."""
        grids, as_ofs = len(self.grid_ids), len(self.as_ofs)
        keys = {
            Col.GRID_ID: np.repeat(self.grid_ids, as_ofs),
            Col.AS_OF: np.tile(np.datetime64(EPOCH, "D") + self.as_ofs, grids),
        }
        return pl.DataFrame({**keys, **{name: self.column(name).T.ravel() for name in self.names}})

    def _position(self, name: str) -> int:
        try:
            return self.names.index(name)
        except ValueError:
            raise UsageError(f"the panel has no column {name!r}; it was built from a log without the fields it needs.") from None


def catalogue(facts: Facts, horizon_days: int, build: BuildSettings) -> tuple[Feature, ...]:
    """Return every feature that the columns of this log allow, in a fixed order; local ones come last.

    Raises:
        UsageError: the local features that the settings name cannot be read, or break a rule.
    """
    features = [feature for family in FAMILIES for feature in family.features(facts, horizon_days)]
    features += covariates.features(facts, build.covariates)
    if build.panel.petition_volume.in_model:
        features = [replace(feature, use=Use.MODEL) if feature.is_petition_volume else feature for feature in features]
    features += calendar_days.features(build.calendar, horizon_days)
    return (*features, *local_features(facts, horizon_days, build.panel, {feature.name for feature in features}))


def build_panel(facts: Facts, as_ofs: Days, horizon_days: int, build: BuildSettings, progress: Progress | None = None) -> Panel:
    """Build all features of all grids at the given as_ofs (sorted day numbers), block by block.

    Peak memory beyond the result is bounded by `build.memory_gib`, and by `build.panel.block_cells` per thread; a result that would
    take more than its part lies in a temporary file.
    """
    return build_features(facts, as_ofs, horizon_days, build, catalogue(facts, horizon_days, build), progress)


def build_features(
    facts: Facts,
    as_ofs: Days,
    horizon_days: int,
    build: BuildSettings,
    features: tuple[Feature, ...],
    progress: Progress | None = None,
) -> Panel:
    """Build the given features only.

    Raises:
        UsageError: there is no as_of, or no Dask to compute it with where the settings ask for that.
        WorkersLostError: the workers of Dask were lost.
    """
    if not len(as_ofs):
        raise UsageError("a panel needs at least one as_of, got none. Widen the period.")
    when, memory = AsOfs(np.asarray(as_ofs, np.int32), horizon_days), int(build.memory_gib * GIB)
    values = scratch((len(features), len(as_ofs), facts.places.size), np.float32, memory // PIECES)
    spans = list(_spans(len(as_ofs), facts.places.size, memory // PIECES))
    with _engine(build.panel) as fill:
        for number, span in enumerate(spans):
            within = AsOfs(when.as_ofs[span], horizon_days)
            for done, blocks in fill(values[:, span], facts, within, features, build):
                release(values)
                if progress:
                    progress(number * blocks + done, len(spans) * blocks)
    return Panel(facts.places.grid_ids, when.as_ofs, features, values, open_cases(facts, when), closed_cases(facts, when), memory)


def _spans(as_ofs: int, grids: int, most_bytes: int) -> Iterator[slice]:
    """Yield stretches of as_ofs whose shared tables fit."""
    size = max(1, most_bytes // (grids * SHARED_TABLES * np.dtype(np.float64).itemsize))
    for first in range(0, as_ofs, size):
        yield slice(first, min(first + size, as_ofs))


@contextmanager
def _engine(panel: PanelSettings) -> Iterator[Fill]:
    """Yield what fills panels: threads of this process, or workers of Dask."""
    if panel.engine == "local":
        yield _fill
        return
    if find_spec("distributed") is None:
        raise UsageError("`panel.engine: dask` needs a package that is not installed. `pip install 'yujing[dask]'` brings it.")
    with import_module("features.panel.dask_engine").connected(panel) as fill:
        yield fill


def _fill(
    values: npt.NDArray[np.float32], facts: Facts, when: AsOfs, features: tuple[Feature, ...], build: BuildSettings
) -> Iterator[tuple[int, int]]:
    """Write the features of all grids at some as_ofs, block by block; yield how many blocks are done, and of how many."""
    shared = Shared(facts, when)

    def fill(grids: npt.NDArray[np.int32]) -> None:
        fill_block(values[:, :, grids[0] : grids[-1] + 1], grids, shared, features)

    blocks = list(divide(facts, when, build.panel.block_cells))
    with ThreadPoolExecutor(build.panel.threads) as threads:
        for done, _ in enumerate(threads.map(fill, blocks), start=1):
            yield done, len(blocks)


def fill_block(values: npt.NDArray[np.float32], grids: npt.NDArray[np.int32], shared: Shared, features: tuple[Feature, ...]) -> None:
    """Write the features of consecutive grids to `values` (F, T, B)."""
    block = Block(grids, shared)
    for row, feature in zip(values, features, strict=True):
        row[...] = feature.value(block)


def divide(facts: Facts, when: AsOfs, block_cells: int) -> Iterator[npt.NDArray[np.int32]]:
    """Yield all grids in blocks whose counters fit into so many cells."""
    channels = 20 + 12 * len(facts.event_types) + len(facts.kinds) + len(facts.sources)
    size = max(1, block_cells // (when.edges.size * channels))
    for first in range(0, facts.places.size, size):
        yield np.arange(first, min(first + size, facts.places.size), dtype=np.int32)
