"""Forests: boosted trees, read from LightGBM's text and added up by compiled loops, many boosters over the same rows.

LightGBM walks one row through one booster at a time, and copies the row before it does. Here many rows go through a tree together, one
node after the other. The sums are the same to the last bit: a value goes left where it is at most the threshold, and leaves are added in
the order of the trees.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

BLOCK_ROWS = 1024
"""Rows that go through a tree together: their values stay in the processor's cache while all trees read them."""

CATEGORICAL, DEFAULT_LEFT, ZERO_IS_MISSING, NAN_IS_MISSING = 1, 2, 4, 8
"""Bits of LightGBM's `decision_type`; where none of the last two is set, NaN counts as 0."""


@dataclass(frozen=True)
class Forest:
    """Trees of one or more boosters, one after the other; a tree has one leaf more than nodes, and no node comes before its parent."""

    first_tree: Ints
    """(B + 1,) of each booster, and the end."""
    first_node: Ints
    """(trees + 1,) of each tree, and the end."""
    column: Ints
    """(nodes,) that a node reads."""
    threshold: npt.NDArray[np.float32]
    """(nodes,) largest value of 32 bits that goes left."""
    missing_left: npt.NDArray[np.bool_]
    """(nodes,) whether NaN goes left."""
    left: npt.NDArray[np.int32]
    """(nodes,) node of the same tree that comes next, or -1 less the number of a leaf."""
    right: npt.NDArray[np.int32]
    leaf: Floats
    """(nodes + trees,) values of the leaves."""

    @classmethod
    def read(cls, boosters: Sequence[str]) -> Self:
        """Read boosters as `boost` returns them.

        Raises:
            ValueError: a tree asks something else than whether a number is at most another, or leads out of itself.
        """
        texts = [_values(booster) for booster in boosters]
        decision, threshold = _numbers(texts, "decision_type").astype(np.int64), _numbers(texts, "threshold")
        if (decision & (CATEGORICAL | ZERO_IS_MISSING)).any():
            raise ValueError("trees must compare numbers, and take nothing but NaN for missing")
        forest = cls(
            first_tree=np.cumsum([0, *(len(text["num_leaves"]) for text in texts)]),
            first_node=np.cumsum(np.append(0, _numbers(texts, "num_leaves").astype(np.int64) - 1)),
            column=_numbers(texts, "split_feature").astype(np.int64),
            threshold=_round_down(threshold),
            missing_left=np.where(decision & NAN_IS_MISSING, decision & DEFAULT_LEFT, threshold >= 0).astype(np.bool_),
            left=_numbers(texts, "left_child").astype(np.int32),
            right=_numbers(texts, "right_child").astype(np.int32),
            leaf=_numbers(texts, "leaf_value"),
        )
        if not forest._is_closed():
            raise ValueError("each node must lead to a later node or a leaf of its own tree")
        return forest

    def _is_closed(self) -> bool:
        nodes = np.diff(self.first_node)
        if len(self.leaf) != (nodes + 1).sum() or not len(self.left) == len(self.right) == len(self.column) == nodes.sum():
            return False
        size, number = np.repeat(nodes, nodes), np.arange(len(self.left)) - np.repeat(self.first_node[:-1], nodes)
        children = np.stack([self.left, self.right])
        return bool(np.where(children < 0, -1 - children <= size, (children > number) & (children < size)).all())

    def margins(self, matrix: Matrix, threads: int = 1) -> Floats:
        """Return what each booster adds to the offset of each row of a matrix (N, F), (B, N); fastest where columns lie together.

        Raises:
            ValueError: a node reads a column that the matrix does not have.
        """
        if self.column.size and not 0 <= self.column.min() <= self.column.max() < matrix.shape[1]:
            raise ValueError(f"trees must read columns 0 to {matrix.shape[1] - 1}, found {self.column.min()} to {self.column.max()}")
        columns, sums = np.ascontiguousarray(matrix.T), np.zeros((len(self.first_tree) - 1, len(matrix)))
        ends = np.linspace(0, len(matrix), threads + 1).astype(np.int64).tolist()
        trees = self.first_tree, self.first_node, self.column, self.threshold, self.missing_left, self.left, self.right, self.leaf
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda rows: _add_leaves(sums, columns, rows, trees), pairwise(ends)))
        return sums


def _values(booster: str) -> Mapping[str, list[str]]:
    """Return the values of each name in the text of a booster's trees, one list for all trees."""
    values: dict[str, list[str]] = {}
    for line in booster.partition("\nTree=")[2].partition("\nend of trees")[0].splitlines():
        name, _, text = line.partition("=")
        values.setdefault(name, []).extend(text.split())
    return values


def _numbers(texts: Sequence[Mapping[str, list[str]]], name: str) -> Floats:
    return np.array(list(map(float, chain.from_iterable(text[name] for text in texts))), np.float64)


def _round_down(values: Floats) -> npt.NDArray[np.float32]:
    """Return the largest numbers of 32 bits that are no larger."""
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    return np.where(rounded > values, np.nextafter(rounded, np.float32(-np.inf)), rounded)


@njit(nogil=True, cache=True)
def _add_leaves(sums: Floats, columns: Matrix, rows: tuple[int, int], trees: tuple[npt.NDArray[Any], ...]) -> None:
    """Add the leaves that rows [start, stop) reach to `sums` (B, N); loops over rows are simple enough to run on several at once."""
    first_tree, first_node, column, threshold, missing_left, left, right, leaf = trees
    at = np.empty(BLOCK_ROWS, np.int32)
    for start in range(rows[0], rows[1], BLOCK_ROWS):
        size = min(BLOCK_ROWS, rows[1] - start)
        for booster in range(len(first_tree) - 1):
            for tree in range(first_tree[booster], first_tree[booster + 1]):
                nodes = first_node[tree + 1] - first_node[tree]
                for row in range(size):
                    at[row] = min(nodes, 1) - 1
                for number in range(nodes):
                    node = first_node[tree] + number
                    values, bound = columns[column[node], start : start + size], threshold[node]
                    lower, upper = left[node], right[node]
                    if missing_left[node]:
                        for row in range(size):
                            following = upper if values[row] > bound else lower
                            at[row] = following if at[row] == number else at[row]
                    else:
                        for row in range(size):
                            following = lower if values[row] <= bound else upper
                            at[row] = following if at[row] == number else at[row]
                for row in range(size):
                    sums[booster, start + row] += leaf[first_node[tree] + tree - 1 - at[row]]
