"""Doubles: one event that reaches the log through several sources, each with an id of its own.

Records of different sources with the same grid, category, day and term are taken for one event. Of several alike in one source the first
goes with the first of the other, the second with the second: two events that are alike stay two. What belongs together is decided by what
was known before, so later records never change what was known of a case. They are counted once where a source file says which sources
send the same events, and told where none does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import NEVER, Days
from features.facts.places import Indices

Numbers = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Reports:
    """Reports ordered by grid and then by when they became known; arrays of equal length."""

    grid: Indices
    category: Numbers
    """Code of the category, whatever the event type: sources call the same event a dispute or a request."""
    occurred: Days
    deadline: Days
    """NEVER where there is none; such reports have no double, for the term is what tells events apart."""
    feed: Numbers


def group_feeds(shared_with: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return feed -> number of its group; feeds are of one group where one names the other.

    >>> group_feeds({"a": ("b",), "b": (), "c": ()})
    {'a': 0, 'b': 0, 'c': 2}
    """
    group = {name: number for number, name in enumerate(shared_with)}
    for name, others in shared_with.items():
        for other in (own for own in others if own in group):
            kept, gone = sorted((group[name], group[other]))
            group = {each: kept if number == gone else number for each, number in group.items()}
    return group


def find_doubles(reports: Reports, group: Numbers) -> Indices:
    """Return for each report the row of the first report of its event, its own row where it is the first.

    Args:
        reports: of all feeds.
        group: (N,) of each report's feed; only reports of one group are joined.
    """
    same = ("grid", "category", "occurred", "deadline")
    table = pl.DataFrame({name: getattr(reports, name) for name in (*same, "feed")} | {"group": group}).with_row_index("row")
    nth = table.with_columns(number=pl.int_range(pl.len()).over(*same, "feed"))
    first = nth.with_columns(first=pl.col("row").min().over(*same, "group", "number"))
    return first.select(pl.when(pl.col("deadline") < NEVER).then("first").otherwise("row")).to_series().to_numpy().astype(np.int32)


def count_doubles(reports: Reports, names: tuple[str, ...], group: Numbers) -> dict[str, int]:
    """Return how many events two feeds of different groups both sent, by their names; none is counted once."""
    rows = find_doubles(reports, np.zeros(len(group), np.int32))
    apart = np.flatnonzero(group[rows] != group)
    pairs = [" + ".join(sorted((names[reports.feed[row]], names[reports.feed[rows[row]]]))) for row in apart.tolist()]
    return {pair: pairs.count(pair) for pair in sorted(set(pairs))}
