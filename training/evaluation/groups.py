"""Kinds of places beside one another: what the list found in each, and what may be said of the difference."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

CALIBRATED = (0.8, 1.25)
"""Bounds between which observed over expected is right."""


class Verdict(StrEnum):
    """What may be said of one grouping."""

    EVEN = "pass"
    BLOCK = "block"
    INCONCLUSIVE = "inconclusive"
    """Less even than wanted, but so may be a list that is blind to the groups."""
    NOT_ESTIMABLE = "not_estimable"
    """Fewer than two groups hold enough to be judged, which is no pass."""


@dataclass(frozen=True)
class Group:
    """One kind of place; what would rest on too little is None."""

    name: str
    grids: int
    positives: int
    """Grids x as_ofs with an escalation."""
    recall: float | None = None
    """Share of its escalations that lay in listed grids."""
    recall_by_rates: float | None = None
    """The same of the expected ones: what the length of the list allows where the model is right."""
    observed_over_expected: float | None = None
    ci90: tuple[float, float] | None = None
    """Of observed over expected, grids drawn again."""

    @property
    def is_off(self) -> bool:
        """Tell whether its expected counts are surely too high or too low."""
        return self.ci90 is not None and (self.ci90[0] > CALIBRATED[1] or self.ci90[1] < CALIBRATED[0])


@dataclass(frozen=True)
class Grouping:
    """All kinds of places by one column, in the order of their codes."""

    groups: tuple[Group, ...]
    ratio: float | None
    """Lowest recall over highest."""
    chance: float | None
    """How often groups drawn at random are as uneven, allowing for the number of groupings (Holm)."""
    verdict: Verdict


def to_json(groupings: Mapping[str, Grouping]) -> dict[str, Any]:
    """Return what is stored with a backtest, by the name of the grouping."""
    return {name: asdict(each) | {"off": [group.name for group in each.groups if group.is_off]} for name, each in groupings.items()}
