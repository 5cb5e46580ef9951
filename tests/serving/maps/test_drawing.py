"""Maps of more grids than the server draws: one file, of the reader's own area only, drawn by the browser without a pause."""

import struct
from contextlib import ExitStack

import pytest
import shapely
from sqlalchemy import update

from features.database.engine import writing
from features.database.tables import grid
from serving.maps.drawing import Sheet, draw, grid_ids, lay_out
from serving.maps.polygons import prepare
from tests.support.people import visit
from tests.support.province import make_province

SIZE = 3_100
MANY = 109_000
FIRST_MAP_MS, ZOOM_STEP_MS = 3_000, 200
ZOOM = """async (key) => {
  const canvas = document.querySelector(".canvasmap canvas"), start = performance.now();
  canvas.dispatchEvent(new KeyboardEvent("keydown", { key }));
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  return [canvas.dataset.zoom, performance.now() - start];
}"""


@pytest.fixture(scope="module")
def province(tmp_path_factory):
    world = make_province(tmp_path_factory.mktemp("province"), SIZE)
    yield world
    world.engine.dispose()


@pytest.fixture
def come_in(province):
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(visit(province, name))


def test_map_file_holds_every_grid_with_its_level(come_in) -> None:
    centre = come_in("centre")
    file = centre.get("/map").content
    page = centre.get("/").text
    levels = file[-SIZE:].decode()

    assert 'data-map="/map?date=2026-01-09' in page
    assert "没有边界" not in page
    assert struct.unpack_from("<I", file) == (SIZE,)
    assert len(set(grid_ids(file[:-SIZE]))) == SIZE
    assert levels.count("3") == SIZE * 0.02
    assert set(levels) == {"0", "1", "2", "3"}


def test_township_receives_no_polygon_of_another(come_in) -> None:
    town = come_in("town")
    file = town.get("/map").content
    own = grid_ids(file[: -struct.unpack_from("<I", file)[0]])

    assert len(own) == 100
    assert {grid_id[2:6] < "0010" and grid_id[6:] < "0010" for grid_id in own} == {True}
    assert town.get("/map?area=02000000").status_code == 404
    assert town.get("/").text.count('<path class="level-fill-') == 100


def test_maps_are_joined_once_and_anew_when_a_grid_changes(province) -> None:
    ground = prepare(province.home, province.engine)
    written = (ground.folder / "polygons.parquet").stat().st_mtime_ns

    assert prepare(province.home, province.engine) == ground
    assert (ground.folder / "polygons.parquet").stat().st_mtime_ns == written
    _forget_border(province, "0100000000")
    assert len(prepare(province.home, province.engine).grids()) == SIZE - 1


def test_maps_of_earlier_grids_are_cleared_away_and_grids_without_a_border_told(province, come_in) -> None:
    centre = come_in("centre")
    for grid_id in ("0100000001", "0100000002", "0100000003"):
        _forget_border(province, grid_id)
        prepare(province.home, province.engine)
    page = centre.get("/").text
    missing = SIZE - struct.unpack_from("<I", centre.get("/map").content)[0]

    assert len(list(province.home.maps.iterdir())) == 2
    assert missing >= 3
    assert f"{missing}个没有边界，不在图上" in page


def _forget_border(province, grid_id: str) -> None:
    with writing(province.engine) as connection:
        connection.execute(update(grid).where(grid.c.grid_id == grid_id).values(geometry=None))


@pytest.mark.full
def test_many_grids_are_drawn_and_enlarged_without_a_pause(tmp_path) -> None:
    """The first page of a server that has just started, from the press on the login to the map; then steps in and out."""
    pytest.importorskip("playwright", reason="Playwright is not installed")
    from tests.support.browser import chromium, serving, window

    world = make_province(tmp_path, MANY)
    with serving(world) as base, chromium() as browser, window(browser, base) as seen:
        seen.sign_in("centre")
        seen.page.wait_for_selector("canvas[data-zoom]")
        first = seen.page.evaluate("performance.getEntriesByName('map-drawn')[0].startTime")
        steps = [seen.page.evaluate(ZOOM, key) for key in "++++----"]

        assert first < FIRST_MAP_MS
        assert [zoom for zoom, _ in steps] == ["2", "4", "8", "16", "8", "4", "2", "1"]
        assert max(spent for _, spent in steps) < ZOOM_STEP_MS
        assert (seen.serious(), seen.faults) == ([], [])
    world.engine.dispose()


LEFT, RIGHT = shapely.box(100, 0, 101, 1), shapely.box(101, 0, 102, 1)


def test_draw_fits_the_sheet_with_north_up() -> None:
    drawn = draw({"a": LEFT, "b": RIGHT}, {"a": ["d/t"], "b": ["d/t"]}, Sheet(400, 400))

    assert (round(drawn.sheet.width), round(drawn.sheet.height)) == (400, 200)
    assert drawn.marks["a"] == pytest.approx((100, 100), abs=1)
    assert drawn.labels["d/t"] == pytest.approx((200, 100), abs=100)
    assert drawn.borders["d/t"].count("M") == 1


def test_lay_out_gives_each_grid_a_square_inside_the_sheet() -> None:
    townships = {f"d/t{number}": [f"g{number}.{each}" for each in range(50)] for number in range(13)}
    tiles = lay_out(townships, Sheet(688, 628))

    assert len(set(tiles.shapes.values())) == 650
    assert max(x for x, _ in tiles.marks.values()) < 688
    assert tiles.sheet.height <= 628


def test_lay_out_of_one_group_uses_the_whole_width() -> None:
    tiles = lay_out({"": [f"g{each}" for each in range(48)]}, Sheet(688, 628))

    assert 48 == len(set(tiles.shapes.values()))
    assert 600 < max(x for x, _ in tiles.marks.values()) < 688
