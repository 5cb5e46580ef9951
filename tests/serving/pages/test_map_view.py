"""The map of a day: colours by level and by what areas expect, and marks that tie it to the list."""

from types import SimpleNamespace

import pytest
import shapely

from serving.maps.drawing import Sheet, draw
from serving.maps.place_names import Gazetteer
from serving.pages.list_query import ListQuery
from serving.pages.map_view import MarkedPoint, _area_shape, _hides, address, map_areas, map_grids, title_grid
from serving.pages.translations import NOT_RATED, Translator
from serving.rankings.schemas import AreaRow
from tests.support.made_alerts import make_row, make_score

T = Translator("zh")
SQUARES = {f"d/t{number}/g{number}": shapely.box(100 + number, 30, 101 + number, 31) for number in (1, 2, 3)}


class Ground(SimpleNamespace):
    """Outlines of three squares beside each other."""

    t, query, names = T, ListQuery(target="strict"), Gazetteer({}, {})

    def outlines(self, node: str, level: str, places, spots=()):
        del node, level, spots
        shapes = {path: SQUARES[path] for path in SQUARES if path in places} or {
            place: SQUARES[f"{place}/g{place[-1]}"] for place in places
        }
        return draw(shapes, {path: [path.rpartition("/")[0]] for path in shapes}, Sheet(400, 400))


def area(path: str, expected: float, grids: int = 10, not_rated: int = 0) -> AreaRow:
    return AreaRow(
        path=path, grids=grids, not_rated=not_rated, expected_escalations=expected, usual_level=1.0, priority=1, elevated=0, watch=0
    )


@pytest.mark.parametrize(
    ("expected", "not_rated", "level"),
    [(0.0, 0, "0"), (9.9, 0, "0"), (10.0, 0, "1"), (15.0, 0, "2"), (25.0, 0, "3"), (0.0, 10, NOT_RATED), (5.0, 8, "3")],
)
def test_area_is_coloured_by_what_it_expects_per_rated_grid_over_the_average(expected, not_rated, level):
    assert level == _area_shape(Ground(), area("d/t1", expected, not_rated=not_rated), "M0 0", average=1.0).level


def test_area_of_a_list_that_expects_nothing_has_the_lowest_colour():
    assert "0" == _area_shape(Ground(), area("d/t1", 0.0), "M0 0", average=0.0).level


def test_grids_are_coloured_by_level_and_lead_to_their_page():
    rows = [
        make_row("g1", 1, township="d/t1").model_copy(update={"score": make_score(1, attention_level="priority")}),
        make_row("g2", None, township="d/t2"),
    ]
    view = map_grids(Ground(), "d", rows, {"d/t1/g1": ("circle", 1, "3"), "d/t9/g9": ("circle", 2, "3")})

    assert ["3", NOT_RATED] == [shape.level for shape in view.shapes]
    assert ["/grids/g1?target=strict", "/grids/g2?target=strict"] == [shape.address for shape in view.shapes]
    assert [("circle", 1, "3")] == [(mark.form, mark.number, mark.level) for mark in view.marks]


def test_areas_are_compared_with_the_average_of_those_shown():
    shown = SimpleNamespace(node="d", below={"township": [area("d/t1", 30.0), area("d/t2", 10.0), area("d/t3", 5.0)]})
    levels = {shape.area: shape.level for shape in map_areas(Ground(), shown, "township", {}).shapes}

    assert {"d/t1": "2", "d/t2": "0", "d/t3": "0"} == levels


def test_title_of_a_grid_says_its_level_and_of_an_unrated_one_that_it_is_none():
    rated, unrated = title_grid(make_row("g1", 3), T), title_grid(make_row("g2", None), T)

    assert rated.startswith("示例g1网格")
    assert f"示例g2网格 · {T('not_rated')}" == unrated


@pytest.mark.parametrize(
    ("query", "expected"), [({}, "/"), ({"area": None, "date": ""}, "/"), ({"area": "d/t1", "level": "grid"}, "/?area=d%2Ft1&level=grid")]
)
def test_address_of_the_screen_leaves_out_what_is_not_stated(query, expected):
    assert expected == address(**query)


@pytest.mark.parametrize(("x", "y", "hides"), [(100, 100, True), (155, 123, True), (156, 100, False), (100, 124, False)])
def test_mark_hides_a_name_that_is_written_over_it(x, y, hides):
    assert hides is _hides(MarkedPoint(100, 100, "circle", 1, "3"), x, y)
