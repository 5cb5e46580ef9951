"""Disparity: whether the list finds what happens alike in all kinds of places, and whether counts are right in each of them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.schema import Col
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import flag
from training.evaluation.predictions import EXPECTED, TOWNSHIP

CALIBRATED = (0.8, 1.25)
"""Bounds between which observed over expected is right."""


class Verdict(StrEnum):
    """Statements that may be made about one grouping."""

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
    """P-value: share of random groupings that are as uneven, corrected for the number of groupings (Holm)."""
    verdict: Verdict


def to_json(groupings: Mapping[str, Grouping]) -> dict[str, Any]:
    """Return what is stored with a backtest, by the name of the grouping."""
    return {name: asdict(each) | {"off": [group.name for group in each.groups if group.is_off]} for name, each in groupings.items()}


Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Names = npt.NDArray[np.str_]

REPORTING = "low_reporting"
"""A list made from records finds less where least is recorded, whatever the model: shown, but blocked for its counts alone."""
GROUPINGS = (Col.AREA_TYPE, REPORTING, TOWNSHIP)
"""Columns of the predictions by which places are told apart; being one of a kind is no feature."""
LISTED = 0.1
"""Share of the grids of an as_of that stands for the list."""
LEAST_POSITIVES, LEAST_GRIDS = 30, 10
LEAST_RATIO, UNLIKELY = 0.8, 0.05
DRAWS = 1_000
INTERVAL = (5, 95)


@dataclass(frozen=True)
class _Sums:
    """Per grid, (G,), summed over the as_ofs."""

    found: Floats
    happened: Floats
    expected_listed: Floats
    expected: Floats
    positives: Floats

    def of(self, grids: npt.NDArray[np.bool_]) -> "_Sums":
        return _Sums(*(values[grids] for values in vars(self).values()))


def compare_groups(predictions: pl.DataFrame, horizon_days: int, seed: int) -> dict[str, Grouping]:
    """Hold the kinds of places against each other, over as_ofs whose horizons do not overlap.

    Args:
        predictions: as `training.evaluation.predictions.tabulate` returns them.
        horizon_days: what an expected count covers.
        seed: of the groups drawn at random, and of the intervals.

    Returns: by column of `GROUPINGS`; a column that tells no two kinds apart is left out.
    """
    rows = predictions.filter(pl.col(Col.AS_OF).is_in(_apart(predictions[Col.AS_OF].unique().to_list(), horizon_days)))
    rows = rows.sort(Col.GRID_ID, Col.AS_OF)
    sums, (_, townships) = _sum_grids(rows), np.unique(_group_of(rows, TOWNSHIP), return_inverse=True)
    generator = np.random.default_rng(seed)
    groupings = {}
    for column in GROUPINGS:
        group_of = _group_of(rows, column)
        if len(set(group_of) - {""}) > 1:
            shuffled_within = np.zeros_like(townships) if column == TOWNSHIP else townships
            groupings[column] = _compare(sums, group_of, shuffled_within, generator)
    return _judge(groupings)


def _apart(as_ofs: list[date], horizon_days: int) -> list[date]:
    """Return as_ofs, from the first on, each at least a horizon after the one before."""
    chosen: list[date] = []
    for day in sorted(as_ofs):
        if not chosen or day >= chosen[-1] + timedelta(days=horizon_days):
            chosen.append(day)
    return chosen


def _group_of(rows: pl.DataFrame, column: str) -> Names:
    """Return the group that each grid mostly belongs to, (G,); empty where unknown."""
    usual = rows.group_by(Col.GRID_ID, maintain_order=True).agg(pl.col(column).cast(pl.String).mode().min())
    return usual[column].to_numpy().astype(np.str_)


def _sum_grids(rows: pl.DataFrame) -> _Sums:
    expected, happened = (rows[name].cast(pl.Float64).to_numpy() for name in (EXPECTED + MODEL, "count"))
    listed = flag(expected, rows[Col.AS_OF].to_physical().to_numpy(), LISTED)
    grid = rows[Col.GRID_ID].rle_id().to_numpy()
    columns = (listed * happened, happened, listed * expected, expected, (happened >= 1).astype(np.float64))
    return _Sums(*(np.bincount(grid, column).astype(np.float64) for column in columns))


def _compare(sums: _Sums, group_of: Names, shuffled_within: Codes, generator: np.random.Generator) -> Grouping:
    """Judge each group, and draw groups at random within areas to see how uneven a blind list would be."""
    names, code = np.unique(group_of, return_inverse=True)
    groups = {number: _group(str(name), sums.of(code == number), generator) for number, name in enumerate(names) if name}
    judged = [number for number, group in groups.items() if group.recall is not None]
    if len(judged) <= 1:
        return Grouping(tuple(groups.values()), None, None, Verdict.NOT_ESTIMABLE)
    ratio = _ratio(sums, code, judged)
    drawn = [_ratio(sums, shuffled, judged) for shuffled in _shuffle(code, shuffled_within, generator)]
    chance = (1 + sum(other <= ratio for other in drawn)) / (1 + DRAWS)
    return Grouping(tuple(groups.values()), ratio, chance, Verdict.EVEN if ratio >= LEAST_RATIO else Verdict.INCONCLUSIVE)


def _group(name: str, sums: _Sums, generator: np.random.Generator) -> Group:
    grids, positives = len(sums.happened), int(sums.positives.sum())
    if grids < LEAST_GRIDS or positives < LEAST_POSITIVES:
        return Group(name, grids, positives)
    both = np.stack([sums.happened, sums.expected])
    drawn = np.array([both[:, generator.integers(0, grids, grids)].sum(axis=1) for _ in range(DRAWS)])
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], INTERVAL).tolist()
    return Group(
        name,
        grids,
        positives,
        recall=float(sums.found.sum() / sums.happened.sum()),
        recall_by_rates=float(sums.expected_listed.sum() / sums.expected.sum()),
        observed_over_expected=float(sums.happened.sum() / sums.expected.sum()),
        ci90=(low, high),
    )


def _ratio(sums: _Sums, code: Codes, judged: list[int]) -> float:
    """Return the lowest recall of the judged groups over the highest; a group that was drawn no escalation says nothing."""
    found, happened = (np.bincount(code, values)[judged] for values in (sums.found, sums.happened))
    recall = found[happened > 0] / happened[happened > 0]
    return float(recall.min() / recall.max()) if recall.max(initial=0) > 0 else 1.0


def _shuffle(code: Codes, within: Codes, generator: np.random.Generator) -> Iterator[Codes]:
    """Yield the groups in another order inside each area, once for each draw; the next draw overwrites the array."""
    shuffled, place = np.empty_like(code), np.argsort(within, kind="stable")
    for _ in range(DRAWS):
        shuffled[place] = code[np.argsort(within + generator.random(len(code)))]
        yield shuffled


def _judge(groupings: Mapping[str, Grouping]) -> dict[str, Grouping]:
    """Allow for the number of groupings; block where the groups explain what chance does not, and where counts are off."""
    tested = sorted((each.chance, name) for name, each in groupings.items() if each.chance is not None)
    chances = np.maximum.accumulate([min(1.0, chance * (len(tested) - place)) for place, (chance, _) in enumerate(tested)])
    corrected = {name: float(chance) for (_, name), chance in zip(tested, chances, strict=True)}
    judged = {}
    for name, each in groupings.items():
        chance = corrected.get(name)
        unexplained = chance is not None and chance <= UNLIKELY and name != REPORTING
        uneven = each.verdict is Verdict.INCONCLUSIVE and unexplained
        blocked = uneven or any(group.is_off for group in each.groups)
        judged[name] = replace(each, chance=chance, verdict=Verdict.BLOCK if blocked else each.verdict)
    return judged
