"""What waits for whoever runs the service is said where they look, with what to do: /readyz, /metrics, /admin, `yujing doctor`."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from features.database.alert_tables import daily_run, delivery
from features.database.engine import writing
from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.alerts.webhooks import dead_letters
from serving.app import create_app
from serving.audit.audit_log import OPERATOR
from serving.cli.main import app
from serving.operations.health import read_operational_health
from tests.support.people import token_of
from tests.support.published_world import AS_OF, PUBLISHED_AT
from tests.support.visitors import PASSWORD, Clock, open_client

WHY = "at least one source must be up to date"


@pytest.fixture
def neglected(world):
    """A home with three letters given up, and two days without a list, of which one was ranked since."""
    letters = [{"receiver": "desk", "alert_id": f"a{number}", "version": 1, "attempts": 12, "next_at": PUBLISHED_AT} for number in range(3)]
    marks = [{"as_of": AS_OF - timedelta(days=ago), "at": PUBLISHED_AT, "outcome": "refused", "detail": WHY} for ago in (0, 3)]
    with writing(world.engine) as connection:
        connection.execute(insert(delivery), [letter | {"state": "dead"} for letter in letters])
        connection.execute(insert(daily_run), marks)
    world.rank()
    return world


@pytest.fixture
def client(neglected):
    with open_client(create_app(neglected.settings, neglected.home, Clock(PUBLISHED_AT))) as opened:
        yield opened


def test_readiness_says_what_waits_and_stays_ready(client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert ["3条消息未送达", "1天没有清单"] == [text["zh"].partition(";")[0] for text in answer.json()["attention"]]
    assert all("yujing " in text["en"] for text in answer.json()["attention"])


def test_metrics_count_what_waits(client) -> None:
    figures = dict(re.findall(r"^(yujing_\w+) ([\d.]+)$", client.get("/metrics").text, re.MULTILINE))

    assert figures == {"yujing_dead_letters": "3.0", "yujing_missed_days": "1.0"}


def test_administrator_resends_dead_letters_with_one_button(client, neglected) -> None:
    chief = NewAccount("chief", Role.ANALYST, EVERYTHING, administers=True)
    created, password = create_account(neglected.engine, chief, OPERATOR, PUBLISHED_AT)
    change_password(neglected.engine, created.actor, password, PASSWORD, PUBLISHED_AT)
    client.post("/login", data={"name": "chief", "password": PASSWORD})
    page = client.get("/admin").text
    after = client.post("/admin/letters/resend", data={"csrf": token_of(page), "receiver": "desk"})

    assert WHY in page
    assert "3条消息未送达" in page
    assert "未送达" not in after.text
    assert WHY in after.text
    assert dead_letters(neglected.engine) == []


@pytest.mark.dialect("sqlite")
def test_operator_resends_dead_letters_and_doctor_says_what_is_left(neglected) -> None:
    home = ["--home", str(neglected.home.root)]
    before = CliRunner().invoke(app, ["doctor", *home])
    resent = CliRunner().invoke(app, ["webhooks", "retry", *home])

    assert "3 messages were not taken" in before.stdout
    assert "3 messages to desk will be sent again." in resent.stderr
    assert [text.en.partition(" ")[0] for text in read_operational_health(neglected.engine)] == ["1"]
    assert "1 days have no list" in CliRunner().invoke(app, ["doctor", *home]).stdout
