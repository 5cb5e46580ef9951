"""Plots on a lattice: they tile it, and each knows its grids before and after the redraw."""

import json

import numpy as np
import pytest

from features.simulation.plots import (
    MERGED,
    PLAIN,
    SPACING,
    SPLIT,
    Plots,
    Rect,
    adjacent,
    divide,
    draw_plots,
    lattice_side,
    make_vertices,
    number_grids,
    outline,
    place_plots,
    to_geojson,
)
from features.simulation.preset import Preset, Redraw, Size


def area(rect: Rect) -> int:
    return (rect.bottom - rect.top) * (rect.right - rect.left)


@pytest.mark.parametrize(
    ("rect", "share", "expected"),
    [
        (Rect(0, 0, 4, 2), 0.5, (Rect(0, 0, 2, 2), Rect(2, 0, 4, 2))),
        (Rect(0, 0, 2, 4), 0.25, (Rect(0, 0, 2, 1), Rect(0, 1, 2, 4))),
        (Rect(0, 0, 4, 1), 0.01, (Rect(0, 0, 1, 1), Rect(1, 0, 4, 1))),
        (Rect(0, 0, 4, 1), 0.99, (Rect(0, 0, 3, 1), Rect(3, 0, 4, 1))),
        (Rect(5, 5, 7, 7), 0.5, (Rect(5, 5, 6, 7), Rect(6, 5, 7, 7))),
    ],
    ids=["high", "wide", "never nothing", "never all", "square"],
)
def test_cut_across_the_longer_side(rect: Rect, share: float, expected: tuple[Rect, Rect]) -> None:
    assert expected == rect.cut(share)


def test_divide_in_proportion_without_loss() -> None:
    pieces = divide(Rect(0, 0, 12, 12), np.array([1, 2, 3, 6]))

    assert 144 == sum(map(area, pieces))
    assert [12, 24, 36, 72] == [area(piece) for piece in pieces]


@pytest.mark.parametrize(("parts", "side"), [(1, 4), (4, 8), (5, 9), (605, 99)])
def test_lattice_side_holds_sixteen_cells_for_each_part(parts: int, side: int) -> None:
    assert side == lattice_side(parts)


def test_make_vertices_of_the_border_lie_on_straight_lines() -> None:
    vertices = make_vertices(4, (150.0, 25.0), np.random.default_rng(1))

    assert {150.0} == set(vertices[:, 0, 0].tolist())
    assert {25.0} == set(vertices[0, :, 1].tolist())
    assert pytest.approx(150.0 + 4 * SPACING) == vertices[2, 4, 0]
    assert 150.0 + SPACING != vertices[2, 1, 0]


def test_outline_is_a_closed_ring_through_every_vertex_once() -> None:
    ring = outline(Rect(0, 0, 1, 2), make_vertices(2, (0.0, 0.0), np.random.default_rng(1)))

    assert (7, 6) == (len(ring), len({tuple(point) for point in ring.tolist()}))
    assert ring[0].tolist() == ring[-1].tolist()


def test_to_geojson_is_a_polygon_of_one_ring() -> None:
    assert {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]} == json.loads(to_geojson(np.array([[0, 0], [1, 0], [0, 0]])))


def test_adjacent_share_a_side_not_a_corner() -> None:
    quarters = [Rect(0, 0, 1, 1), Rect(0, 1, 1, 2), Rect(1, 0, 2, 1), Rect(1, 1, 2, 2)]

    assert [[0, 1], [0, 2], [1, 0], [1, 3], [2, 0], [2, 3], [3, 1], [3, 2]] == adjacent(quarters, 2).tolist()


def plots(*kinds: int, community: tuple[int, ...] | None = None) -> Plots:
    count = len(kinds)
    return Plots(
        np.array(kinds), np.array(community or (0,) * count), np.zeros(max(community or (0,)) + 1, np.int64), np.zeros(1, np.int64)
    )


def test_number_grids_of_each_kind_of_plot() -> None:
    """Rows: a plain plot, a whole that is split into two, a whole that two were merged into."""
    numbered = number_grids(plots(PLAIN, SPLIT, MERGED))

    assert [0, 1, 1, 1, 2, 2, 2] == numbered.plot.tolist()
    assert [0, 1, 1, 5, 6] == numbered.before.tolist()
    assert [0, 2, 3, 4, 4] == numbered.after.tolist()
    assert [False, False, True, True, True, False, False] == numbered.redrawn.tolist()


def test_parts_of_a_plain_plot_are_one_and_of_others_two() -> None:
    assert [1, 2, 2] == plots(PLAIN, SPLIT, MERGED).parts.tolist()


def test_place_plots_tile_the_lattice_community_by_community() -> None:
    placed = place_plots(plots(PLAIN, SPLIT, PLAIN, PLAIN, community=(0, 0, 1, 1)), 10)
    cells = np.zeros((10, 10), int)
    for rect in placed:
        cells[rect.top : rect.bottom, rect.left : rect.right] += 1

    assert {1} == set(cells.ravel().tolist())
    assert 60 == area(placed[0]) + area(placed[1])


def test_draw_plots_redrawn_ones_are_half_split_and_half_merged() -> None:
    drawn = draw_plots(Preset(size=Size(grids=100, townships=3, communities=10), redraw=Redraw(share=0.2)), np.random.default_rng(1))

    assert (70, 10, 10) == tuple(int((drawn.kind == kind).sum()) for kind in (PLAIN, SPLIT, MERGED))
    assert 100 == int(np.isin(drawn.kind, (PLAIN, SPLIT)).sum() + 2 * (drawn.kind == MERGED).sum())
    assert set(range(10)) == set(drawn.community.tolist())
    assert set(range(3)) == set(drawn.township_of.tolist())


def test_draw_plots_two_thirds_redrawn_leave_no_plain_one() -> None:
    drawn = draw_plots(Preset(size=Size(grids=6, townships=1, communities=1), redraw=Redraw(share=2 / 3)), np.random.default_rng(1))

    assert [SPLIT, SPLIT, MERGED, MERGED] == sorted(drawn.kind.tolist())


def test_draw_plots_area_types_of_communities_keep_their_shares() -> None:
    size = Size(grids=200, townships=4, communities=20, area_types=(0.5, 0.25, 0.25, 0.0))
    drawn = draw_plots(Preset(size=size), np.random.default_rng(1))

    assert [10, 5, 5] == np.bincount(drawn.area_type_of).tolist()
