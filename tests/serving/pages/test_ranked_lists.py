"""A frequency never stands without its range."""

import json
import re

from serving.rankings.ledger import newest, read_body
from tests.support.people import TOWNSHIP

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
