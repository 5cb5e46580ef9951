"""The model: expected escalations as the sum of three parts, all that is needed to say so again, and the most that is plausible."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from features.errors import NotReadyError
from features.panel.build import Panel
from features.panel.case_columns import DUE_ODDS, KIND_ODDS, CaseColumn
from features.panel.feature import Feature
from training.learning.booster import Booster, Columns, contributions, read_booster
from training.learning.calibration import NO_CHANCES, Calibration, CaseChances
from training.learning.case_start import CaseStart
from training.learning.count_variation import POISSON, Variation
from training.learning.design_matrix import RECENT_TAU, Design, Start, cases_of, lay_out, sum_cells
from training.learning.forest import Forest
from training.learning.outcome_split import NO_SPLIT, OutcomeSplit
from training.learning.parts import Part
from training.learning.sampling import Sample
from training.learning.usual_level import USUAL_RATE, RateRegression, UsualLevel, rate_column, subject

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]

MOST_TIMES = 10.0
"""Largest multiple of the level of a grid, and of the mean level of all grids together, that new cases may bring."""


@dataclass(frozen=True)
class Scores:
    """Predictions of a panel, each (T, G)."""

    expected: Floats
    """Escalations in [as_of, as_of + horizon_days); sums of them are expectations too."""
    usual_level: Floats
    """Expectation from the grid's own long-run rate alone."""
    risk: Floats
    """Calibrated P(at least one)."""
    parts: Mapping[Part, Floats]
    """Expected escalations of each part; they add up to `expected`."""


@dataclass(frozen=True)
class Contributions:
    """Attributions of some rows of one part: its mean at (reference + base_value + sum of values), times the weight."""

    part: Part
    feature_names: tuple[str, ...]
    row: Positions
    """(N,) rows of the panel's cases, or cells (as_of x G + grid) for what is new."""
    cell: Positions
    """(N,) as_of x G + grid."""
    expected: Floats
    """(N,) escalations of this row; over all parts they add up to the expected count of their cell."""
    reference: Floats
    """(N,) margin of what is usual: log odds of all cases, or log of the usual count of the grid."""
    base_value: Floats
    """(N,)."""
    values: Floats
    """(N, F), in the margin."""
    outcomes: Floats
    """(N, outcomes) escalations by outcome, in the order of `OUTCOMES`; without columns where there is one outcome only."""


@dataclass(frozen=True)
class Replicated:
    """Expectations of refits to resampled rows, for each row of one part."""

    cell: Positions
    """(N,) as_of x G + grid."""
    expected: Floats
    """(B, N) escalations."""

    def sums(self, shape: tuple[int, int]) -> Floats:
        """Return the sums per cell, (B, T, G)."""
        return np.array([sum_cells(self.cell, row, shape) for row in self.expected], np.float64).reshape(-1, *shape)


@dataclass(frozen=True)
class FittedPart:
    """One part as text and numbers."""

    part: Part
    columns: Columns
    booster: str
    replicates: tuple[str, ...]
    """Boosters fitted to resampled rows: how far scores could have come out differently."""
    start: Start
    split: OutcomeSplit = NO_SPLIT
    """Outcome that its rows would have."""

    def describe(self, panel: Panel) -> tuple[Feature | CaseColumn, ...]:
        """Return what its columns are, in their order."""
        if self.part is Part.NEW:
            return tuple(panel.by_name[name] for name in self.columns.names)
        by_name = {column.name: column for column in (KIND_ODDS, DUE_ODDS, *cases_of(panel, self.part).columns)}
        return tuple(by_name[name] for name in self.columns.names)

    def lay_out(self, panel: Panel, horizon_days: int) -> Design:
        """Return what the trees read of a panel."""
        return lay_out(panel, self.part, self.start, self.columns.names, horizon_days)

    def expected(self, design: Design) -> Floats:
        """Return expected escalations, (T, G)."""
        return design.sums(_margins(design, [self.booster])[0])

    def replicated(self, panel: Panel, horizon_days: int, scale: float, threads: int = 1) -> Replicated:
        """Return what the refits expect of each row, times `scale`, in so many threads."""
        design = self.lay_out(panel, horizon_days)
        margins = _margins(design, self.replicates, threads)
        return Replicated(design.cell, scale * self.part.mean(margins) * design.weight)

    @cached_property
    def trees(self) -> Booster:
        """The booster, read."""
        return read_booster(self.booster)

    def contributions(self, panel: Panel, horizon_days: int, cells: Positions) -> Contributions:
        """Explain the rows of some cells (as_of x G + grid).

        The steps from the reference to the start are owed to the columns that say them.
        """
        design = self.lay_out(panel, horizon_days)
        rows = np.flatnonzero(np.isin(design.cell, cells))
        matrix = design.take(rows)
        added = contributions(self.trees, matrix) if len(rows) else np.zeros((0, len(self.columns.names) + 1))
        values, base_value = added[:, :-1], added[:, -1]
        reference = self.reference(panel, horizon_days)
        for column, step in self.steps(panel, design, reference):
            owed = values[:, self.columns.names.index(column)] if column in self.columns.names else base_value
            owed += step[rows]
        expected = self.part.mean(reference[rows] + base_value + values.sum(axis=1)) * design.weight[rows]
        outcomes = expected[:, None] * self.split.of(matrix)
        return Contributions(
            self.part, self.columns.names, rows, design.cell[rows], expected, reference[rows], base_value, values, outcomes
        )

    def reference(self, panel: Panel, horizon_days: int) -> Floats:
        """Return the margin of what is usual for every row."""
        if isinstance(self.start, CaseStart):
            return np.full(len(cases_of(panel, self.part).case), self.start.odds.overall)
        return np.log(panel.column(rate_column(subject(panel))).astype(np.float64) * horizon_days).ravel()

    def steps(self, panel: Panel, design: Design, reference: Floats) -> Iterable[tuple[str, Floats]]:
        """Return the steps from what is usual to the start of every row, by the columns that speak for them."""
        if isinstance(self.start, CaseStart):
            return self.start.steps(cases_of(panel, self.part))
        return [(f"{subject(panel)}_decay_grid_{RECENT_TAU}d", design.start - reference)]


@dataclass(frozen=True)
class Fitted:
    """A fitted model."""

    target: str
    horizon_days: int
    parts: tuple[FittedPart, ...]
    scale: float
    """Factor on the sum of the parts: below 1 for a rare target that is predicted from the cases of its parent."""
    calibration: Calibration
    variation: Variation = POISSON
    case_chances: CaseChances = NO_CHANCES
    """Observed frequency of escalation among open cases of a like chance."""
    samples: Mapping[str, Sample] = field(default_factory=dict, compare=False)
    """Number of rows that each part and its replicates learnt from; known only where the model was fitted."""

    def predict(self, panel: Panel) -> Scores:
        """Score every grid at every as_of of a panel, at full exposure."""
        parts = {part.part: self.scale * part.expected(part.lay_out(panel, self.horizon_days)) for part in self.parts}
        expected = np.sum(list(parts.values()), axis=0)
        usual = panel.column(USUAL_RATE).astype(np.float64) * self.horizon_days
        return Scores(expected, usual, self.calibration.risk(np.log(expected)), parts)

    def replicated(self, panel: Panel, threads: int = 1) -> dict[Part, Replicated]:
        """Return what the refits expect of the rows of each part, in so many threads."""
        return {part.part: part.replicated(panel, self.horizon_days, self.scale, threads) for part in self.parts}

    def predict_replicates(self, panel: Panel) -> Floats:
        """Return the expected counts of every replicate, (replicates, T, G)."""
        shape = len(panel.as_ofs), len(panel.grid_ids)
        return np.asarray(sum(rows.sums(shape) for rows in self.replicated(panel).values()))

    def contributions(self, panel: Panel, cells: Positions) -> list[Contributions]:
        """Explain some cells of the panel (as_of x G + grid), part by part."""
        given = [part.contributions(panel, self.horizon_days, cells) for part in self.parts]
        return [replace(part, expected=self.scale * part.expected, outcomes=self.scale * part.outcomes) for part in given]

    def files(self) -> dict[str, bytes]:
        """Return the model as files, the same bytes for the same model."""
        boosters = dict(self._boosters())
        sidecars = {
            "model.json": {
                "target": self.target,
                "horizon_days": self.horizon_days,
                "parts": [part.part for part in self.parts],
                "scale": self.scale,
                "variation": asdict(self.variation),
                "case_chances": self.case_chances.escalated,
            },
            "features.json": {part.part: asdict(part.columns) for part in self.parts},
            "start.json": {part.part: asdict(part.start) for part in self.parts},
            "outcomes.json": {part.part: part.split.shares for part in self.parts},
            "calibration.json": asdict(self.calibration),
        }
        return {name: text.encode() for name, text in boosters.items()} | {name: _json(value) for name, value in sidecars.items()}

    def _boosters(self) -> Iterator[tuple[str, str]]:
        for part in self.parts:
            yield f"{part.part}.lgb", part.booster
            if part.split.booster:
                yield f"{part.part}-split.lgb", part.split.booster
            yield from ((f"{part.part}-replicate-{number:02}.lgb", text) for number, text in enumerate(part.replicates))

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Read what `files` returned.

        Raises:
            NotReadyError: an earlier yujing trained it, whose models had no parts.
        """
        about, calibration = (json.loads(files[name]) for name in ("model.json", "calibration.json"))
        if "parts" not in about:
            raise NotReadyError(
                "the model must be one of parts, found one of an earlier yujing. Run `yujing train`, then `yujing models promote`."
            )
        parts = tuple(_read_part(Part(name), files) for name in about["parts"])
        variation, chances = Variation(**about.get("variation", {})), CaseChances(tuple(about.get("case_chances", ())))
        return cls(about["target"], about["horizon_days"], parts, about["scale"], Calibration(**calibration), variation, chances)


def part_of(file: str) -> Part:
    """Return the part that a booster file belongs to.

    >>> part_of("open-replicate-03.lgb")
    <Part.OPEN: 'open'>
    """
    return Part(file.partition(".")[0].partition("-")[0])


def _margins(design: Design, boosters: Sequence[str], threads: int = 1) -> Floats:
    """Return the margins of all rows by each booster, (B, N)."""
    forest = Forest.read(boosters)
    margins = np.repeat(design.start[None], len(boosters), axis=0)
    for rows in design.blocks():
        margins[:, rows] += forest.margins(design.take(rows), threads)
    return margins


def _read_part(part: Part, files: Mapping[str, bytes]) -> FittedPart:
    columns, start = (json.loads(files[name])[part] for name in ("features.json", "start.json"))
    replicates = sorted(name for name in files if name.startswith(f"{part}-replicate-"))
    return FittedPart(
        part=part,
        columns=Columns(tuple(columns["names"]), tuple(columns["directions"])),
        booster=files[f"{part}.lgb"].decode(),
        replicates=tuple(files[name].decode() for name in replicates),
        start=_read_start(part, start),
        split=_read_split(part, files),
    )


def _read_split(part: Part, files: Mapping[str, bytes]) -> OutcomeSplit:
    """Return how the rows of a part would escalate; models of an older program do not say."""
    shares = json.loads(files.get("outcomes.json", b"{}")).get(part, ())
    return OutcomeSplit(tuple(shares), files.get(f"{part}-split.lgb", b"").decode())


def _read_start(part: Part, start: dict[str, Any]) -> Start:
    if part is not Part.NEW:
        return CaseStart.from_json(start)
    regression = start["regression"]
    bounds = tuple(regression["bounds"])
    return UsualLevel(start["floor"], start["shares"], RateRegression(regression["intercept"], regression["slopes"], bounds))


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def most_expected(model: Fitted, panel: Panel) -> Floats:
    """Return the largest plausible number of escalations by a model, (T, G)."""
    return most_of(part.lay_out(panel, model.horizon_days) for part in model.parts)


def most_of(designs: Iterable[Design]) -> Floats:
    """Return the largest plausible number by the designs of all parts, (T, G): each case once, and `MOST_TIMES` the level of new ones."""
    return np.asarray(np.sum([_most(design) for design in designs], axis=0), np.float64)


def _most(design: Design) -> Floats:
    if design.part is not Part.NEW:
        return sum_cells(design.cell, design.weight, design.shape)
    level = np.exp(design.start).reshape(design.shape)
    return np.asarray(MOST_TIMES * (level + level.mean(axis=1, keepdims=True)))
