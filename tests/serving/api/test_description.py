"""The API does what its description says: whatever is asked, as anybody, no answer is one that the description does not know."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import Depends
from fastapi.responses import Response
from fastapi.security import HTTPBearer

from serving.accounts.permissions import Right, Role
from serving.alerts.queries import Wanted, list_alerts
from serving.api.schemas import Health
from serving.app import create_app
from serving.rankings.ledger import newest, read_body
from serving.scoring.on_demand import FileScorer, OnDemand
from serving.server.auth import needs
from serving.server.limits import EXPORTS, SCORED_FILES
from tests.support.described import ask
from tests.support.loopback import on_loopback
from tests.support.published_world import AS_OF, PUBLISHED_AT, World
from tests.support.visitors import Clock, sign_up

pytestmark = pytest.mark.dialect("sqlite")

TOWNSHIP = "990101/990101001"
COMMUNITY = "990101001001"
AREAS = {Role.TOWNSHIP: TOWNSHIP, Role.GRID_WORKER: f"{TOWNSHIP}/{COMMUNITY}"}
"""Paths for roles with a part of the whole."""
LISTS = {"GET /v1/rankings", "GET /v1/grids/{grid_id}", "GET /v1/alerts"}
ANSWERED = {
    Role.ANALYST: LISTS,
    Role.COMMAND: LISTS,
    Role.TOWNSHIP: LISTS,
    Role.GRID_WORKER: LISTS,
    Role.DEPARTMENT: {"GET /v1/alerts"},
    Role.WALL: {"GET /v1/rankings", "GET /v1/grids/{grid_id}"},
    Role.AUDITOR: {"GET /v1/models/current", "GET /v1/corrections"},
    None: {"GET /readyz"},
}
"""Some of what a role is answered: a run that was refused everywhere would find nothing."""
OFTEN = 10**6
ALL_BUT_THE_SWITCH = ("--exclude-path", "/v1/publishing")
"""Once somebody paused publishing, nothing else would be asked of lists."""


@pytest.fixture
def published(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Lists of two days with alerts, and allowances that a run does not use up."""
    for days in (7, 0):
        world.rank(AS_OF - timedelta(days=days), PUBLISHED_AT - timedelta(days=days))
    monkeypatch.setattr("serving.api.routes.rankings.EXPORTS", replace(EXPORTS, most=OFTEN))
    monkeypatch.setattr("serving.api.routes.scores.SCORED_FILES", replace(SCORED_FILES, most=OFTEN))
    return world


@pytest.fixture
def tokens(published: World) -> dict[Role | None, str | None]:
    """A token per role, and none."""
    found = {role: sign_up(published.engine, PUBLISHED_AT, role, AREAS.get(role, ""))[1] for role in Role}
    return {**found, None: None}


@pytest.fixture
def app(published: World):
    """The application as `yujing serve` makes it."""
    parts = published.home, published.engine, published.settings
    now = Clock(PUBLISHED_AT + timedelta(hours=3))
    return create_app(published.settings, published.home, now, lambda: OnDemand(*parts), lambda: FileScorer(*parts))


@pytest.fixture
def base(app) -> Iterator[str]:
    with on_loopback(lambda _: app) as address:
        yield address


@pytest.fixture
def values(published: World) -> dict[str, list[str]]:
    """Ids of what there is."""
    overseer, _ = sign_up(published.engine, PUBLISHED_AT)
    body = read_body(published.engine, newest(published.engine))
    alerts = list_alerts(published.engine, overseer, Wanted(), 10)
    grids = sorted((row.place for row in body["grid"]), key=lambda grid_id: not grid_id.startswith(COMMUNITY))
    paths = [row.place for level, rows in body.items() for row in rows if level != "grid"]
    return {
        "grids": grids[:10],  # first those that everybody sees
        "paths": paths,
        "areas": [path.rpartition("/")[2] for path in paths],
        "alerts": [alert.alert_id for alert in alerts],
        "tags": [alert.etag for alert in alerts],
        "groups": sorted({reason.group for alert in alerts for reason in alert.text.reasons}),
    }


def test_description_short_run_finds_nothing(base, tokens, values, tmp_path) -> None:
    short = ("--seed", "1", "--phases", "fuzzing", "--max-examples", "3", *ALL_BUT_THE_SWITCH)

    found = ask(tmp_path, base, tokens[Role.COMMAND], values, *short)

    assert (frozenset(), True) == (found.kinds, len(found.accepted) > 15), found.told


@pytest.mark.full
@pytest.mark.parametrize("role", [*Role, None])
def test_description_whole_run_finds_nothing(base, tokens, values, tmp_path, role) -> None:
    """All phases, stateful too, for 50 seconds a role, and with another seed each time: it stands in what is told."""
    found = ask(tmp_path, base, tokens[role], values, "--max-time", "50", *ALL_BUT_THE_SWITCH)
    switched = ask(tmp_path, base, tokens[role], values, "--max-examples", "20", "--include-path", "/v1/publishing")

    assert (frozenset(), frozenset()) == (found.kinds, switched.kinds), found.told + switched.told
    assert {operation for operation, accepted in found.accepted.items() if accepted} >= ANSWERED[role], found.told


def test_description_check_catches_what_it_is_for(app, base, tokens, values, tmp_path) -> None:
    signed_in = [Depends(needs(Right.READ_LISTS))]
    app.get("/wrong/status", name="wrong_status", dependencies=signed_in)(lambda: Response(status_code=418))
    app.get("/wrong/fault", name="wrong_fault", dependencies=signed_in)(lambda: 1 / 0)
    app.get("/wrong/body", name="wrong_body", dependencies=signed_in, response_model=Health)(
        lambda: Response("{}", media_type="application/json")
    )
    app.get("/wrong/open", name="wrong_open", dependencies=[Depends(HTTPBearer(scheme_name="token", auto_error=False))])(lambda: None)

    found = ask(tmp_path, base, tokens[Role.COMMAND], values, "--include-path-regex", "^/wrong/", "--phases", "fuzzing")

    assert {"ServerError", "UndefinedStatusCode", "JsonSchemaError", "IgnoredAuth"} <= found.kinds, found.told
