"""The panel: one code path, exact to the bit however it is cut."""

import dataclasses
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import UsageError
from features.panel.as_ofs import AsOfs
from features.panel.block import Block, Shared
from features.panel.build import build_panel, catalogue
from features.settings import BuildSettings
from tests.support.event_logs import GRIDS, HORIZON, SETTINGS, Case, column, days, draw_cases, make_facts, make_panel


@pytest.fixture(scope="module")
def facts(rich_log):
    return make_facts(**rich_log)


@pytest.fixture(scope="module")
def wide_facts(rich_log):
    """Return facts of 120 grids in towns and communities of many sizes, some beside each other, one redrawn."""
    grids = {f"g{number:03}": f"D/T{number % 7}/C{number % 23}" for number in range(120)}
    ids = list(grids)
    pairs = [pair for left, right in pairwise(ids) for pair in ((left, right, 1 / 3), (right, left, 1 / 7))]
    cases = draw_cases(np.random.default_rng(2), 3000, ids, 600)
    crosswalk = [("g050", "g051", 0.7), ("g050", "g052", 0.3)]
    return make_facts(**{**rich_log, "cases": cases, "grids": grids, "neighbours": pairs, "crosswalk": crosswalk})


def build(facts, *as_ofs, **panel):
    options = BuildSettings(calendar={"country": "CN"}, panel={"threads": 1, **panel})
    return build_panel(facts, days(*as_ofs), HORIZON, options)


def different(one, other):
    """Return the names of the columns whose bytes differ."""
    return [name for name, left, right in zip(one.names, one.values, other.values, strict=True) if left.tobytes() != right.tobytes()]


@settings(derandomize=True, deadline=None, max_examples=10)
@given(as_ofs=st.lists(st.integers(0, 700), min_size=2, max_size=12, unique=True).map(sorted))
def test_build_panel_one_as_of_equals_its_rows_among_many(facts, as_ofs):
    many = build(facts, *as_ofs)

    for at, as_of in enumerate(as_ofs):
        assert [] == different(build(facts, as_of), dataclasses.replace(many, values=many.values[:, at : at + 1]))


def test_build_panel_one_as_of_equals_its_rows_among_many_with_many_grids(wide_facts):
    as_ofs = [30, 200, 207, 431, 590]
    many = build(wide_facts, *as_ofs)

    for at, as_of in enumerate(as_ofs):
        assert [] == different(build(wide_facts, as_of), dataclasses.replace(many, values=many.values[:, at : at + 1]))


@pytest.mark.parametrize("as_of", [30, 207, 590])
def test_feature_values_do_not_depend_on_what_else_is_asked_for_in_full_precision(wide_facts, as_of):
    """Rounding to float32 hides a difference of one bit in most cells, not in all of ten million."""
    as_ofs = [30, 200, 207, 431, 590]
    places = [np.arange(wide_facts.places.size, dtype=np.int32), np.arange(40, 60, dtype=np.int32)]
    many, one = (
        Block(grids, Shared(wide_facts, AsOfs(days(*each), HORIZON))) for grids, each in zip(places, (as_ofs, [as_of]), strict=True)
    )
    at = as_ofs.index(as_of)

    for feature in catalogue(wide_facts, HORIZON, SETTINGS):
        assert feature.value(many)[at, 40:60].tobytes() == feature.value(one)[0].tobytes(), feature.name


@pytest.mark.parametrize(("block_cells", "threads"), [(1, 1), (7, 2), (20_000, 1), (20_000, 2), (10**12, 2)])
def test_build_panel_cut_anyhow_gives_the_same_bytes(wide_facts, block_cells, threads):
    as_ofs = (200, 590)

    assert [] == different(build(wide_facts, *as_ofs), build(wide_facts, *as_ofs, block_cells=block_cells, threads=threads))


def test_build_panel_broken_cut_is_caught(wide_facts, monkeypatch):
    """Blocks that forget what lies outside them change the areas around their grids."""
    whole = build(wide_facts, 200)
    monkeypatch.setattr("features.panel.block.Shared.window", lambda shared, level, channel, days: np.zeros((1, 120)))

    assert {"dispute_count_township_28d"} <= set(different(whole, build(wide_facts, 200)))


def test_build_panel_order_of_records_does_not_matter(rich_log):
    cases = rich_log["cases"]
    shuffled = [cases[at] for at in np.random.default_rng(3).permutation(len(cases))]

    assert [] == different(build(make_facts(**rich_log), 450), build(make_facts(**{**rich_log, "cases": shuffled}), 450))


def test_build_panel_tells_its_progress(facts):
    steps = []
    build_panel(facts, days(50), HORIZON, BuildSettings(panel={"threads": 1, "block_cells": 1}), lambda *step: steps.append(step))

    assert [(1, 4), (2, 4), (3, 4), (4, 4)] == steps


def test_panel_columns_are_ordered_by_as_of_and_grid(facts):
    panel = build(facts, 50, 100)
    names = ("hazard_count_grid_28d", "dispute_open_count_grid")
    columns = panel.columns(names)

    assert [column.shape for column in columns] == [(2 * len(GRIDS),)] * 2
    assert panel.column(names[1])[1, 2] == columns[1][1 * len(GRIDS) + 2]
    assert all(np.shares_memory(column, panel.values) for column in columns)
    assert panel.columns(names, {names[0]: np.ones((2, len(GRIDS)))})[0].tolist() == [1.0] * 2 * len(GRIDS)


def test_build_panel_in_a_file_and_in_stretches_of_as_ofs_is_the_same(facts):
    as_ofs = days(50, 100, 150, 400)
    small = BuildSettings(memory_gib=2**-20, panel={"threads": 1})
    bounded, whole = (build_panel(facts, as_ofs, 14, settings) for settings in (small, BuildSettings(panel={"threads": 1})))

    assert bounded.values.base is not None
    assert bounded.values.tobytes() == whole.values.tobytes()
    assert bounded.at(slice(1, 3)).columns(whole.names)[5].tobytes() == whole.at(slice(1, 3)).columns(whole.names)[5].tobytes()


def test_panel_unknown_column_is_refused(facts):
    with pytest.raises(UsageError, match="no column 'nonsense'"):
        build(facts, 50).column("nonsense")


def test_panel_to_frame_is_sorted_by_grid_and_as_of(facts):
    panel = build(facts, 50, 100)
    frame = panel.to_frame()

    assert [(grid, as_of) for grid in GRIDS for as_of in (date(2025, 2, 20), date(2025, 4, 11))] == frame.select("grid_id", "as_of").rows()
    assert {pl.Float32} == set(frame.schema.dtypes()[2:])
    assert column(panel, "dispute_count_grid_90d", "b") == frame.filter(grid_id="b")["dispute_count_grid_90d"].to_list()


def test_build_panel_field_that_is_missing_yields_no_column():
    names = make_panel([Case("a", 1)], [30]).names

    assert [] == [
        name for name in names if any(word in name for word in ("open", "overdue", "due", "source", "group", "reopened", "neighbours"))
    ]
    assert "dispute_count_grid_28d" in names


def test_build_panel_row_of_a_single_grid_log_stands():
    panel = make_panel([Case("a", 1)], [30], grids={"a": "D/T/C"})

    assert [1.0] == column(panel, "dispute_count_grid_90d")
    assert [] == [name for name in panel.names if "township" in name]


def test_catalogue_is_in_the_same_order_each_time(rich_log):
    first, second = (catalogue(make_facts(**rich_log), HORIZON, SETTINGS) for _ in range(2))

    assert [feature.name for feature in first] == [feature.name for feature in second]
