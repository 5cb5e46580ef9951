"""Drawings: maps, tiles, weeks and reasons."""

from datetime import date

import pytest
import shapely

from serving.maps.drawing import Sheet, draw, lay_out
from serving.maps.place_names import Gazetteer, PlaceName
from serving.maps.polygons import join
from serving.pages.grid_view import draw_reasons
from serving.pages.map_cache import _by_area
from serving.pages.time_charts import Week, draw_trend
from serving.pages.translations import Translator
from serving.rankings.schemas import Explanation, FactorExplanation, Reason
from serving.text import Text
from tests.support.made_alerts import make_line

T = Translator("zh")
LEFT, RIGHT = shapely.box(100, 0, 101, 1), shapely.box(101, 0, 102, 1)


def test_draw_fits_the_sheet_with_north_up() -> None:
    drawn = draw({"a": LEFT, "b": RIGHT}, {"a": ["d/t"], "b": ["d/t"]}, Sheet(400, 400))

    assert (round(drawn.sheet.width), round(drawn.sheet.height)) == (400, 200)
    assert drawn.marks["a"] == pytest.approx((100, 100), abs=1)
    assert drawn.labels["d/t"] == pytest.approx((200, 100), abs=100)
    assert drawn.borders["d/t"].count("M") == 1


def test_join_makes_one_polygon_of_what_lies_in_one_area() -> None:
    joined = join({"d/t/c/a": LEFT, "d/t/b": RIGHT})

    assert draw({"t": joined["d/t"]}, {"t": ()}, Sheet(400, 400)).shapes["t"].count("Z") == 1
    assert joined["d"].area == 2
    assert joined["d/t/c"].area == 1


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


@pytest.mark.parametrize(
    ("paths", "groups"),
    [
        (["g1", "g2"], {"": ["g1", "g2"]}),
        (["t/g1", "u/g2"], {"t": ["t/g1"], "u": ["u/g2"]}),
        (["d/t/c/g1", "d/t/e/g2"], {"d/t": ["d/t/c/g1", "d/t/e/g2"]}),
    ],
)
def test_places_without_borders_stand_together_by_the_areas_above_them(paths, groups) -> None:
    assert groups == _by_area(paths)


def test_gazetteer_finds_names_in_names_and_falls_back_on_codes() -> None:
    names = Gazetteer.of({"d/t1/c1/g1": "甲街道滨河社区第1网格", "d/t1/c1/g2": "甲街道滨河社区第2网格", "d/t2/c3/g3": "第3网格"})

    assert names.place("d/t1/c1/g2") == PlaceName("甲街道", "滨河社区", "第2网格")
    assert names.place("d/t2/c3/g3") == PlaceName("t2", "c3", "第3网格")


def test_draw_reasons_are_as_wide_as_what_they_add() -> None:
    bars = draw_reasons(Explanation(reasons=(make_line(expected=0.4), make_line("new", expected=0.1), make_line("rest", expected=0.01))), T)

    assert [bar.name for bar in bars.bars] == ["邻里纠纷5件未办结，最久21天", "尚未上报的新事项", "其余各项合计"]
    assert [bar.is_rest for bar in bars.bars] == [False, False, True]
    assert bars.bars[0].width == pytest.approx(4 * bars.bars[1].width, abs=0.2)


def test_draw_reasons_of_an_older_list_are_words_alone() -> None:
    old = FactorExplanation(
        contributions={"base": 0.1},
        reasons=(Reason(group="x", factor=1.8, words=Text(zh="↑ 近28天新增5件:与高于本网格常态相关(×1.80)", en="")),),
        context=(),
        certainty=(),
    )

    assert draw_reasons(old, T).words == ("近28天新增5件",)


def test_draw_trend_shows_neither_masked_counts_nor_weeks_ahead() -> None:
    weeks = [Week(date(2026, 1, 5), 4, False, 5.0), Week(date(2026, 1, 12), None, True, 5.0)]
    ahead = [Week(date(2026, 1, 19), None, False, 5.0), Week(date(2026, 1, 26), None, False, None)]
    drawn = draw_trend([*weeks, *ahead])

    assert [dot.count for dot in drawn.dots] == [4]
    assert len(drawn.few) == 1
    assert drawn.expected.count(",") == 3
    assert drawn.dots[0].x < drawn.now
