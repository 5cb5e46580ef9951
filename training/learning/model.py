"""The model: expected escalations = usual level x factor, and all that is needed to say so again."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from features.panel.build import Matrix, Panel
from training.learning.booster import Booster, Columns, contributions, margin, read_booster
from training.learning.calibration import Calibration
from training.learning.design_matrix import read_rows
from training.learning.init_score import DUE, init_score_per_day
from training.learning.usual_level import RECENT, USUAL_RATE, UsualLevel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """What the model says of a panel, each (T, G)."""

    expected: Floats
    """Escalations in [as_of, as_of + horizon_days); sums of them are expectations too."""
    usual_level: Floats
    """What the grid's own long-run rate alone would give."""
    risk: Floats
    """Calibrated P(at least one)."""


@dataclass(frozen=True)
class Contributions:
    """Why some rows got their score: expected = usual_level x exp(base_value + sum of values)."""

    feature_names: tuple[str, ...]
    values: Floats
    """(N, F), in the log of the rate."""
    base_value: Floats
    """(N,)."""
    usual_level: Floats
    """(N,), over the horizon."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model as text and numbers."""

    target: str
    horizon_days: int
    columns: Columns
    booster: str
    replicates: tuple[str, ...]
    """Boosters fitted to resampled rows: how far scores could have come out differently."""
    level: UsualLevel
    calibration: Calibration

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Panel columns the model reads, in order."""
        return self.columns.names

    def rows(self, panel: Panel) -> Matrix:
        """Return what the trees read of a panel, (T * G, F), ordered by as_of and then grid."""
        return read_rows(panel, self.level, self.feature_names)

    def predict(self, panel: Panel) -> Scores:
        """Score every grid at every as_of of a panel, at full exposure."""
        expected = self._start(panel) * self._factor(self._trees, panel)
        return Scores(expected, self._usual(panel), self.calibration.risk(np.log(expected)))

    def predict_replicates(self, panel: Panel) -> Floats:
        """Return the expected counts of every replicate, (replicates, T, G)."""
        start = self._start(panel)
        return np.array([start * self._factor(read_booster(text), panel) for text in self.replicates]).reshape(-1, *start.shape)

    def contributions(self, panel: Panel, rows: npt.NDArray[np.integer]) -> Contributions:
        """Explain some of the panel's `rows`, given by position (as_of x G + grid).

        The steps from the usual count to the level, which follows the last weeks, and on to what cases falling due foretell are owed to
        the columns they are made of.
        """
        parts = contributions(self._trees, self.rows(panel)[rows])
        values, base_value = parts[:, :-1], parts[:, -1]
        usual, level, start = (rate.ravel()[rows] for rate in (self._usual(panel), self._level(panel), self._start(panel)))
        for column, step in ((RECENT, np.log(level / usual)), (DUE, np.log(start / level))):
            owed = values[:, self.feature_names.index(column)] if column in self.feature_names else base_value
            owed += step
        return Contributions(self.feature_names, values, base_value, usual)

    def files(self) -> dict[str, bytes]:
        """Return the model as files, the same bytes for the same model."""
        boosters = {"model.lgb": self.booster} | {f"replicate-{number:02}.lgb": text for number, text in enumerate(self.replicates)}
        sidecars = {
            "model.json": {"target": self.target, "horizon_days": self.horizon_days},
            "features.json": asdict(self.columns),
            "level.json": asdict(self.level),
            "calibration.json": asdict(self.calibration),
        }
        return {name: text.encode() for name, text in boosters.items()} | {name: _json(value) for name, value in sidecars.items()}

    @classmethod
    def from_files(cls, files: dict[str, bytes]) -> Self:
        """Read what `files` returned."""
        about, columns, level, calibration = (
            json.loads(files[name]) for name in ("model.json", "features.json", "level.json", "calibration.json")
        )
        return cls(
            target=about["target"],
            horizon_days=about["horizon_days"],
            columns=Columns(tuple(columns["names"]), tuple(columns["directions"])),
            booster=files["model.lgb"].decode(),
            replicates=tuple(files[name].decode() for name in sorted(files) if name.startswith("replicate-")),
            level=UsualLevel(**level),
            calibration=Calibration(**calibration),
        )

    @cached_property
    def _trees(self) -> Booster:
        return read_booster(self.booster)

    def _usual(self, panel: Panel) -> Floats:
        return panel.column(USUAL_RATE).astype(np.float64) * self.horizon_days

    def _level(self, panel: Panel) -> Floats:
        return self.level.per_day(panel) * self.horizon_days

    def _start(self, panel: Panel) -> Floats:
        return init_score_per_day(panel, self.level, self.horizon_days) * self.horizon_days

    def _factor(self, trees: Booster, panel: Panel) -> Floats:
        shape = len(panel.as_ofs), len(panel.grid_ids)
        return np.exp(margin(trees, self.rows(panel))).reshape(shape)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
