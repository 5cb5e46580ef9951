import csv
import io
import json

from sqlalchemy import select

from features.database.access_tables import audit
from serving.rankings.ledger import newest
from tests.support.visitors import sign_up


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
