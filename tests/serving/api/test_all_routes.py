"""Addresses and operation ids of the API are a contract; old addresses answer for one more release."""

from datetime import timedelta
from pathlib import Path

import pytest

from serving.accounts.permissions import Role
from serving.api.all_routes import DEPRECATED_AT
from serving.app import create_app
from tests.support.published_world import PUBLISHED_AT

RAISED = 9
"""Alerts of the world's list: its top quarter."""


def test_operation_ids_and_addresses_stay_what_they_were(shared_world):
    """Generated clients name their methods by them. Add lines, change none."""
    paths = create_app(shared_world.settings, shared_world.home).openapi()["paths"]
    present = [f"{method.upper()} {path} {about['operationId']}" for path, methods in paths.items() for method, about in methods.items()]

    assert Path(__file__).with_name("operations.txt").read_text(encoding="ascii").splitlines() == sorted(present)


@pytest.mark.parametrize(
    ("old", "new"),
    [("/v1/model", "/v1/models/current"), ("/v1/not-alerted", "/v1/suppressed-alerts"), ("/v1/held", "/v1/releases?status=pending")],
)
def test_old_address_answers_as_the_new_one_and_says_so(ask, old, new):
    client = ask(Role.ANALYST)
    before, after = client.get(old), client.get(new)

    assert (200, after.content) == (before.status_code, before.content)
    assert f"@{DEPRECATED_AT.timestamp():.0f}" == before.headers["Deprecation"]
    assert f'<{new.partition("?")[0]}>; rel="successor-version"' in before.headers["Link"]
    assert "Deprecation" not in after.headers


def test_old_list_of_overdue_alerts_holds_those_of_the_new_one(ask, clock):
    client = ask()
    clock.now = PUBLISHED_AT + timedelta(hours=25)
    before, after = client.get("/v1/overdue"), client.get("/v1/alerts", params={"overdue": True})

    assert RAISED == len(before.json())
    assert before.json() == sorted(after.json()["alerts"], key=lambda alert: (alert["path"], alert["alert_id"]))
    assert '</v1/alerts?overdue=true>; rel="successor-version"' == before.headers["Link"]


def test_alerts_that_are_not_overdue_are_left_out_of_the_overdue(ask, clock):
    clock.now = PUBLISHED_AT + timedelta(hours=23)

    assert [] == ask().get("/v1/alerts", params={"overdue": True}).json()["alerts"]
