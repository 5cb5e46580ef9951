from datetime import date

import pytest

from serving.accounts.permissions import Role
from serving.api.schemas import GridPage
from serving.app import create_app
from serving.rankings.ledger import newest, read_body
from serving.rankings.schemas import GridRow
from serving.scoring.on_demand import OnDemand
from serving.scoring.scoring import score_day
from tests.serving.scoring.test_daily_run import grid_rows, late_cases
from tests.support.published_world import AS_OF, PUBLISHED_AT, append
from tests.support.visitors import open_client, sign_up


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


@pytest.fixture
def entry(world):
    return world.rank()


@pytest.fixture
def rows(world, entry) -> list[GridRow]:
    return grid_rows(world, entry)


@pytest.fixture
def explaining(world, entry, clock):
    """A client of an application that can explain grids."""
    _, token = sign_up(world.engine, PUBLISHED_AT)
    opened = OnDemand(world.home, world.engine, world.settings)
    with open_client(create_app(world.settings, world.home, clock, lambda: opened), token) as client:
        yield client


def test_explanation_published_or_not_is_the_same_but_for_saying_so(explaining, world, rows):
    """The tenth is the last one whose reasons were published."""
    published = explaining.get(f"/v1/explanations/{rows[9].grid_id}")
    worked_out = explaining.get(f"/v1/explanations/{rows[10].grid_id}")

    assert (published.json()["published"], worked_out.json()["published"]) == (True, False)
    assert published.json()["row"] == rows[9].model_dump(mode="json")
    assert worked_out.json()["row"]["explanation"]["reasons"]
    assert OnDemand(world.home, world.engine, world.settings).explain(world.rank(), rows[9]) == rows[9].explanation
    again = explaining.get(f"/v1/explanations/{rows[10].grid_id}", headers={"If-None-Match": worked_out.headers["ETag"]})
    assert again.status_code == 304


def test_explanation_of_one_more_grid_scores_no_day_again(world, entry, rows, monkeypatch):
    on_demand = OnDemand(world.home, world.engine, world.settings)
    scored: list[date] = []
    monkeypatch.setattr("serving.scoring.on_demand.score_day", lambda *of: scored.append(of[3]) or score_day(*of))

    for row in [row for row in rows if row.score]:
        on_demand.explain(entry, row)

    assert scored == [entry.origin.as_of]


def test_explanation_of_a_foreign_or_missing_grid_is_not_found_and_of_one_not_rated_says_why(explaining, world, rows):
    withheld = next(row for row in rows if row.withheld)
    whole = explaining.get(f"/v1/explanations/{withheld.grid_id}")
    foreign = next(row.grid_id for row in rows if not (row.township or "").endswith("002"))
    _, token = sign_up(world.engine, PUBLISHED_AT, Role.TOWNSHIP, "990101/990101002")
    explaining.headers["Authorization"] = f"Bearer {token}"

    assert whole.json()["row"]["withheld_words"]
    assert explaining.get(f"/v1/explanations/{foreign}").content == explaining.get("/v1/explanations/none").content
    assert explaining.get(f"/v1/explanations/{foreign}").status_code == 404


def test_explanation_after_late_reports_waits_for_the_next_list(explaining, world, rows):
    cases = late_cases(world, 30)
    append(world.engine, cases, key="late")
    named = cases["grid_id"][0]

    assert explaining.get(f"/v1/explanations/{named}").status_code == 409
