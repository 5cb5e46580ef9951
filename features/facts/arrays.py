"""Arrays of facts: the codes that stand in them for the words of a log, and orders of rows that are nearly sorted already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.schema import Col, EventType

Codes = npt.NDArray[np.int16]

Rows = npt.NDArray[np.int64]
Column = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Vocabulary:
    """Event types, kinds (pairs of event type and category) and report sources, each in a fixed order."""

    event_types: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]

    @classmethod
    def of(cls, cases: pl.DataFrame) -> "Vocabulary":
        """Collect the words of the cases."""
        pairs = cases.select(Col.EVENT_TYPE, Col.CATEGORY).unique().cast(pl.String).sort(Col.EVENT_TYPE, Col.CATEGORY)
        sources = cases[Col.SOURCE].drop_nulls().unique().cast(pl.String).sort()
        present = set(pairs[Col.EVENT_TYPE])
        return cls(tuple(kind.value for kind in EventType if kind in present), tuple(pairs.iter_rows()), tuple(sources))

    @classmethod
    def of_records(cls, records: pl.DataFrame) -> "Vocabulary":
        """Collect the words of records of the log; a correction has its case's event type."""
        types = records.filter(pl.col(Col.EVENT_TYPE).is_not_null()).select(Col.EVENT_SEQ, Col.EVENT_TYPE)
        named = records.filter(pl.col(Col.CATEGORY).is_not_null()).drop(Col.EVENT_TYPE).join(types, on=Col.EVENT_SEQ)
        return cls.of(named)

    def event_type_of(self, cases: pl.DataFrame) -> Codes:
        """Return the position of each case's event type."""
        return codes(cases[Col.EVENT_TYPE], _numbered(self.event_types)).astype(np.int16)

    def kind_of(self, cases: pl.DataFrame) -> Codes:
        """Return the position of each case's kind."""
        categories = sorted({category for _, category in self.kinds})
        table = np.full((len(self.event_types), len(categories)), -1, np.int16)
        for position, (event_type, category) in enumerate(self.kinds):
            table[self.event_types.index(event_type), categories.index(category)] = position
        return table[self.event_type_of(cases), codes(cases[Col.CATEGORY], _numbered(categories))]

    def source_of(self, cases: pl.DataFrame) -> Codes:
        """Return the position of each case's source; -1 where unknown."""
        return codes(cases[Col.SOURCE], _numbered(self.sources)).astype(np.int16)


def codes(words: pl.Series, code_of: Mapping[str, int]) -> npt.NDArray[np.int64]:
    """Return the code of each word of an Enum or Categorical column; -1 for null and for words without one.

    >>> codes(pl.Series(["b", None, "a", "b"], dtype=pl.Categorical), {"b": 7})
    array([ 7, -1, -1,  7])
    """
    present = words.drop_nulls().unique()
    physical = present.to_physical().to_numpy().astype(np.int64)
    table = np.full(int(physical.max(initial=0)) + 2, -1, np.int64)
    table[physical] = [code_of.get(word, -1) for word in present.cast(pl.String)]
    return np.asarray(table[words.to_physical().cast(pl.Int64).fill_null(len(table) - 1).to_numpy()])


def _numbered(words: tuple[str, ...] | list[str]) -> dict[str, int]:
    return {word: position for position, word in enumerate(words)}


def sort_order(first: Column, second: Column) -> Rows:
    """Return the stable order by two columns of 32 bits; what is nearly sorted takes little longer than to read it.

    >>> sort_order(np.array([1, 0, 0]), np.array([5, 7, -2]))
    array([2, 1, 0])
    """
    return np.argsort((first.astype(np.int64) << 32) + second, kind="stable")


def insertion_points(rows: Sequence[Column], new: Sequence[Column]) -> Rows:
    """Return before which of some sorted rows each new one belongs; both are given by columns, the first one counts most.

    >>> insertion_points([np.array([1, 1, 4]), np.array([2, 8, 0])], [np.array([1, 4, 9]), np.array([5, 0, 0])])
    array([1, 2, 3])
    """
    low, high = (np.searchsorted(rows[0], new[0], side) for side in ("left", "right"))
    while (searched := low < high).any():
        middle = np.minimum((low + high) // 2, len(rows[0]) - 1)
        before, equal = np.zeros(len(low), np.bool_), searched
        for known, own in zip(rows[1:], new[1:], strict=True):
            before |= equal & (known[middle] < own)
            equal = equal & (known[middle] == own)
        low, high = np.where(before, middle + 1, low), np.where(searched & ~before, middle, high)
    return low
