import subprocess
import sys
from datetime import timedelta

import pytest

from serving.api.schemas import ModelPage
from serving.rankings.ledger import newest
from serving.server.errors import Problem
from tests.support.databases import drop_trigger, reword_rows
from tests.support.published_world import AS_OF, PUBLISHED_AT


def test_importing_the_api_brings_neither_trainer_nor_mlflow():
    """Only settings of training and names of rivals may come along; a worker reads the ledger, and with polars the polygons of maps."""
    listing = "import serving.run, sys; print(*sorted(m for m in sys.modules))"
    modules = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()

    assert [name for name in modules if name.startswith("training")] == ["training", "training.rivals", "training.settings"]
    assert set() == {"mlflow", "lightgbm", "shap", "sklearn", "pandas"} & set(modules)


def test_model_page_names_who_put_the_model_there(client, shared_world):
    page = ModelPage.model_validate_json(client.get("/v1/models/current").content)

    assert page.ranking.ranking_id == newest(shared_world.engine).ranking_id
    assert [(each.kind, each.published_by) for each in page.publications] == [("promote", "analyst-1")]
    assert page.ranking.model_hash == page.publications[0].model_hash


def test_health_and_readiness(client, fresh_client, shared_world):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "ranking_id": newest(shared_world.engine).ranking_id, "attention": []}
    assert fresh_client.get("/readyz").json() == {"status": "ready", "ranking_id": None, "attention": []}


def test_readiness_finds_a_list_published_since(fresh_client, world):
    entry = world.rank()

    assert fresh_client.get("/readyz").json()["ranking_id"] == entry.ranking_id


def test_list_that_was_tampered_with_is_not_served(fresh_client, world):
    first = world.rank()
    fresh_client.get("/readyz")
    second = world.rank(AS_OF.replace(day=8), PUBLISHED_AT)
    with world.engine.begin() as connection:
        drop_trigger(connection, "ranking_row", "UPDATE")
        reword_rows(connection, second.id, "watch", "routine")

    answer = fresh_client.get("/v1/rankings", params={"date": "2026-01-08"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "ledger" not in answer.text
    assert first.ranking_id == fresh_client.get("/v1/rankings").headers["X-Ranking-Id"]


def test_readiness_without_a_database_is_503_and_the_list_in_memory_is_served(databases, world, fresh_client, clock, token):
    """Whoever was let in before is let in for a while."""
    world.rank()
    fresh_client.get("/readyz")
    fresh_client.get("/v1/rankings")
    with databases.unreadable(world.engine):
        clock.now += timedelta(minutes=14)

        assert fresh_client.get("/v1/rankings").status_code == 200
        assert fresh_client.get("/healthz").status_code == 200
        for path in ("/readyz", "/v1/models/current", "/v1/grids/x", "/v1/rankings?date=2026-01-01"):
            answer = fresh_client.get(path)
            assert 503 == Problem.model_validate_json(answer.content).status == answer.status_code
        assert 503 == fresh_client.get("/v1/rankings", headers={"Authorization": f"Bearer {token}"}).status_code
        clock.now += timedelta(minutes=1)
        assert 503 == fresh_client.get("/v1/rankings").status_code


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("POST", "/v1/rankings", 405), ("GET", "/v1/rankings?limit=x", 422), ("GET", "/v1/grids/x", 404)],
)
def test_every_error_is_a_problem(client, method, path, status):
    answer = client.request(method, path)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["Content-Type"])
    assert status == Problem.model_validate_json(answer.content).status


def test_error_nobody_foresaw_is_a_problem_that_tells_nothing(client, monkeypatch):
    monkeypatch.setattr("serving.api.routes.service.publications", lambda _: 1 / 0)

    answer = client.get("/v1/models/current")

    assert 500 == Problem.model_validate_json(answer.content).status == answer.status_code
    assert "division" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "", "127.0.0.1:8000/x", "*"])
@pytest.mark.parametrize("path", ["/v1/rankings", "/v1/models/current", "/metrics"])
def test_other_hosts_are_refused(client, host, path):
    answer = client.get(path, headers={"Host": host, "X-Forwarded-Host": "localhost"})

    assert 400 == Problem.model_validate_json(answer.content).status == answer.status_code


@pytest.mark.parametrize(("size", "status"), [(1024**2, 405), (1024**2 + 1, 413)])
def test_body_above_the_limit_is_refused(client, size, status):
    answer = client.post("/v1/rankings", content=b"x" * size)

    assert status == Problem.model_validate_json(answer.content).status == answer.status_code


def test_description_has_an_explicit_schema_for_every_answer(client):
    description = client.get("/openapi.json").json()

    operations = {path: operation for path, methods in description["paths"].items() for operation in methods.values()}
    for path, operation in operations.items():
        responses = operation["responses"]
        for content in responses["200"]["content"].values():
            assert "$ref" in str(content["schema"]) or content["schema"] == {"type": "string"}, path
        for status, response in responses.items():
            problem = response.get("content", {}).get("application/problem+json")
            assert status in {"200", "304"} or problem == {"schema": {"$ref": "#/components/schemas/Problem"}}, (path, status)
    for name, schema in description["components"]["schemas"].items():
        assert schema.get("additionalProperties") is False or "enum" in schema, name
        undescribed = [
            field for field, about in schema.get("properties", {}).items() if "description" not in about and "$ref" not in str(about)
        ]
        assert not undescribed, (name, undescribed)


def test_docs_load_nothing_from_elsewhere(client):
    page = client.get("/docs").text

    assert "http://" not in page
    assert "https://" not in page
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_metrics_count_requests_by_route_and_never_by_grid(client):
    client.get("/v1/grids/some-grid")

    metrics = client.get("/metrics").text

    assert 'http_requests_total{handler="/v1/grids/{grid_id}",method="GET",status="4xx"} 1.0' in metrics
    assert "some-grid" not in metrics
