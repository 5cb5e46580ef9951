"""Delivery of simulated records: which arrive, and which are left out on purpose."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from features.schema import CASE_OPTIONAL, CASE_REQUIRED, TRANSITION_COLUMNS, Col
from features.simulation.delivery import deliver
from features.simulation.district import District
from features.simulation.presets import PRESETS
from tests.support.acceptance import END, change, simulated

CODE = "990101"
TINY = PRESETS["tiny"]


def day_of(column: str) -> pl.Expr:
    """Return days since the start of the two, or one, simulated years."""
    return (pl.col(column) - pl.col(column).min().dt.truncate("1y")).dt.total_days()


def rows_of(district: District) -> pl.DataFrame:
    return deliver(district.cases, district.world, CODE, np.random.default_rng(1))[0]


@pytest.fixture(scope="module")
def rows(tiny: District) -> pl.DataFrame:
    return rows_of(tiny)


def test_rows_have_the_flat_columns_and_come_in_order(rows: pl.DataFrame) -> None:
    first = rows.unique(Col.EVENT_ID, keep="first", maintain_order=True)

    assert [*CASE_REQUIRED, *CASE_OPTIONAL] == rows.columns
    assert first[Col.REPORTED_AT].is_sorted()


@pytest.mark.parametrize("column", [Col.OCCURRED_AT, Col.REPORTED_AT, *TRANSITION_COLUMNS])
def test_rows_tell_nothing_of_the_days_after(rows: pl.DataFrame, column: str) -> None:
    assert rows[column].drop_nulls().max() < datetime(END.year, END.month, END.day)  # type: ignore[operator]  # noqa: DTZ001 - local time


def test_second_rows_of_a_case_are_duplicates_or_second_closings(rows: pl.DataFrame) -> None:
    second = rows.filter(~pl.col(Col.EVENT_ID).is_first_distinct())
    same = second.join(rows.unique(Col.EVENT_ID, keep="first"), on=Col.EVENT_ID)
    closed_again = same[Col.RESOLVED_AT].ne_missing(same[f"{Col.RESOLVED_AT}_right"])
    other_channel = same[Col.SOURCE] != same[f"{Col.SOURCE}_right"]

    assert 0 < closed_again.sum() < other_channel.sum()
    assert (closed_again | other_channel).all()
    assert 0.02 < other_channel.sum() / rows[Col.EVENT_ID].n_unique() < 0.04


def test_old_grids_end_and_new_ones_begin_with_the_redraw(tiny: District, rows: pl.DataFrame) -> None:
    crosswalk = tiny.world.ground.crosswalk
    redrawn = pl.col(Col.OCCURRED_AT) >= crosswalk["at"][0]

    assert not rows.filter(redrawn & pl.col(Col.GRID_ID).is_in(crosswalk["old"].implode())).height
    assert not rows.filter(~redrawn & pl.col(Col.GRID_ID).is_in(crosswalk["new"].implode())).height
    assert rows.filter(pl.col(Col.GRID_ID).is_in(crosswalk["new"].implode())).height


def test_silent_grids_deliver_nothing_while_they_are_silent() -> None:
    quiet = simulated(change(TINY, {"recording": {"silent_share": 1.0}, "redraw": {"share": 0.0}}), years=2, seed=1)
    falls_silent = pl.DataFrame({Col.GRID_ID: quiet.world.ground.grids[Col.GRID_ID], "start": quiet.world.levels.silent_from})
    within = (day_of(Col.REPORTED_AT) > pl.col("start")) & (day_of(Col.REPORTED_AT) < pl.col("start") + 119)
    rows = rows_of(quiet).join(falls_silent, on=Col.GRID_ID)

    assert 0 == rows.filter(within & pl.col(Col.EVENT_ID).is_first_distinct()).height
    assert 30 == rows[Col.GRID_ID].n_unique()


def test_source_outage_is_a_hole_in_one_source(nanhu: District) -> None:
    rows = rows_of(nanhu).filter(pl.col(Col.EVENT_ID).is_first_distinct())
    start = nanhu.world.span.days * 0.45
    during = rows.filter(day_of(Col.REPORTED_AT).is_between(start + 1, start + 20))

    assert 0 == during.filter(pl.col(Col.SOURCE) == "hotline").height
    assert during.filter(pl.col(Col.SOURCE) == "online").height


def test_recording_break_lowers_one_source_to_56_percent() -> None:
    broken = simulated(change(PRESETS["nanhu"], {"recording": {"break_source": "police"}}), years=1, seed=1)
    calls = pl.col(Col.EVENT_TYPE) == "police_call"
    delivered = rows_of(broken).filter(calls & pl.col(Col.EVENT_ID).is_first_distinct() & (day_of(Col.REPORTED_AT) >= 244)).height
    happened = broken.cases.filter(calls & pl.col(Col.REPORTED_AT).is_between(244, 365)).height

    assert delivered / happened == pytest.approx(0.56, abs=0.05)
