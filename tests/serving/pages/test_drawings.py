"""What is drawn: maps, tiles, weeks and reasons."""

import math
from datetime import date

import pytest
import shapely

from serving.maps.place_names import Gazetteer, PlaceName
from serving.maps.polygons import join
from serving.maps.svg import Sheet, draw, lay_out
from serving.pages.reason_chart import draw_reasons
from serving.pages.translations import Translator
from serving.pages.trend_chart import Week, draw_trend
from serving.rankings.schemas import Explanation, Reason
from serving.text import Text

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


def test_gazetteer_finds_names_in_names_and_falls_back_on_codes() -> None:
    names = Gazetteer.of({"d/t1/c1/g1": "甲街道滨河社区第1网格", "d/t1/c1/g2": "甲街道滨河社区第2网格", "d/t2/c3/g3": "第3网格"})

    assert names.place("d/t1/c1/g2") == PlaceName("甲街道", "滨河社区", "第2网格")
    assert names.place("d/t2/c3/g3") == PlaceName("t2", "c3", "第3网格")


def test_draw_reasons_multiply_to_the_whole_factor() -> None:
    said = [Reason(group=name, factor=factor, words=Text(zh=f"↑ {name}:x", en="")) for name, factor in (("一", 2.0), ("二", 0.5))]
    explanation = Explanation(
        contributions={"base": 0.1, "一": math.log(2), "二": math.log(0.5), "三": math.log(1.5)}, reasons=said, context=(), certainty=()
    )
    bars = draw_reasons(explanation, T)

    assert [bar.name for bar in bars.bars] == ["一", "二"]
    assert bars.rest.factor == f"×{1.5 * math.exp(0.1):.1f}"
    assert bars.bars[0].up
    assert not bars.bars[1].up
    assert bars.bars[0].width == pytest.approx(bars.bars[1].width)


def test_draw_trend_shows_neither_masked_counts_nor_weeks_ahead() -> None:
    weeks = [Week(date(2026, 1, 5), 4, False, 5.0), Week(date(2026, 1, 12), None, True, 5.0)]
    ahead = [Week(date(2026, 1, 19), None, False, 5.0), Week(date(2026, 1, 26), None, False, None)]
    drawn = draw_trend([*weeks, *ahead])

    assert [dot.count for dot in drawn.dots] == [4]
    assert len(drawn.few) == 1
    assert drawn.expected.count(",") == 3
    assert drawn.dots[0].x < drawn.now
