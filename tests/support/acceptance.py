"""Measures of a simulated district, with the bounds that published figures and sanity runs give them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.spatial import KDTree

from features.days import day_number
from features.schema import Col
from features.simulation.cases import PART
from features.simulation.context import effort_table
from features.simulation.district import District, make_district
from features.simulation.mix import AREA_TYPES
from features.simulation.preset import Preset, Span
from features.simulation.truth import true_escalations
from features.workdays import days_to_spring_festival

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Changes = dict[str, dict[str, object]]
"""Section of a preset -> number -> value."""

DAYS_PER_YEAR = 365.25
END = date(2026, 1, 1)
HORIZON = 14
TYPE_WEIGHT = {"land_acquisition": 2.5, "forest_land": 2.5, "housing_homestead": 2.5, "environment": 2.0, "labor_wage": 1.6}


@dataclass(frozen=True)
class Check:
    """What is measured, between which bounds it must lie, and which numbers of the preset move it out of them."""

    name: str
    measure: Callable[[District], float]
    low: float
    high: float
    broken: Changes

    def holds(self, district: District) -> bool:
        return self.low <= self.measure(district) <= self.high


def simulated(preset: Preset, years: int, seed: int) -> District:
    return make_district(preset, Span.of_years(years, END), "990101", np.random.default_rng(seed))


def change(preset: Preset, changes: Changes) -> Preset:
    sections = {name: getattr(preset, name).model_copy(update=numbers) for name, numbers in changes.items()}
    return preset.model_copy(update=sections)


def grid_years(district: District) -> float:
    return district.world.preset.size.grids * district.world.span.days / DAYS_PER_YEAR


def grid_of(district: District, part: Ints) -> Ints:
    """Return the position of the grid that each part belonged to at the start, from 0 without holes."""
    return np.unique(district.world.ground.before, return_inverse=True)[1][part]


def counts(district: District, width_days: float) -> Floats:
    """Return disputes by grid and whole window of so many days."""
    window = (district.disputes.time // width_days).astype(np.int64)
    table = np.zeros((district.world.preset.size.grids, int(district.world.span.days // width_days)))
    kept = window < table.shape[1]
    np.add.at(table, (grid_of(district, district.disputes.part)[kept], window[kept]), 1)
    return table


def disputes_per_grid_year(district: District) -> float:
    return len(district.disputes) / grid_years(district)


def records_per_grid_year(district: District) -> float:
    return (district.cases[Col.REPORTED_AT] < district.world.span.days).sum() / grid_years(district)


def annual_variance_to_mean(district: District) -> float:
    annual = counts(district, DAYS_PER_YEAR)
    return float((annual.var(axis=0, ddof=1) / annual.mean(axis=0)).mean())


def empty_fortnights(district: District) -> float:
    return float((counts(district, HORIZON) == 0).mean())


def moran_of_annual_counts(district: District) -> float:
    """Return Moran's I with the five nearest grids as neighbours, mean over years."""
    grids = district.world.ground.grids[np.unique(district.world.ground.before)]
    _, near = KDTree(grids.select(Col.LON, Col.LAT).to_numpy()).query(grids.select(Col.LON, Col.LAT).to_numpy(), k=6)
    apart = counts(district, DAYS_PER_YEAR)
    apart = apart - apart.mean(axis=0)
    return float(((apart * apart[near[:, 1:]].mean(axis=1)).sum(axis=0) / (apart**2).sum(axis=0)).mean())


def mediation_success(district: District) -> float:
    return 1 - float(district.fates.failed.mean())


def settled_at_township(district: District) -> float:
    cases = district.cases.filter(pl.col(Col.REPORTED_AT) < district.world.span.days)
    return 1 - float(((cases[Col.LEVEL] == "county") | cases[Col.ESCALATED_AT].is_not_null()).mean())


def wages_before_festival(district: District) -> float:
    """Return wage matters of all types per day of the 42 before Spring Festival, over those of all other days."""
    span = district.world.span
    distance = days_to_spring_festival(np.arange(span.days, dtype=np.int32) + day_number(span.start))
    before = (distance > 0) & (distance <= 42)
    wages = district.cases.filter((pl.col(Col.CATEGORY) == "labor_wage") & (pl.col(Col.OCCURRED_AT) < span.days))
    daily = np.bincount(wages[Col.OCCURRED_AT].cast(pl.Int64).to_numpy(), minlength=span.days)
    return float(daily[before].mean() / daily[~before].mean())


def escalations(district: District) -> Floats:
    """Return escalations by present grid and fortnight."""
    rows = true_escalations(district)
    window = ((rows[Col.AT].dt.date() - district.world.span.start).dt.total_days() // HORIZON).to_numpy()
    ids = district.world.ground.grids[Col.GRID_ID][np.unique(district.world.ground.after)]
    table = np.zeros((len(ids), district.world.span.days // HORIZON))
    grid = pl.DataFrame({Col.GRID_ID: rows[Col.GRID_ID]}).join(
        pl.DataFrame({Col.GRID_ID: ids, "at": np.arange(len(ids))}), on=Col.GRID_ID, how="left", maintain_order="left"
    )["at"]
    kept = window < table.shape[1]
    np.add.at(table, (grid.to_numpy()[kept], window[kept]), 1)
    return table


def grid_fortnights_with_escalation(district: District) -> float:
    return float((escalations(district) > 0).mean())


def escalations_without_record(district: District) -> float:
    return 1 - float(true_escalations(district)["known_before"].mean())


def property_concentration(district: District) -> float:
    """Return the share of property matters that the top 12 % of new estates hold."""
    ground, cases = district.world.ground, district.cases.filter(pl.col(Col.CATEGORY) == "property_mgmt")
    matters = np.bincount(grid_of(district, cases[PART].to_numpy()), minlength=district.world.preset.size.grids)
    estate = ground.grids[Col.AREA_TYPE].to_numpy()[np.unique(ground.before)] == AREA_TYPES[1]
    held = np.sort(matters[estate])[::-1]
    return float(held[: round(0.12 * len(held))].sum() / held.sum())


def campaign_visits(district: District) -> float:
    effort = effort_table(district.world, np.random.default_rng(0)).filter(pl.col("active_reporters") > 0)
    by_week = effort.group_by("screening_campaign").agg(pl.col("visits").mean()).sort("screening_campaign")
    return float(by_week["visits"][1] / by_week["visits"][0])


def campaign_disputes(district: District) -> float:
    """Return how many more disputes are recorded in campaign weeks than would have been without the campaign."""
    during = district.world.plans.campaign[(district.disputes.time // 7).astype(np.int64)]
    records = district.records
    return float((records.by_campaign & during).sum() / (records.recorded & ~records.by_campaign & during).sum())


def near_repeat(first_lag: int, last_lag: int) -> Callable[[District], float]:
    """Return the measure: same-category pairs of requests in a community at these lags, against dates shuffled within the community.

    Bursts are collapsed: one record per day, community and category. The mean over all shuffles is known: pairs of any category at that
    lag times the chance that two records share their category.
    """

    def measure(district: District) -> float:
        cases = district.cases.filter(pl.col(Col.EVENT_TYPE) == "service_request")
        community = district.world.ground.community[cases[PART].to_numpy()]
        rows = cases.select(Col.CATEGORY, day=pl.col(Col.OCCURRED_AT).cast(pl.Int64)).with_columns(community=community).unique()
        found = expected = 0.0
        for _, of_one in rows.group_by("community"):
            by_kind = np.zeros((of_one[Col.CATEGORY].n_unique(), district.world.span.days))
            by_kind[of_one[Col.CATEGORY].rank("dense").to_numpy() - 1, of_one["day"].to_numpy()] = 1
            sizes, total = by_kind.sum(axis=1), by_kind.sum(axis=0)
            alike = (sizes * (sizes - 1)).sum() / (sizes.sum() * (sizes.sum() - 1))
            for lag in range(first_lag, last_lag + 1):
                found += (by_kind[:, lag:] * by_kind[:, :-lag]).sum()
                expected += alike * (total[lag:] * total[:-lag]).sum()
        return found / expected

    return measure


def weekend_requests(district: District) -> float:
    """Return requests of a Saturday or Sunday over those of another day."""
    cases = district.cases.filter(pl.col(Col.EVENT_TYPE) == "service_request")
    weekday = (day_number(district.world.span.start) + 3 + cases[Col.OCCURRED_AT].cast(pl.Int64)) % 7
    return float((weekday >= 5).sum() / 2 / ((weekday < 5).sum() / 5))


def hand_score(district: District, *, all_seen: bool, rng: np.random.Generator | None = None) -> float:
    """Return the average precision, over its base rate, of backlog by type + 0.3 x 90 days + 0.05 x 365 days.

    With `rng` the disputes are thrown onto other grids first, which no honest score survives.
    """
    disputes, records, fates = district.disputes, district.records, district.fates
    known = disputes.time if all_seen else np.where(records.recorded, records.reported_at, np.inf)
    closed = fates.lasts_until if all_seen else records.closed_at
    part = rng.permutation(disputes.part) if rng else disputes.part
    grid = np.unique(district.world.ground.after, return_inverse=True)[1][part]
    weight = np.array([TYPE_WEIGHT.get(kind, 1.0) for kind in district.stream.kinds])[disputes.kind]
    happened = escalations(district)
    starts = np.arange(365 // HORIZON + 1, happened.shape[1]) * HORIZON
    score = np.zeros((len(happened), len(starts)))
    for place, as_of in enumerate(starts):
        age = as_of - known
        recent = 0.3 * ((age > 0) & (age <= 90)) + 0.05 * ((age > 0) & (age <= 365))
        np.add.at(score[:, place], grid, weight * ((age > 0) & (closed > as_of)) + recent)
    return average_precision(happened[:, -len(starts) :] > 0, score)


def average_precision(happened: npt.NDArray[np.bool_], score: Floats) -> float:
    hits = happened.ravel()[np.argsort(-score.ravel(), kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean() / hits.mean())


CHECKS = (
    Check("disputes_per_grid_year", disputes_per_grid_year, 4.5, 5.6, {"rates": {"dispute": 7.0}}),
    Check("records_per_grid_year", records_per_grid_year, 30, 40, {"rates": {"all_events": 50.0}}),
    Check("annual_variance_to_mean", annual_variance_to_mean, 4, 6.6, {"place": {"grid_sigma": 0.1}}),
    Check("empty_fortnights", empty_fortnights, 0.80, 0.88, {"rates": {"dispute": 9.0}}),
    Check("moran_of_annual_counts", moran_of_annual_counts, 0.12, 0.35, {"place": {"community_sigma": 0.0, "township_sigma": 0.0}}),
    Check("mediation_success", mediation_success, 0.94, 0.98, {"mediation": {"success": 0.9}}),
    Check("settled_at_township", settled_at_township, 0.95, 1, {"escalation": {"daily": 0.03}}),
    Check("wages_before_festival", wages_before_festival, 1.8, 2.4, {"rhythm": {"wage_factor": 1.2}}),
    Check("grid_fortnights_with_escalation", grid_fortnights_with_escalation, 0.02, 0.04, {"escalation": {"daily": 0.01}}),
    Check("escalations_without_record", escalations_without_record, 0.25, 0.38, {"recording": {"seen_mean": 0.9}}),
    Check("property_concentration", property_concentration, 0.40, 0.52, {"place": {"property_sigma": 1.8}}),
    Check("campaign_visits", campaign_visits, 1.75, 1.95, {"effort": {"campaign_factor": 1.4}}),
    Check("campaign_disputes", campaign_disputes, 0.03, 0.08, {"effort": {"dispute_elasticity": 0.3}}),
    Check("near_repeat_1_to_3_days", near_repeat(1, 3), 1.1, 1.4, {"contagion": {"own": 0.0, "ring": 0.0}}),
    Check("near_repeat_15_to_28_days", near_repeat(15, 28), 1.0, 1.1, {"contagion": {"own": 0.6}}),
    Check("weekend_requests", weekend_requests, 0.5, 0.65, {"rhythm": {"weekend_requests": 0.9}}),
)
