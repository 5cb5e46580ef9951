import pytest

from serving.api.schemas import GridPage
from serving.rankings.ledger import newest, read_body
from tests.support.published_world import AS_OF


@pytest.fixture
def listed(shared_world):
    return read_body(shared_world.engine, newest(shared_world.engine))["grid"]


def test_grid_page_holds_the_published_row_and_the_lists_before(client, listed):
    answer = client.get(f"/v1/grids/{listed[0].place}")
    page = GridPage.model_validate_json(answer.content)

    assert listed[0].body.encode() in answer.content
    assert (listed[0].place, 1) == (page.row.grid_id, page.row.score.rank)
    assert page.row.explanation.reasons
    assert [str(past.as_of) for past in page.history] == ["2026-01-09", "2026-01-02"]
    assert page.history[0].score == page.row.score


def test_grid_page_weekly_counts_are_masked(client, listed):
    rows = [GridPage.model_validate_json(client.get(f"/v1/grids/{row.place}").content).row for row in listed[:5]]

    assert all(len(row.weekly_cases) == 52 for row in rows)
    assert not {1, 2} & {count for row in rows for count in row.weekly_cases}
    assert any(count is None for row in rows for count in row.weekly_cases)


def test_grid_page_limit_and_etag(client, listed):
    first = client.get(f"/v1/grids/{listed[0].place}", params={"limit": 1})

    again = client.get(f"/v1/grids/{listed[0].place}", params={"limit": 1}, headers={"If-None-Match": first.headers["ETag"]})

    assert [AS_OF.isoformat()] == [past["as_of"] for past in first.json()["history"]]
    assert again.status_code == 304


def test_grid_that_is_not_listed_is_not_found_and_its_id_not_repeated(client):
    first, second = client.get("/v1/grids/nowhere"), client.get("/v1/grids/elsewhere")

    assert (404, first.content) == (first.status_code, second.content)


def test_grid_of_an_area_path_is_not_found(client):
    assert client.get("/v1/grids/990101").status_code == 404
