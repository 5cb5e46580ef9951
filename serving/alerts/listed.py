"""A published list as the alert rule reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from serving.alerts.rule import Candidate
from serving.alerts.words import Odds
from serving.lists.rows import GridRow, Score, place_of


class Rated(NamedTuple):
    """A grid that has a rank."""

    row: GridRow
    score: Score

    @property
    def path(self) -> str:
        """Place in the grid tree, the grid itself last."""
        row = self.row
        return place_of({"grid_id": row.grid_id, "community": row.community, "township": row.township, "district": row.district})


@dataclass(frozen=True)
class Listed:
    """All rows of a list."""

    rows: Sequence[GridRow]

    @cached_property
    def rated(self) -> dict[str, Rated]:
        """Rated grids by grid_id, in the order of their rank."""
        pairs = [Rated(row, row.score) for row in self.rows if row.score]
        return {pair.row.grid_id: pair for pair in sorted(pairs, key=lambda pair: pair.score.rank)}

    @cached_property
    def candidates(self) -> list[Candidate]:
        """What the rule decides on, by rank."""
        count = len(self.rated)
        return [Candidate(grid_id, each.path, each.row.township or "", each.score.rank / count) for grid_id, each in self.rated.items()]

    def odds(self, score: Score) -> Odds:
        """Return a grid's chances: their range is that of the places it could have on this list."""
        low, high = self._risks[score.rank_high - 1], self._risks[score.rank_low - 1]
        return Odds(score.risk, min(low, score.risk), max(high, score.risk), self._average)

    @cached_property
    def _risks(self) -> list[float]:
        return [each.score.risk for each in self.rated.values()]

    @cached_property
    def _average(self) -> float:
        return sum(self._risks) / len(self._risks)
