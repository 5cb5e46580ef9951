"""Context beside the cases: projects, effort, and periods that everybody knows in advance."""

from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl

from features.days import day_number
from features.schema import Col
from features.settings import Period
from features.simulation.district import World
from features.simulation.plans import KINDS
from features.simulation.preset import Span

TREATMENT_NOTICE_DAYS = 14
"""Days before its start at which the treatment of an estate is made public."""


def project_table(world: World, code: str) -> pl.DataFrame:
    """Return projects with their public dates, by start."""
    plans, first = world.plans, day_number(world.span.start)
    begin = pl.Series(plans.start)
    grid = world.ground.grids[Col.GRID_ID][world.ground.grid_at(plans.part, first + plans.start)]
    midnight = datetime.combine(world.span.start, time())
    notice = pl.duration(days=world.preset.projects.notice_days)
    columns = {Col.GRID_ID: grid, "kind": np.array(KINDS)[plans.kind], "begin": begin, "end": plans.end, "assessed": plans.assessed}
    table = pl.DataFrame(columns).sort("begin", Col.GRID_ID)
    starts = (pl.lit(midnight) + pl.duration(days="begin")).dt.date()
    return table.select(
        pl.format("{}-P{}", pl.lit(code), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)).alias("project_id"),
        Col.GRID_ID,
        "kind",
        (starts - notice).alias("public_notice_at"),
        starts.alias("start_at"),
        (pl.lit(midnight) + pl.duration(days="end")).dt.date().alias("end_at"),
        "assessed",
    )


def undertaking_table(world: World, code: str) -> pl.DataFrame:
    """Return treatments and shocks as a flat undertaking file; projects, effort and periods have files of their own."""
    plans, first, span = world.plans, day_number(world.span.start), world.span
    halfway = 7 * (span.weeks // 2)
    parts = np.concatenate([plans.treated, plans.shocked])
    begin = np.concatenate([np.full(len(plans.treated), halfway), plans.shock_day])
    grid = world.ground.grids[Col.GRID_ID][world.ground.grid_at(parts, first + begin)]
    is_shock = np.arange(len(parts)) >= len(plans.treated)
    table = pl.DataFrame({"places": grid, "begin": begin, "shock": is_shock}).unique().sort("begin", "places", "shock")
    day = (pl.lit(datetime.combine(span.start, time())) + pl.duration(days="begin")).dt.date()
    notice = pl.when("shock").then(pl.duration(days=0)).otherwise(pl.duration(days=TREATMENT_NOTICE_DAYS))
    return table.select(
        pl.format("{}-U{}", pl.lit(code), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)).alias("undertaking_id"),
        pl.when("shock").then(pl.lit("shock")).otherwise(pl.lit("treatment")).alias("kind"),
        pl.when("shock").then(pl.lit("fire")).otherwise(pl.lit("estate_treatment")).alias("sub_kind"),
        "places",
        (day - notice).alias("public_at"),
        day.alias("start_at"),
        pl.when("shock").then(day + pl.duration(days=1)).alias("end_at"),
    )


def effort_table(world: World, rng: np.random.Generator) -> pl.DataFrame:
    """Return visits, campaigns and active reporters by week and grid as it was called then; a silent grid has none."""
    ground, levels, effort, weeks = world.ground, world.levels, world.preset.effort, world.span.weeks
    week = np.arange(weeks)
    silent = (7 * week[:, None] >= levels.silent_from) & (7 * week[:, None] < levels.silent_from + world.preset.recording.silent_days)
    staff = np.where(silent, 0.0, levels.staff)
    campaign = world.plans.campaign
    visits = rng.poisson(staff * effort.visits_per_week * np.where(campaign, effort.campaign_factor, 1.0)[:, None])
    at = np.where(day_number(world.span.start) + 7 * week[:, None] < ground.redraw_day, ground.before, ground.after)
    rows = pl.DataFrame({"week": np.repeat(week, ground.parts), "grid": at.ravel(), "visits": visits.ravel(), "staff": staff.ravel()})
    table = rows.group_by("week", "grid").agg(pl.col("visits").sum(), pl.col("staff").sum()).sort("week", "grid")
    return table.select(
        ground.grids[Col.GRID_ID][table["grid"]].alias(Col.GRID_ID),
        (pl.lit(datetime.combine(world.span.start, time())) + pl.duration(weeks="week")).dt.date().alias("week"),
        "visits",
        pl.Series("screening_campaign", campaign[table["week"].to_numpy()]),
        pl.col("staff").ceil().cast(pl.Int64).alias("active_reporters"),
    )


def sensitive_periods(span: Span) -> list[Period]:
    """Return yearly periods, those of the year after the last one too."""
    years = range(span.start.year, (span.end + timedelta(days=365)).year + 1)
    return [
        period
        for year in years
        for period in (
            Period(name="yearly_session", start=date(year, 3, 1), end=date(year, 3, 16)),
            Period(name="national_day", start=date(year, 9, 28), end=date(year, 10, 8)),
        )
    ]


def exam_periods(span: Span) -> list[Period]:
    """Return the days of the university entrance examination."""
    years = range(span.start.year, (span.end + timedelta(days=365)).year + 1)
    return [Period(name="gaokao", start=date(year, 6, 7), end=date(year, 6, 10)) for year in years]
