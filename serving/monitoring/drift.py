"""Drift as an effect size: the population stability index, with what chance alone adds to it taken off. No p-values: they grow with n."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.facts.facts import Facts
from features.facts.places import Places
from features.panel.build import build_features, catalogue
from features.panel.feature import Feature, as_label
from features.settings import BuildSettings
from serving.text import Text

About = Literal["completeness", "features", "predictions", "quality", "calendar", "agreement"]


@dataclass(frozen=True)
class Finding:
    """One thing that asks for attention."""

    about: About
    words: Text


@dataclass(frozen=True)
class Unknown:
    """Reason for which a figure cannot be given."""

    reason: Text

    def to_json(self) -> dict[str, object]:
        """Return the reason in both languages."""
        return {"reason": {"zh": f"不能估计：{self.reason.zh}", "en": f"cannot be estimated: {self.reason.en}"}}


Floats = npt.NDArray[np.floating]

SHIFTED_FROM = 0.25
"""Index from which a distribution counts as another one, by the usual rule of thumb."""
SHIFTED_SHARE = 0.1
"""Share of the features that may shift before anybody is told: some always do."""
CELLS = 10
FLOOR = 1e-4
SEASON_DAYS = 364
"""A year in whole weeks, so that weekdays meet weekdays."""
NAMED = 5


@dataclass(frozen=True)
class Shift:
    """Shift of one column."""

    name: str
    zh: str
    """Name, n in the place of its value."""
    en: str
    psi: float


def stability(now: Floats, before: Floats, independent: tuple[int, int]) -> float:
    """Return the population stability index of two samples over tenths of the one before, missing values as a cell of their own.

    Args:
        now: values, NaN where missing.
        before: values they are compared with.
        independent: how many values of each count as independent; chance adds (cells - 1) x (1 / n + 1 / m), which is taken off.
    """
    known = before[~np.isnan(before)]
    edges = np.unique(np.quantile(known, np.arange(1, CELLS) / CELLS)) if len(known) else np.zeros(0)
    shares = [_shares(values, edges) for values in (now, before)]
    used = shares[0] + shares[1] > 0
    new, old = (np.maximum(share[used], FLOOR) for share in shares)
    chance = (used.sum() - 1) * sum(1 / count for count in independent)
    return max(0.0, float(((new - old) * np.log(new / old)).sum() - chance))


def feature_shifts(facts: Facts, as_ofs: Days, horizon_days: int, read: Collection[str], build: BuildSettings) -> list[Shift]:
    """Compare every column that a model reads with the same season a year before, the largest shift first.

    Values of one grid on neighbouring days are one observation, and so are those of all grids of an area where a column is the area's.
    Left out are windows that a year before reached back beyond the first record.

    Args:
        facts: the log.
        as_ofs: days of the season to judge.
        horizon_days: days ahead that the model speaks of.
        read: names of the columns in the model's own list.
        build: how the panel is built.
    """
    recorded = int(as_ofs[0]) - SEASON_DAYS - facts.first_day
    known = catalogue(facts, horizon_days, build)
    columns = tuple(feature for feature in known if feature.name in read and (feature.window_days or 0) <= recorded)
    panel = build_features(facts, np.concatenate([as_ofs - SEASON_DAYS, as_ofs]), horizon_days, build, columns)
    before, now = panel.values[:, : len(as_ofs)], panel.values[:, len(as_ofs) :]
    shifts = [
        Shift(
            feature.name,
            as_label(feature.zh),
            as_label(feature.en),
            stability(new.ravel(), old.ravel(), (_observations(feature, facts.places),) * 2),
        )
        for feature, new, old in zip(columns, now, before, strict=True)
    ]
    return sorted(shifts, key=lambda shift: -shift.psi)


def _observations(feature: Feature, places: Places) -> int:
    """Return how many values of one day are independent: the grids, or the areas whose grids share one value."""
    if feature.scope is None:
        return 1
    return places.levels[feature.scope].size if feature.scope in places.levels else places.size


def shift_findings(shifts: list[Shift]) -> list[Finding]:
    """Say that more columns than usual moved."""
    moved = [shift for shift in shifts if shift.psi >= SHIFTED_FROM]
    if len(moved) < max(1, SHIFTED_SHARE * len(shifts)):
        return []
    names = ", ".join(f"{shift.name} ({shift.psi:.2f})" for shift in moved[:NAMED])
    share = f"{len(moved)}/{len(shifts)}"
    zh = f"{share}列特征与上年同期明显不同，最大的是：{names}"
    return [
        Finding("features", Text(zh=zh, en=f"{share} features differ clearly from the same season a year before, most of all: {names}"))
    ]


def prediction_shift(now: Floats, before: Floats) -> float:
    """Return the index of expected escalations of some lists against earlier ones, both (T, G); unrated grids count as a cell."""
    return stability(now.ravel(), before.ravel(), (now.shape[1], before.shape[1]))


def prediction_findings(psi: float) -> list[Finding]:
    """Say that lists came to expect other counts than before."""
    if psi < SHIFTED_FROM:
        return []
    words = Text(
        zh=f"预计件数的分布与前四周明显不同（PSI {psi:.2f}）", en=f"expected counts differ from the four weeks before (PSI {psi:.2f})"
    )
    return [Finding("predictions", words)]


def _shares(values: Floats, edges: Floats) -> npt.NDArray[np.float64]:
    cell = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, np.nan_to_num(values), side="right"))
    return np.asarray(np.bincount(cell, minlength=len(edges) + 2) / max(1, len(values)), np.float64)
