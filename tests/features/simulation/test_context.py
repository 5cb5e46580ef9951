"""Context beside the cases: projects, undertakings, effort, and periods known in advance."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from features.simulation.context import effort_table, exam_periods, project_table, sensitive_periods, undertaking_table
from features.simulation.district import World
from features.simulation.plans import KINDS
from features.simulation.preset import Effort, Projects, Redraw, Size, Span
from tests.features.simulation.small import CODE, SPAN, small_world

FIRST = SPAN.start


def with_plans(world: World | None = None, **plans: object) -> World:
    """Return a world with these plans in the place of those drawn."""
    world = world or small_world()
    arrays = {name: np.array(values) for name, values in plans.items()}
    return replace(world, plans=replace(world.plans, **arrays))


def test_project_table_is_made_public_before_it_begins() -> None:
    world = with_plans(part=[2, 0], kind=[0, 3], start=[40, 10], end=[220, 130], assessed=[True, False])
    grids = world.ground.grids["grid_id"]

    assert [
        (f"{CODE}-P00001", grids[0], KINDS[3], FIRST - timedelta(days=20), FIRST + timedelta(days=10), FIRST + timedelta(days=130), False),
        (f"{CODE}-P00002", grids[2], KINDS[0], FIRST + timedelta(days=10), FIRST + timedelta(days=40), FIRST + timedelta(days=220), True),
    ] == project_table(world, CODE).rows()


@pytest.mark.parametrize("start", [0, 62], ids=["before the redraw", "after it"])
def test_project_table_names_the_grid_as_it_is_called_when_the_project_begins(start: int) -> None:
    world = small_world(size=Size(grids=10, townships=1, communities=2), redraw=Redraw(share=0.4, when=0.5))
    moved = int(np.flatnonzero(world.ground.before != world.ground.after)[0])
    row = (world.ground.before if start == 0 else world.ground.after)[moved]
    table = project_table(with_plans(world, part=[moved], kind=[0], start=[start], end=[90], assessed=[True]), CODE)

    assert [world.ground.grids["grid_id"][int(row)]] == table["grid_id"].to_list()


def test_project_table_without_projects_has_its_columns() -> None:
    table = project_table(small_world(projects=Projects(rate=0.0, handover_rate=0.0)), CODE)

    assert (0, ["project_id", "grid_id", "kind", "public_notice_at", "start_at", "end_at", "assessed"]) == (table.height, table.columns)


def test_undertaking_table_treatments_begin_halfway_and_were_announced_and_shocks_were_not() -> None:
    world = with_plans(treated=[1], shocked=[3], shock_day=[5])
    halfway, grids = FIRST + timedelta(days=28), world.ground.grids["grid_id"]

    assert [
        ("shock", "fire", grids[3], FIRST + timedelta(days=5), FIRST + timedelta(days=5), FIRST + timedelta(days=6)),
        ("treatment", "estate_treatment", grids[1], halfway - timedelta(days=14), halfway, None),
    ] == undertaking_table(world, CODE).drop("undertaking_id").rows()


def test_undertaking_table_two_parts_of_a_grid_are_one_undertaking() -> None:
    world = with_plans(treated=[1, 1], shocked=np.zeros(0, np.int64), shock_day=np.zeros(0, np.int64))

    assert 1 == undertaking_table(world, CODE).height


def effort(world: World) -> pl.DataFrame:
    return effort_table(world, np.random.default_rng(1))


def test_effort_table_has_one_row_per_week_and_grid() -> None:
    table = effort(small_world())

    assert 9 * 6 == table.height == table.select("week", "grid_id").n_unique()
    assert (FIRST, FIRST + timedelta(weeks=8)) == (table["week"].min(), table["week"].max())


def test_effort_table_silent_grid_has_no_visit_from_that_day_on() -> None:
    world = small_world()
    silent_from = np.full(world.ground.parts, np.inf)
    silent_from[0] = 14.0
    silent = effort(replace(world, levels=replace(world.levels, silent_from=silent_from))).filter(
        pl.col("grid_id") == world.ground.grids["grid_id"][0]
    )

    assert [False, False, *[True] * 7] == (silent["visits"] == 0).to_list()
    assert [True, True, *[False] * 7] == (silent["active_reporters"] > 0).to_list()


def test_effort_table_campaign_raises_the_visits_of_its_weeks() -> None:
    world = with_plans(small_world(effort=Effort(campaign_factor=10.0)), campaign=[number == 4 for number in range(9)])
    table = effort(world)
    weeks = table.group_by("week", maintain_order=True).agg(pl.col("visits").sum(), pl.col("screening_campaign").all())

    assert 4 == weeks["visits"].arg_max()
    assert [4] == weeks["screening_campaign"].arg_true().to_list()


def test_effort_table_visits_are_so_many_a_worker() -> None:
    world = with_plans(small_world(size=Size(grids=200, townships=2, communities=9)), campaign=[False] * 9)
    table = effort(world)

    assert 4.0 == pytest.approx(table["visits"].sum() / (9 * world.levels.staff.sum()), rel=0.03)


@pytest.mark.parametrize(("periods", "a_year"), [(sensitive_periods, 2), (exam_periods, 1)])
def test_periods_reach_a_year_beyond_the_end(periods, a_year: int) -> None:
    found = periods(Span(start=date(2024, 5, 1), end=date(2025, 5, 1)))

    assert 3 * a_year == len(found)
    assert 2026 == max(period.start.year for period in found)
    assert all(period.start < period.end for period in found)
