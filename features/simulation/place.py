"""Differences of places: lasting levels, drift, and the share of events that is recorded."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.simulation.dispute_numbers import Recording
from features.simulation.ground import Ground
from features.simulation.mix import Mix
from features.simulation.preset import Place, Preset, Span

Floats = npt.NDArray[np.float64]

PROPERTY = "property_mgmt"


@dataclass(frozen=True)
class Levels:
    """Lasting traits of each part."""

    place: Floats
    """(P,) factor on all rates; the mean over grids is 1."""
    property_trouble: Floats
    """(P,) further factor on property matters of every type."""
    drift: Floats
    """(P, W) factor of each week, expected value 1."""
    seen: Floats
    """(P,) share of disputes that are recorded."""
    staff: Floats
    """(P,) grid workers."""
    silent_from: Floats
    """(P,) days from the start until its grid falls silent for a while, infinity for most."""


def draw_levels(preset: Preset, ground: Ground, span: Span, rng: np.random.Generator) -> Levels:
    """Draw what is lasting about each part of the ground."""
    place, low, high = preset.place, *preset.recording.seen_range
    level = np.exp(
        rng.normal(0, place.grid_sigma, ground.parts)
        + rng.normal(0, place.community_sigma, ground.community.max() + 1)[ground.community]
        + rng.normal(0, place.township_sigma, ground.township.max() + 1)[ground.township]
    )
    middle, concentration = (preset.recording.seen_mean - low) / (high - low), preset.recording.seen_concentration
    return Levels(
        place=level / np.average(level, weights=ground.exposure),
        property_trouble=rng.lognormal(0, _property_sigma(place), ground.parts),
        drift=np.exp(_autoregression(place, (ground.parts, span.weeks), rng) - place.drift_sigma**2 / 2),
        seen=low + (high - low) * rng.beta(middle * concentration, (1 - middle) * concentration, ground.parts),
        staff=ground.exposure * rng.uniform(*preset.size.staff, ground.parts),
        silent_from=_silent_from(preset.recording, ground, span.days, rng),
    )


def base_rates(per_year: float, mix: Mix, levels: Levels, ground: Ground, place: Place, rng: np.random.Generator) -> Floats:
    """Return (P, K) matters per day by category, `per_year` in a grid on the whole; each category has its own heights."""
    percent = np.array(list(mix.values()))[:, ground.area_type].T
    own = rng.lognormal(0, place.category_sigma, percent.shape)
    own[:, [kind == PROPERTY for kind in mix]] = levels.property_trouble[:, None]
    usual = ground.exposure[:, None] * levels.place[:, None] * percent / percent.sum(axis=1, keepdims=True)
    even = np.average(own, axis=0, weights=usual + np.finfo(float).tiny)
    return np.asarray(usual * own / even * per_year / 365.25)


def _property_sigma(place: Place) -> float:
    """Return the log standard deviation of property matters beyond that of the place."""
    of_place = place.grid_sigma**2 + place.community_sigma**2 + place.township_sigma**2
    return float(np.sqrt(max(place.property_sigma**2 - of_place, 0)))


def _autoregression(place: Place, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return stationary AR(1) paths of this shape, time along the second axis."""
    steps = rng.normal(0, place.drift_sigma, shape)
    steps[:, 1:] *= np.sqrt(1 - place.drift_phi**2)
    for week in range(1, shape[1]):
        steps[:, week] += place.drift_phi * steps[:, week - 1]
    return steps


def _silent_from(rules: Recording, ground: Ground, days: int, rng: np.random.Generator) -> Floats:
    """Draw when parts fall silent; those of one grid do so together."""
    grids = ground.grids.height
    return np.asarray(np.where(rng.random(grids) < rules.silent_share, rng.uniform(0, days, grids), np.inf)[ground.before])
