"""Reasons: what moves a grid's score, summed by reason group and said in words.

Contributions live in the log of the factor, so the groups of one grid multiply to its factor. Words say what goes with the score, never
what brought it about.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.panel.feature import Feature, Kind
from features.schema import SENSITIVE_CATEGORIES
from serving.rankings.schemas import Explanation, Reason
from serving.text import Text, fill
from training.learning.model import Contributions

BASE = "base"
"""Group of what applies to all grids alike: the base value of the model."""
MOST, LEAST = 5, 3
"""Reasons given at most, and given even where they move little."""
CONTEXTS = 2
WORTH_SAYING = math.log(1.05)
"""Contribution from which a further reason, or any context, is worth a line."""
DECIMALS = 9
"""Decimals of published contributions: enough for their product to equal the factor to 1e-6."""

Floats = npt.NDArray[np.float64]


def explain_rows(
    features: tuple[Feature, ...], values: npt.NDArray[np.floating], parts: Contributions, certainty: Iterable[tuple[Text, ...]]
) -> Iterator[Explanation]:
    """Explain scores row by row.

    Args:
        features: the model's columns, F of them.
        values: (N, F) what is known of each grid; NaN is missing.
        parts: what each column adds to the log of the factor of each row.
        certainty: how far the figures of each row carry.
    """
    groups = tuple(dict.fromkeys(feature.reason for feature in features))
    member = np.array([groups.index(feature.reason) for feature in features])
    for known, added, base, certain in zip(values, parts.values, parts.base_value.tolist(), certainty, strict=True):
        sums = np.bincount(member, added, minlength=len(groups)).astype(np.float64)
        strongest = [int(group) for group in np.argsort(-np.abs(sums), kind="stable")]
        row = _Row(features, member, known, added, sums)
        yield Explanation(
            contributions={BASE: round(base, DECIMALS)} | dict(zip(groups, np.round(sums, DECIMALS).tolist(), strict=True)),
            reasons=tuple(_reasons(row, groups, strongest)),
            context=tuple(_context(row, strongest)),
            certainty=certain,
        )


@dataclass(frozen=True)
class _Row:
    features: tuple[Feature, ...]
    member: npt.NDArray[np.int64]
    known: npt.NDArray[np.floating]
    added: Floats
    sums: Floats

    def spokesman(self, group: int, kind: Kind) -> int | None:
        """Return the feature of that kind that moves its group most in the group's own direction; None where none may be named."""
        sign = np.sign(self.sums[group])
        named = [
            index
            for index in np.flatnonzero(self.member == group).tolist()
            if self.features[index].kind == kind and not math.isnan(self.known[index]) and may_be_named(self.features[index])
        ]
        pulling = [index for index in named if self.added[index] * sign > 0]
        return max(pulling, key=lambda index: abs(self.added[index]), default=None)

    def say(self, index: int) -> Text:
        feature, value = self.features[index], float(self.known[index])
        return Text(zh=fill(feature.zh, value, feature.unit), en=fill(feature.en, value, feature.unit))


def may_be_named(feature: Feature) -> bool:
    """Tell whether a feature may stand in a sentence about one grid: no sensitive category, no petition volume."""
    return feature.category not in SENSITIVE_CATEGORIES and not feature.is_petition_volume


def _reasons(row: _Row, groups: tuple[str, ...], strongest: list[int]) -> Iterator[Reason]:
    given = 0
    for group in strongest:
        moved = float(row.sums[group])
        if given == MOST or (given >= LEAST and abs(moved) < WORTH_SAYING):
            return
        index = row.spokesman(group, Kind.DRIVER)
        if index is not None:
            given += 1
            fact = row.say(index)
            yield Reason(
                group=groups[group],
                factor=round(math.exp(moved), DECIMALS),
                words=_against_usual(fact, moved),
                feature=row.features[index].name,
                fact=fact,
            )


def _against_usual(fact: Text, moved: float) -> Text:
    """Add which way and how far a fact goes with the score, against the grid's own usual."""
    factor = f"{math.exp(moved):.2f}"
    if moved > 0:
        return Text(zh=f"↑ {fact.zh}:与高于本网格常态相关(×{factor})", en=f"↑ {fact.en}: goes with more than is usual here (×{factor})")
    return Text(zh=f"↓ {fact.zh}:与低于本网格常态相关(×{factor})", en=f"↓ {fact.en}: goes with less than is usual here (×{factor})")


def _context(row: _Row, strongest: list[int]) -> Iterator[Text]:
    telling = [group for group in strongest if abs(row.sums[group]) >= WORTH_SAYING]
    named = [index for group in telling if (index := row.spokesman(group, Kind.CONTEXT)) is not None]
    return (row.say(index) for index in named[:CONTEXTS])
