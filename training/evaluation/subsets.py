"""Parts of the test rows that are scored on their own, chosen by what was known at as_of, never by a model."""

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt

from features.facts.facts import Facts, Marks
from features.panel.build import Panel
from features.schema import EventType
from training.evaluation.baselines import z_score
from training.evaluation.metrics import flag

Flags = npt.NDArray[np.bool_]

FESTIVAL = "days_to_spring_festival"
QUIET_DAYS, YEAR_DAYS = 90, 365
CHRONIC_SHARE = 0.1
RISING_Z = 1.0
LOW_REPORTING_SHARE = 0.25
FESTIVAL_DAYS = 28
REDRAWN_DAYS = 60

SUBSETS = ("onset", "chronic", "rising", "low_reporting", "before_spring_festival", "after_redraw")


def subsets(facts: Facts, panel: Panel) -> dict[str, Flags]:
    """Return name -> which rows belong to it, (T, G)."""
    redrawn_ago = panel.as_ofs[:, None] - facts.places.redrawn_day.astype(np.int64)
    chosen = (
        _quiet(panel),
        _chronic(panel),
        z_score(panel) >= RISING_Z,
        _low_reporting(panel),
        _before_spring_festival(panel),
        (redrawn_ago >= 0) & (redrawn_ago < REDRAWN_DAYS),
    )
    return dict(zip(SUBSETS, chosen, strict=True))


def _quiet(panel: Panel) -> Flags:
    """Tell where nothing is open and nothing was reported for 90 days: an escalation there comes out of the blue.

    In a log that tells disputes from other matters only they are a sign: everywhere somebody asks for something in 90 days.
    """
    own = [feature for feature in panel.features if feature.origin is None]
    signs = [
        feature for feature in own if feature.measure == "open_count" or (feature.family == "counts" and feature.window_days == QUIET_DAYS)
    ]
    disputes = [feature for feature in signs if feature.subject == EventType.DISPUTE]
    quiet = [panel.column(feature.name) == 0 for feature in disputes or signs]
    return np.all(quiet, axis=0) if quiet else np.zeros(panel.values.shape[1:], np.bool_)


def _chronic(panel: Panel) -> Flags:
    """Tell which grids are among the tenth with the most escalations of the last year."""
    counts = panel.column("target_count_grid_365d")
    return _highest(counts, CHRONIC_SHARE) & (counts > 0)


def _low_reporting(panel: Panel) -> Flags:
    """Tell which grids are among the quarter that reported least in a year, all kinds of cases but petitions together."""
    reports = [
        panel.column(feature.name)
        for feature in panel.features
        if feature.family == "counts" and feature.window_days == YEAR_DAYS and not feature.is_petition_volume
    ]
    return _highest(-np.sum(reports, axis=0), LOW_REPORTING_SHARE) if reports else np.zeros(panel.values.shape[1:], np.bool_)


def _before_spring_festival(panel: Panel) -> Flags:
    """Tell which as_ofs lie in the four weeks before the Spring Festival, where it is kept."""
    if FESTIVAL not in panel.names:
        return np.zeros(panel.values.shape[1:], np.bool_)
    ahead = panel.column(FESTIVAL)
    return np.asarray((ahead > 0) & (ahead <= FESTIVAL_DAYS))


def _highest(values: npt.NDArray[np.floating], share: float) -> Flags:
    """Tell which grids are surely among the highest `share` of their as_of; those tied at the edge are not."""
    as_of = np.repeat(np.arange(len(values)), values.shape[1])
    return np.asarray((flag(values.ravel(), as_of, share) == 1).reshape(values.shape))


STAFF_SOURCES = ("grid_worker", "visit")
"""Sources whose records exist because staff looked."""


def resident_reported(facts: Facts) -> Facts | None:
    """Return the facts with only those escalations whose case a resident brought; None where the log does not say of any case."""
    known, brought = _brought_by_residents(facts)
    if not known.any():
        return None
    chosen = brought[facts.target.case]
    marks = {column.name: getattr(facts.target, column.name)[chosen] for column in fields(facts.target)}
    return replace(facts, target=Marks(**marks))


def _brought_by_residents(facts: Facts) -> tuple[Flags, Flags]:
    """Tell of which cases it is known who found them, and which a resident brought; `self_found` goes before the source."""
    staff = np.isin(np.array([*facts.sources, ""]), STAFF_SOURCES)
    stated, sourced = facts.cases.self_found >= 0, facts.cases.source >= 0
    brought = np.where(stated, facts.cases.self_found == 0, sourced & ~staff[facts.cases.source])
    return stated | sourced, brought
