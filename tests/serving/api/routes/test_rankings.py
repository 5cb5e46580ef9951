import csv
import io
import json
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from features.database.access_tables import audit
from features.storage.keys import secret_key
from serving.api.schemas import RankingPage
from serving.rankings.ledger import newest, read_body
from serving.server.responses import Cursor
from tests.support.published_world import AS_OF
from tests.support.visitors import sign_up


def pages(client, **query):
    """Return all pages of a list."""
    found = [client.get("/v1/rankings", params=query)]
    while further := found[-1].json()["next"]:
        found.append(client.get("/v1/rankings", params={"cursor": further, "limit": query["limit"]}))
    return found


def test_ranking_page_is_what_its_model_says(client):
    page = RankingPage.model_validate_json(client.get("/v1/rankings", params={"limit": 100}).content)

    assert (page.ranking.as_of, page.level, page.total, page.next) == (AS_OF, "grid", 40, None)
    assert list(range(1, 40)) == [row.score.rank for row in page.rows if row.score]
    assert page.notices[0].zh == "用于服务排期，不得用于考核排名"


@pytest.mark.parametrize("level", ["grid", "community", "township", "district"])
def test_ranking_pages_hold_the_published_bytes_in_order(client, shared_world, level):
    published = [row.body.encode() for row in read_body(shared_world.engine, newest(shared_world.engine))[level]]

    answers = pages(client, level=level, limit=7)

    assert [json.loads(body) for body in published] == [row for answer in answers for row in answer.json()["rows"]]
    assert all(b",".join(published[7 * n : 7 * n + 7]) in answer.content for n, answer in enumerate(answers))


def test_ranking_parent_lists_what_lies_in_it(client):
    township = client.get("/v1/rankings", params={"level": "township"}).json()["rows"][1]

    for level, paths in (("grid", "township"), ("community", "path")):
        rows = client.get("/v1/rankings", params={"level": level, "parent": township["path"]}).json()["rows"]
        assert rows
        assert all(row[paths].startswith(township["path"]) for row in rows)
    assert township["grids"] == client.get("/v1/rankings", params={"parent": township["path"]}).json()["total"]


def test_ranking_unknown_parent_is_an_empty_list(client):
    assert client.get("/v1/rankings", params={"parent": "nowhere"}).json()["rows"] == []


def test_ranking_headers_name_the_list(client, shared_world):
    entry = newest(shared_world.engine)

    headers = client.get("/v1/rankings").headers

    assert entry.ranking_id == headers["X-Ranking-Id"]
    assert headers["X-Data-Through"] == "2026-01-08T16:00:00+00:00"
    assert headers["X-Stale"] == "false"
    assert headers["Cache-Control"] == "private, no-cache"


def test_ranking_of_another_date(client):
    page = client.get("/v1/rankings", params={"date": (AS_OF - timedelta(days=7)).isoformat(), "target": "escalation"}).json()

    assert page["ranking"]["as_of"] == "2026-01-02"


@pytest.mark.parametrize("query", [{"date": "2020-01-01"}, {"target": "surge"}])
def test_ranking_that_was_not_published_is_not_found(client, query):
    assert client.get("/v1/rankings", params=query).status_code == 404


def test_ranking_before_the_first_list_is_not_found_and_says_what_to_do(fresh_client):
    answer = fresh_client.get("/v1/rankings")

    assert answer.status_code == 404
    assert "yujing rank" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    [
        {"date": "20260109"},
        {"date": "2026-1-9"},
        {"date": "2026-02-30"},
        {"date": "1767916800"},
        {"date": "2026-01-09T00:00:00"},
        {"date": "２０２６-01-09"},
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "ten"},
        {"level": "person"},
        {"format": "xlsx"},
        {"cursor": "abc"},
        {"cursor": "abcd" * 20, "level": "grid"},
        {"role": "admin"},
    ],
)
def test_ranking_query_that_does_not_fit_is_refused_without_repeating_it(client, query):
    answer = client.get("/v1/rankings", params=query)

    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert answer.json()["errors"]
    assert not [value for value in query.values() if len(value) > 4 and value in answer.text]


FIRST = Cursor(ranking_id="0" * 16, scope="", level="grid", node=None, offset=10)


def test_ranking_cursor_of_a_list_that_is_gone_is_410(client, shared_world, clock):
    cursor = FIRST.sign(secret_key(shared_world.home, "cursor"), clock.now)

    assert client.get("/v1/rankings", params={"cursor": cursor}).status_code == 410


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (9, 200), (16, 410)])
def test_ranking_cursor_is_good_for_a_quarter_of_an_hour(client, clock, minutes, status):
    cursor = client.get("/v1/rankings", params={"limit": 10}).json()["next"]
    clock.now += timedelta(minutes=minutes)

    assert status == client.get("/v1/rankings", params={"cursor": cursor}).status_code


def test_ranking_cursor_that_was_changed_or_is_anothers_is_refused(client, shared_world, clock):
    cursor = client.get("/v1/rankings", params={"limit": 10}).json()["next"]
    changed = [cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :] for place in range(0, len(cursor), 5)]
    key = secret_key(shared_world.home, "cursor")
    foreign = [FIRST.sign(bytes(32), clock.now), FIRST.model_copy(update={"scope": "990101"}).sign(key, clock.now)]

    assert {422} == {client.get("/v1/rankings", params={"cursor": text}).status_code for text in [*changed, *foreign]}


def test_ranking_cursor_stays_on_its_list_when_a_newer_one_is_published(world, fresh_client):
    first = world.rank(AS_OF - timedelta(days=1))
    fresh_client.get("/readyz")
    page = fresh_client.get("/v1/rankings", params={"limit": 30})
    second = world.rank()
    fresh_client.get("/readyz")

    further = fresh_client.get(page.headers["Link"].split(">")[0].lstrip("<"))

    assert first.ranking_id == page.headers["X-Ranking-Id"] == further.headers["X-Ranking-Id"]
    assert (len(page.json()["rows"]), len(further.json()["rows"])) == (30, 10)
    assert second.ranking_id == fresh_client.get("/v1/rankings").headers["X-Ranking-Id"]


def test_ranking_etag_of_the_same_page_is_304(client):
    first = client.get("/v1/rankings", params={"limit": 10})

    for tag in (first.headers["ETag"], f"W/{first.headers['ETag']}", f'"other", {first.headers["ETag"]}', "*"):
        again = client.get("/v1/rankings", params={"limit": 10}, headers={"If-None-Match": tag})
        assert (304, b"", first.headers["ETag"]) == (again.status_code, again.content, again.headers["ETag"])


def test_ranking_etag_differs_between_pages_and_staleness(client, clock):
    queries = [{}, {"limit": 10}, {"level": "township"}, {"parent": "990101"}, {"date": "2026-01-02"}]
    tags = [client.get("/v1/rankings", params=query).headers["ETag"] for query in queries]
    clock.now += timedelta(days=3)

    tags.append(client.get("/v1/rankings").headers["ETag"])

    assert len(tags) == len(set(tags))


@pytest.mark.parametrize(("hours", "stale"), [(1, "false"), (26, "false"), (26.1, "true")])
def test_ranking_is_marked_stale_26_hours_after_publication(client, clock, hours, stale):
    clock.now += timedelta(hours=hours - 1)

    answer = client.get("/v1/rankings")

    assert (stale, stale == "true") == (answer.headers["X-Stale"], answer.json()["stale"])


def test_ranking_of_a_past_day_published_today_is_stale(world, clock, fresh_client):
    world.rank(date(2025, 12, 1), clock.now)
    fresh_client.get("/readyz")

    assert fresh_client.get("/v1/rankings").json()["stale"] is True


def test_export_opens_in_a_spreadsheet_and_is_written_down(client, shared_world, clock):
    actor, token = sign_up(shared_world.engine, clock.now)
    order = {"level": "township", "purpose": "service_planning"}
    answer = client.post("/v1/exports", json=order, headers={"Authorization": f"Bearer {token}"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    with shared_world.engine.connect() as connection:
        written = connection.execute(select(audit).where(audit.c.actor_id == actor.account_id, audit.c.action == "export")).one()

    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ranking-2026-01-09-township.csv"'
    assert {"用于服务排期，不得用于考核排名"} == {row["notice"] for row in rows}
    assert written.subject == newest(shared_world.engine).ranking_id
    assert json.loads(written.detail) == order | {"parent": None, "rows": len(rows)}


def test_export_without_a_known_purpose_is_refused(client):
    assert {422} == {client.post("/v1/exports", json=order).status_code for order in ({}, {"purpose": "league table"})}


def test_export_sixth_of_a_day_is_refused(client, shared_world, clock):
    _, token = sign_up(shared_world.engine, clock.now)
    client.headers["Authorization"] = f"Bearer {token}"
    statuses = [client.post("/v1/exports", json={"purpose": "study"}).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]
