"""Predictions of a backtest: what was predicted of every test row beside what happened, and the subsets that are scored alone.

Subsets are chosen by what was known at as_of, never by a model.
"""

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import poisson

from features.days import EPOCH
from features.facts.facts import Facts, Marks
from features.facts.places import Places
from features.panel.build import Panel
from features.schema import Col, EventType
from training.bootstrap import draw_weights, number_blocks
from training.evaluation.baselines import z_score
from training.evaluation.metrics import Outcomes, Predicted, flag
from training.learning.labels import count_labels, surge_thresholds
from training.learning.usual_level import USUAL_RATE

Floats = npt.NDArray[np.float64]

EXPECTED, RISK, SURGE = "expected_", "risk_", "surge_"
"""Columns of a model: expected count, P(at least one), P(count >= threshold)."""
MOST = "most_expected"
"""Largest number of escalations that the cases and the level of a grid can justify."""
VARIATION, COMMON_VARIATION = "variation", "common_variation"
"""Variation of counts about the expectation: of each grid by itself, and of all grids together."""
FOLD, TOWNSHIP, USUAL_LEVEL, RESIDENT_COUNT = "fold", "township", "usual_level", "resident_count"
DUE = "due"
"""Column that tells where an open case reaches, within the horizon, the day on which a rule of the clock would count it."""

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


def tabulate(facts: Facts, panel: Panel, horizon_days: int, replayed: list[dict[str, Floats]]) -> pl.DataFrame:
    """Put the folds' predictions beside the labels, one row per as_of and grid of the test part.

    They are taken out of `replayed` one after the other: a province's are as large as all the table's other columns together.

    Returns: as_of, grid_id, township and area_type (empty where unknown), fold (from 0), block (for the bootstrap), count, resident_count
    (of cases residents brought; null where the log does not say), usual_count (by the grid's own last 365 days), usual_level (the same,
    steadied), threshold (of a surge), due, one flag per subset, most_expected (what the model may expect at most), variation and
    common_variation (of counts about it), and by model `expected_*`, `risk_*` (P(at least one)) and `surge_*` (P(count >= threshold)).
    """
    grids, as_ofs = len(panel.grid_ids), len(panel.as_ofs)
    usual = panel.column("target_count_grid_365d").astype(np.float64) / panel.column("history_days") * horizon_days
    columns: dict[str, npt.NDArray[np.generic]] = {
        Col.AS_OF: np.repeat(np.datetime64(EPOCH, "D") + panel.as_ofs, grids),
        Col.GRID_ID: np.tile(panel.grid_ids, as_ofs),
        TOWNSHIP: np.tile(_townships(facts.places), as_ofs),
        Col.AREA_TYPE: np.tile(facts.places.area_type, as_ofs),
        FOLD: np.repeat(np.arange(len(replayed)), [fold[next(iter(fold))].size for fold in replayed]),
        "block": number_blocks(panel.as_ofs, facts.places).ravel(),
        "count": count_labels(facts, panel.as_ofs, horizon_days).ravel(),
        "usual_count": usual.ravel(),
        USUAL_LEVEL: panel.column(USUAL_RATE).astype(np.float64).ravel() * horizon_days,
        "threshold": surge_thresholds(facts, panel.as_ofs, horizon_days).ravel(),
    }
    columns |= {name: chosen.ravel() for name, chosen in {DUE: _falls_due(panel, horizon_days), **subsets(facts, panel)}.items()}
    predictions = {name: pl.Series(np.concatenate([fold.pop(name).ravel() for fold in replayed])) for name in list(replayed[0])}
    return pl.DataFrame(columns | predictions).with_columns(_resident_counts(facts, panel, horizon_days))


def _resident_counts(facts: Facts, panel: Panel, horizon_days: int) -> pl.Series:
    resident = resident_reported(facts)
    counts = None if resident is None else count_labels(resident, panel.as_ofs, horizon_days).ravel()
    return pl.Series(RESIDENT_COUNT, counts if counts is not None else [None] * panel.values[0].size, pl.Float32)


def _townships(places: Places) -> npt.NDArray[np.str_]:
    level = places.levels.get("township")
    return np.full(places.size, "") if level is None else np.array(level.codes)[level.member]


def _falls_due(panel: Panel, horizon_days: int) -> npt.NDArray[np.bool_]:
    name = f"due_count_grid_{horizon_days}d"
    return panel.column(name) > 0 if name in panel.names else np.zeros(panel.values.shape[1:], np.bool_)


def weigh(predictions: pl.DataFrame, draws: int, seed: int) -> Floats:
    """Return the weights of the table's blocks in each bootstrap draw."""
    as_ofs = predictions[Col.AS_OF].unique().sort().to_physical().to_numpy()
    return draw_weights(as_ofs, int(predictions["block"].to_numpy().max()) + 1, draws, seed)


def models(predictions: pl.DataFrame) -> list[str]:
    """Return the models that predicted an expected count, the one under test first."""
    return [name.removeprefix(EXPECTED) for name in predictions.columns if name.startswith(EXPECTED)]


def outcomes(predictions: pl.DataFrame) -> Outcomes:
    """Return what happened, beside the chance of at least one by the grid's usual count."""
    return _outcomes(predictions, _array(predictions, "count"), 1 - np.exp(-_array(predictions, "usual_count")))


def predicted(predictions: pl.DataFrame) -> dict[str, Predicted]:
    """Return what each model predicted of the count."""
    return {name: Predicted(_array(predictions, EXPECTED + name), _array(predictions, RISK + name)) for name in models(predictions)}


def surge_outcomes(predictions: pl.DataFrame) -> Outcomes:
    """Return where there was a surge (1 or 0), beside the chance of one by the grid's usual count."""
    thresholds = _array(predictions, "threshold")
    surge = (_array(predictions, "count") >= thresholds).astype(np.float64)
    return _outcomes(predictions, surge, reach(_array(predictions, "usual_count"), thresholds))


def surge_predicted(predictions: pl.DataFrame) -> dict[str, Predicted]:
    """Return the chance of a surge by each model and by the rule of thumb."""
    chances = {name.removeprefix(SURGE): _array(predictions, name) for name in predictions.columns if name.startswith(SURGE)}
    return {name: Predicted(chance, chance) for name, chance in chances.items()}


def reach(expected: Floats, thresholds: Floats) -> Floats:
    """Return P(count >= threshold) of a Poisson count with this mean."""
    return np.asarray(poisson.sf(thresholds - 1, expected), np.float64)


def _outcomes(predictions: pl.DataFrame, counts: Floats, climatology: Floats) -> Outcomes:
    return Outcomes(counts, predictions[Col.AS_OF].to_physical().to_numpy(), predictions["block"].to_numpy(), climatology)


def _array(predictions: pl.DataFrame, name: str) -> Floats:
    return predictions[name].cast(pl.Float64).to_numpy()
