"""Delivery of the simulated log: grids as they were called then, nothing after the last day, gaps, breaks, duplicates, clock times."""

from datetime import datetime, time

import numpy as np
import polars as pl

from features.days import day_number
from features.schema import CASE_OPTIONAL, CASE_REQUIRED, REPORT_SOURCES, Col
from features.simulation.cases import CLOSED_AGAIN, NUMBER, PART, TIMES
from features.simulation.preset import Recording, Span
from features.simulation.world import World

FILE_COLUMNS = (*CASE_REQUIRED, *CASE_OPTIONAL)
BREAK_WHEN, OUTAGE_WHEN = 2 / 3, 0.45
"""At which share of the time they begin."""
_ROW_AT = "row_at"
"""When a row is written; rows are delivered in this order."""


def deliver(cases: pl.DataFrame, world: World, code: str, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of the case file, and of each case that is in it which dispute it tells of.

    A case that was closed again after a reopening comes a second time, with the second closing; a duplicate comes a second time with
    another source. Both keep the id of the case.
    """
    kept = cases.filter(pl.col(Col.REPORTED_AT) < world.span.days)
    kept = kept.filter(_arrives(kept, world, rng)).sort(Col.REPORTED_AT, PART, maintain_order=True)
    kept = kept.with_columns(
        pl.format("{}-{}", pl.lit(code), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7)).alias(Col.EVENT_ID)
    )
    named = kept.with_columns(_grid_ids(kept, world))
    rows = pl.concat([_first_rows(named), _second_closings(named), _duplicates(named, world.preset.recording, rng)])
    rows = rows.filter(pl.col(_ROW_AT) < world.span.days).sort(_ROW_AT, Col.EVENT_ID, maintain_order=True)
    return _on_clock(rows, world.span).select(FILE_COLUMNS), kept.select(NUMBER, Col.EVENT_ID).drop_nulls()


def _on_clock(rows: pl.DataFrame, span: Span) -> pl.DataFrame:
    """Turn times in days from the start into local times to the minute; what happens after the end is not known yet."""
    start = pl.lit(datetime.combine(span.start, time()))
    known = [pl.when(pl.col(name) < span.days).then(name).alias(name) for name in TIMES if name != Col.DEADLINE_AT]
    minutes = {name: (pl.col(name) * 24 * 60).floor().cast(pl.Int64) for name in TIMES}
    return rows.with_columns(known).with_columns((start + pl.duration(minutes=count)).alias(name) for name, count in minutes.items())


def _arrives(cases: pl.DataFrame, world: World, rng: np.random.Generator) -> pl.Series:
    """Tell which cases are delivered: not those of silent grids, of a source that is out, or lost by a change of recording."""
    rules, days = world.preset.recording, world.span.days
    reported, source = cases[Col.REPORTED_AT], cases[Col.SOURCE]
    start = world.levels.silent_from[cases[PART].to_numpy()]
    silent = (reported >= pl.Series(start)) & (reported < pl.Series(start + rules.silent_days))
    outage = days * OUTAGE_WHEN
    out = (source == rules.outage_source) & reported.is_between(outage, outage + rules.outage_days)
    lost = pl.Series(rng.random(len(cases)) >= rules.break_level) & (source == (rules.break_source or "")) & (reported >= days * BREAK_WHEN)
    return ~(silent | out | lost)


def _grid_ids(cases: pl.DataFrame, world: World) -> pl.Series:
    day = day_number(world.span.start) + cases[Col.OCCURRED_AT].to_numpy().astype(np.int64)
    return world.ground.grids[Col.GRID_ID][world.ground.grid_at(cases[PART].to_numpy(), day)]


def _first_rows(cases: pl.DataFrame) -> pl.DataFrame:
    return cases.with_columns(pl.col(Col.REPORTED_AT).alias(_ROW_AT))


def _second_closings(cases: pl.DataFrame) -> pl.DataFrame:
    again = cases.drop_nulls(CLOSED_AGAIN)
    return again.with_columns(pl.col(CLOSED_AGAIN).alias(Col.RESOLVED_AT), pl.col(CLOSED_AGAIN).alias(_ROW_AT))


def _duplicates(cases: pl.DataFrame, recording: Recording, rng: np.random.Generator) -> pl.DataFrame:
    """Return cases that come again through another channel within days."""
    chosen = cases.filter(pl.Series(rng.random(len(cases)) < recording.duplicate))
    turned = {name: REPORT_SOURCES[(place + 1) % len(REPORT_SOURCES)] for place, name in enumerate(REPORT_SOURCES)}
    later = pl.Series(rng.uniform(0, 3, len(chosen)))
    return chosen.with_columns(pl.col(Col.SOURCE).replace(turned), (pl.col(Col.REPORTED_AT) + later).alias(_ROW_AT))
