"""Grids, exports and corrections: each reader's own area, a purpose that is written down, and nothing that is not there."""

import json
import re

import pytest

from tests.serving.pages.test_pages import alerts_below
from tests.support.audit_entries import newest_entries
from tests.support.people import OTHER, TOWNSHIP, flat, token_of

TODAY, YESTERDAY = "2026-01-09", "2026-01-08"


def order(client, **given: str) -> dict[str, str]:
    return {"csrf": token_of(client.get("/export").text), "date": TODAY, "purpose": "mediation"} | given


def test_search_that_finds_one_grid_leads_to_it_and_of_another_township_finds_none(enter) -> None:
    code = "990101001001001"
    found = enter("town").get(f"/grids?q={code}")

    assert (303, f"/grids/{code}") == (found.status_code, found.headers["location"])
    assert 200 == enter("stranger").get(f"/grids?q={code}").status_code


@pytest.mark.parametrize(("query", "status"), [("area=nowhere", 404), ("date=2026-01-01", 404), ("level=red", 422), (f"q={'x' * 41}", 422)])
def test_grids_of_what_is_not_there_are_refused(enter, query: str, status: int) -> None:
    assert status == enter("centre").get(f"/grids?{query}").status_code


def test_first_list_has_no_list_before_to_compare_with(enter) -> None:
    centre = enter("centre")
    links = [re.search(r'href="/changes\?', flat(centre.get(f"/grids?date={day}").text)) is not None for day in (TODAY, YESTERDAY)]

    assert [True, False] == links


@pytest.mark.parametrize(("name", "grids"), [("centre", "40个网格"), ("town", "20个网格")])
def test_export_form_says_how_many_grids_the_file_will_hold(enter, name: str, grids: str) -> None:
    assert f"2026年1月9日 · {grids}" in flat(enter(name).get("/export").text)


def test_export_is_written_down_with_its_purpose_and_rows_of_ones_own_area(own_world, enter_own) -> None:
    town = enter_own("town")
    answer = town.post("/export", data=order(town))
    entry = newest_entries(own_world.engine, 1)[0]

    assert 'attachment; filename="ranking-2026-01-09-grid.xlsx"' == answer.headers["content-disposition"]
    assert {"level": "grid", "parent": None, "purpose": "mediation", "rows": 20} == json.loads(entry.detail)


def test_export_of_another_township_holds_no_row(own_world, enter_own) -> None:
    town = enter_own("town")
    town.post("/export", data=order(town, area=OTHER))

    assert 0 == json.loads(newest_entries(own_world.engine, 1)[0].detail)["rows"]


@pytest.mark.parametrize(
    ("given", "status"),
    [({"purpose": "appraisal"}, 422), ({"date": "2026-01-01"}, 404), ({"target": "nothing"}, 404), ({"csrf": "0" * 64}, 403)],
)
def test_export_for_no_permitted_purpose_or_of_no_list_is_refused(enter_own, given: dict[str, str], status: int) -> None:
    centre = enter_own("centre")

    assert status == centre.post("/export", data=order(centre, **given)).status_code


@pytest.mark.parametrize(
    ("name", "number", "step", "status"),
    [
        ("centre", 1, "acknowledged", 404),
        ("centre", 0, "acknowledged", 422),
        ("centre", 1, "deleted", 422),
        ("auditor", 1, "acknowledged", 403),
    ],
)
def test_answer_to_a_correction_that_is_not_there_is_refused(enter_own, name: str, number: int, step: str, status: int) -> None:
    client = enter_own(name)
    csrf = token_of(client.get("/corrections").text)

    assert status == client.post(f"/corrections/{number}", data={"csrf": csrf, "step": step}).status_code


def test_correction_of_a_strangers_grid_is_not_found(own_world, enter_own) -> None:
    alert_id, grid_id = alerts_below(own_world, TOWNSHIP)[0]
    stranger = enter_own("stranger")
    fields = {"csrf": token_of(stranger.get("/alerts").text), "alert": alert_id, "reason": "boundary"}

    assert 404 == stranger.post(f"/grids/{grid_id}/correction", data=fields).status_code
