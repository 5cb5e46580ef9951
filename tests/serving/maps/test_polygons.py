"""Polygons: joined once per grid table, and read by area."""

import pytest
import shapely
from sqlalchemy import insert, update

from features.database.engine import writing
from features.database.tables import grid
from features.storage.home import Home
from serving.maps.drawing import Sheet, draw
from serving.maps.polygons import KEPT, join, prepare

LEFT, RIGHT = shapely.box(100, 0, 101, 1), shapely.box(101, 0, 102, 1)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def placed(engine):
    """Return a database with two grids of one community that have polygons, beside three that have none."""
    rows = [
        {"grid_id": name, "name": f"网格{name}", "parent_path": "d/t/c", "geometry": shape.wkt}
        for name, shape in (("a", LEFT), ("b", RIGHT))
    ]
    with writing(engine) as connection:
        connection.execute(insert(grid), rows)
    return engine


def test_join_makes_one_polygon_of_what_lies_in_one_area() -> None:
    joined = join({"d/t/c/a": LEFT, "d/t/b": RIGHT})

    assert draw({"t": joined["d/t"]}, {"t": ()}, Sheet(400, 400)).shapes["t"].count("Z") == 1
    assert joined["d"].area == 2
    assert joined["d/t/c"].area == 1


def test_ground_gives_grids_and_areas_below_a_node(home, placed):
    ground = prepare(home, placed)

    assert {"d/t/c/a": LEFT, "d/t/c/b": RIGHT} == ground.grids() == ground.grids("d/t")
    assert {"d/t/c/b": RIGHT} == ground.grids_at(["d/t/c/b", "t1/g1"])
    assert {"d/t": 2.0} == {path: shape.area for path, shape in ground.areas("d", 2).items()}
    assert {} == ground.grids("d/t2")
    assert "网格a" == ground.names()["d/t/c/a"]


@pytest.mark.parametrize(("node", "share"), [("", 0.4), ("d", 1.0), ("t1", 0.0), ("nowhere", 0.0)])
def test_share_drawn_counts_grids_that_have_a_polygon(home, placed, node, share):
    assert share == pytest.approx(prepare(home, placed).share_drawn(node))


def test_count_drawn_is_by_the_first_code(home, placed):
    assert {"d": 2} == prepare(home, placed).count_drawn()


def test_prepare_joins_again_only_where_the_grid_table_changed(home, placed, monkeypatch):
    first = prepare(home, placed)
    with monkeypatch.context() as patched:
        patched.setattr("serving.maps.polygons.join", lambda _: pytest.fail("joined again"))
        assert first == prepare(home, placed)

    with writing(placed) as connection:
        connection.execute(update(grid).where(grid.c.grid_id == "b").values(geometry=None))
    second = prepare(home, placed)

    assert ["d/t/c/a"] == list(second.grids())
    assert 2 == len(first.grids())


def test_prepare_leaves_the_last_few_grounds(home, placed):
    made = []
    for number in range(KEPT + 1):
        with writing(placed) as connection:
            connection.execute(update(grid).where(grid.c.grid_id == "b").values(name=f"第{number}网格"))
        made.append(prepare(home, placed))

    assert [False, *[True] * KEPT] == [ground.file.exists() for ground in made]


def test_polygon_that_crosses_itself_is_mended(home, placed):
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with writing(placed) as connection:
        connection.execute(update(grid).where(grid.c.grid_id == "b").values(geometry=bow_tie.wkt))

    assert prepare(home, placed).grids()["d/t/c/b"].is_valid
