"""The map of a report: from polygons of the grid table, masked like the tables."""

import pytest
from sqlalchemy import select, update

from features.database.engine import writing
from features.database.tables import grid
from features.eventlog.read import read_log
from serving.documents.paper import Speaker
from serving.situation_report.drawings import lay_out_areas
from serving.situation_report.period import month
from serving.situation_report.report import analyse
from serving.situation_report.source import Place, ReportOrder, Source
from tests.support.published_world import SETTINGS

ZH = Speaker("zh")


@pytest.fixture
def source(world):
    """Return December beside grids that are squares in a row."""
    with writing(world.engine) as connection:
        for place, grid_id in enumerate(connection.execute(select(grid.c.grid_id).order_by(grid.c.grid_id)).scalars().all()):
            box = f"POLYGON (({place} 0, {place + 1} 0, {place + 1} 1, {place} 1, {place} 0))"
            connection.execute(update(grid).where(grid.c.grid_id == grid_id).values(geometry=box))
    place = Place(world.home, world.engine, SETTINGS)
    return Source(read_log(world.home, world.engine), place, ReportOrder(month("2025-12"), "escalation"))


def test_map_is_drawn_above_the_table_of_the_areas(source):
    paper = analyse(source).papers["zh"]
    by_area = next(each for each in paper.sections if each.title == "分镇街")

    assert by_area.plot == "map"
    assert by_area.sentences[-1].endswith("图中箭头指与上年同期比明显上升或下降。")
    assert paper.plots["map"].startswith(b"\x89PNG")


def test_map_says_the_counts_of_the_table_and_hides_what_it_hides(source):
    cells = source.by_area.new.now.cells
    hidden = [None, *cells[1:]]
    source.by_area.new.now.cells[:] = hidden

    areas = list(lay_out_areas(source, [1.0] * len(cells), ZH))
    assert [area.figures for area in areas] == ["※", *(f"{cell}件" for cell in cells[1:])]
    assert [area.value for area in areas] == [None, *[1.0] * (len(cells) - 1)]


def test_map_is_left_out_where_no_grid_has_a_polygon(source):
    with writing(source.place.engine) as connection:
        connection.execute(update(grid).values(geometry=None))

    assert list(lay_out_areas(source, [1.0, 1.0], ZH)) == []
