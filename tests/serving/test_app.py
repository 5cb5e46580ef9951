"""The application's life: nothing is opened before it starts, each source once while it runs, and all is closed with it."""

import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from serving.operations.integrity import FILE
from serving.settings import Settings
from tests.serving.alerts.conftest import NOW, Days
from tests.support.visitors import Clock


def visit(app) -> TestClient:
    return TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50_000))


def test_application_makes_nothing_before_it_starts(home):
    create_app(Settings(), home)

    assert not home.root.exists()


def test_application_that_started_has_its_database_keys_and_first_checkpoint(home):
    with visit(create_app(Settings(), home, Clock(NOW))) as client:
        assert 200 == client.get("/healthz").status_code

    assert home.database.is_file()
    assert {0o600} == {path.stat().st_mode & 0o777 for path in home.keys.glob("*.key")}
    assert 1 == len(list(home.checkpoints.rglob(FILE)))


def test_application_that_stopped_has_ended_its_work(home):
    """A list that is published later is not looked for any more, and the next start shows it."""
    app = create_app(Settings(serving={"refresh_seconds": 0.01}), home, Clock(NOW))
    with visit(app) as client:
        engine = client.app_state["reading"].shelf.engine
        assert client.get("/readyz").json()["ranking_id"] is None
    assert 0 == engine.pool.checkedout()

    entry = Days(engine).publish()
    engine.dispose()
    with visit(create_app(Settings(), home, Clock(NOW))) as client:
        assert entry.ranking_id == client.get("/readyz").json()["ranking_id"]


def test_openers_are_called_once_and_when_they_are_first_needed(home):
    opened: list[str] = []
    openers = {name: lambda name=name: opened.append(name) or name for name in ("open_explainer", "open_scorer")}
    with visit(create_app(Settings(), home, Clock(NOW), **openers)) as client:
        before = list(opened)
        answers = [client.app_state["open_scorer"]() for _ in range(2)]

    assert ([], ["open_scorer"] * 2, ["open_scorer"]) == (before, answers, opened)


@pytest.mark.parametrize(
    ("oidc", "offered"),
    [
        ({}, False),
        ({"issuer": "https://id.example", "client_id": "yujing"}, False),
        ({"issuer": "https://id.example", "client_id": "yujing", "public_url": "https://a.example"}, True),
    ],
)
def test_sign_on_is_offered_where_a_provider_knows_the_way_back(home, oidc, offered):
    with visit(create_app(Settings(oidc=oidc), home, Clock(NOW))) as client:
        assert offered == (client.app_state["sign_on"] is not None)


def test_metrics_are_read_from_the_named_addresses_alone(home):
    app = create_app(Settings(serving={"metrics_allowed_addresses": ["10.0.0.7"]}), home, Clock(NOW))
    with visit(app) as client:
        refused = client.get("/metrics").status_code
    with TestClient(app, base_url="http://localhost", client=("10.0.0.7", 50_000)) as client:
        assert (404, 200) == (refused, client.get("/metrics").status_code)
