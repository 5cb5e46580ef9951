"""Lists of the command screen: their pages, marks and words; a frequency never stands without its range."""

import json
import re

import pytest

from serving.accounts.permissions import EVERYTHING
from serving.maps.place_names import Gazetteer
from serving.pages.ranked_lists import LENGTH, Before, Sayer, count_list, numbered, often_between, page_list, priority_rows
from serving.pages.translations import Translator
from serving.rankings.ledger import newest, read_body
from tests.support.made_alerts import make_row, make_score
from tests.support.people import TOWNSHIP

T = Translator("zh")

ROW = re.compile(r'<a href="/grids/(\d+)"><b>(?:(?!</tr>).)*?<b>(\d+)个</b><small>([<>]?\d+–[<>]?\d+)个</small>', re.DOTALL)


def expected_ranges(world) -> dict[str, tuple[str, str]]:
    """Return by grid its frequency, and the range of the risk by refits, read from the ledger."""
    rows = map(json.loads, (row.body for row in read_body(world.engine, newest(world.engine))["grid"]))
    return {row["grid_id"]: (often(row["score"]["risk"]), between(row["score"])) for row in rows if row["score"]}


def often(risk: float) -> str:
    return str(round(100 * risk))


def between(score: dict[str, float]) -> str:
    return f"{often(score['risk_low'])}–{often(score['risk_high'])}"


def test_lists_and_grids_say_the_range_of_each_frequency(enter, seen_world) -> None:
    centre, expected = enter("centre"), expected_ranges(seen_world)
    shown = {grid_id: (often, between) for grid_id, often, between in ROW.findall(centre.get("/?show=rising").text)}

    assert len(shown) >= 4
    assert shown == {grid_id: expected[grid_id] for grid_id in shown}
    for grid_id, (_, between) in shown.items():
        assert f"可能范围{between}个" in centre.get(f"/grids/{grid_id}").text


def test_range_in_a_township_is_that_of_the_whole_list(enter, seen_world) -> None:
    page = enter("town").get(f"/?area={TOWNSHIP}").text
    shown = {grid_id: (often, between) for grid_id, often, between in ROW.findall(page)}

    assert shown == {grid_id: expected_ranges(seen_world)[grid_id] for grid_id in shown} != {}


def stored(grid_id: str, rank: int, level: str = "priority", **values: object) -> bytes:
    """Return a grid's row as a list stores it."""
    row = make_row(grid_id, rank)
    return row.model_copy(update={"score": make_score(rank, attention_level=level, **values)}).model_dump_json().encode()


class Listed:
    """A published list of these rows."""

    def __init__(self, rows: list[bytes]) -> None:
        self.rows = rows

    def within(self, *_: object) -> list[bytes]:
        return self.rows


def sayer(rows: list[bytes], before: Before | None = None) -> Sayer:
    return Sayer(Listed(rows), Gazetteer({}, {}), before or Before(None, EVERYTHING, None), T)


MANY = [stored(f"g{rank}", rank) for rank in range(1, 2 * LENGTH + 2)]


def test_list_counts_the_rows_of_its_mark_alone() -> None:
    rows = [
        stored("g1", 1),
        stored("g2", 2, "watch", chronic=True, rising=False),
        stored("g3", 3, "elevated"),
        make_row("g4", None).model_dump_json().encode(),
    ]

    assert (1, 1, 2) == tuple(count_list(rows, name) for name in ("attention", "chronic", "rising"))
    assert ["g1"] == [row.grid_id for row in priority_rows(rows)]


def test_pages_of_a_list_hold_each_row_once_and_go_on_with_its_number() -> None:
    pages = [page_list(MANY, "attention", number, sayer(MANY)) for number in (1, 2, 3, 4)]

    assert [LENGTH, LENGTH, 1, 0] == [len(page.lines) for page in pages]
    assert list(range(1, len(MANY) + 1)) == [line.number for page in pages for line in page.lines]
    assert ({3}, [LENGTH + 1, 1, 0, 0]) == ({page.pages for page in pages}, [page.left for page in pages])


def test_empty_list_has_one_page() -> None:
    assert (1, 0) == ((page := page_list([], "rising", 1, sayer([]))).pages, page.left)


def test_marks_on_the_map_are_those_of_the_lines() -> None:
    lines = page_list([stored("g1", 1), stored("g2", 2, rising=False)], "attention", 1, sayer(MANY)).lines

    assert {"d/t1/g1": ("square", 1, "3"), "d/t1/g2": ("circle", 2, "3")} == numbered(lines)


def test_grid_that_was_no_priority_on_the_list_before_is_new() -> None:
    class Yesterday(Before):
        def score(self, grid_id: str):
            return make_score(9, attention_level="priority" if grid_id == "g1" else "watch")

    lines = page_list(MANY[:2], "attention", 1, sayer(MANY, Yesterday(None, EVERYTHING, entry="the list before"))).lines

    assert [False, True] == [line.is_new for line in lines]
    assert [False, False] == [line.is_new for line in page_list(MANY[:2], "attention", 1, sayer(MANY)).lines]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"risk": 0.2, "risk_low": 0.1, "risk_high": 0.31}, ("10", "31")),
        ({"risk": 0.2, "risk_low": 0.001, "risk_high": 0.99}, ("<1", ">98")),
        ({"risk": 0.5, "rank_low": 1, "rank_high": 2}, ("40", "60")),
        ({"risk": 0.7, "rank_low": 1, "rank_high": 2}, ("40", "70")),
    ],
)
def test_range_is_that_of_refits_else_of_the_places_a_grid_could_have(values, expected) -> None:
    listed = Listed([stored("g1", 1, risk=0.6), stored("g2", 2, risk=0.4)])

    assert T("often_range", low=expected[0], high=expected[1]) == often_between(listed, make_score(1, **values), T)
