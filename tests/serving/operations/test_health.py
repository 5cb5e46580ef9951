"""Operational problems are told where operators look, with what to do: /readyz, /metrics, /admin, `yujing doctor`."""

import json
import re
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import insert, select
from typer.testing import CliRunner

from features.database.alert_tables import daily_run, delivery
from features.database.bulk import read_frame
from features.database.engine import reading, writing
from features.database.tables import feed, grid
from features.eventlog.grids import store_grids
from features.schema import GRID_REQUIRED, Col
from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.alerts.webhooks import dead_letters
from serving.app import create_app
from serving.audit import OPERATOR
from serving.cli.doctor import CHECKS
from serving.cli.main import app
from serving.operations.health import Source, read_operational_health, read_sources
from serving.operations.jobs import Run, job_states, record_run
from serving.settings import Settings
from tests.support.people import token_of
from tests.support.planted import PLANTED
from tests.support.published_world import AS_OF, PUBLISHED_AT
from tests.support.visitors import PASSWORD, Clock, open_client, sign_up

WHY = "at least one source must be up to date"


@pytest.fixture(autouse=True)
def _no_process_of_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the one check that starts a process, in seconds; the tests of MLflow's duties ask it."""
    monkeypatch.delitem(CHECKS, "MLflow and API")


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


def settle_neighbours(world) -> None:
    """Store the grids again as a grid file would, with what lies beside them."""
    columns = pl.Schema({name: pl.Float64() if name in (Col.LON, Col.LAT) else pl.String() for name in GRID_REQUIRED})
    with reading(world.engine) as connection:
        grids = read_frame(connection, select(*grid.c[GRID_REQUIRED]), columns)
    store_grids(world.engine, grids, world.settings.panel.nearest_neighbours)


def figures_of(client) -> dict[str, float]:
    """Return name and labels -> value of all that Prometheus would read."""
    return {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:{.*?})?) (\S+)$", client.get("/metrics").text, re.MULTILINE)}


def test_readiness_says_what_waits_and_stays_ready(client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert ["3条消息未送达", "1天没有清单"] == [text["zh"].partition("；")[0] for text in answer.json()["attention"]]
    assert all("yujing " in text["en"] for text in answer.json()["attention"])


def test_metrics_count_what_waits(client) -> None:
    figures = figures_of(client)

    assert {"yujing_dead_letters": 3, "yujing_missed_days": 1, "yujing_database_up": 1, "yujing_attention": 2}.items() <= figures.items()
    assert figures["yujing_newest_list_timestamp_seconds"] == PUBLISHED_AT.timestamp()
    assert figures['yujing_champion{target="escalation",version="1"}'] == 1
    assert any(name.startswith("process_resident_memory") for name in figures)


def test_metrics_while_the_database_is_gone_say_so(client, neglected, databases) -> None:
    with databases.unreadable(neglected.engine):
        figures = figures_of(client)

    assert figures["yujing_database_up"] == 0
    assert "yujing_missed_days" not in figures


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
    assert [text.en.partition(" ")[0] for text in read_operational_health(neglected.engine, neglected.settings.serving, PUBLISHED_AT)] == [
        "1"
    ]
    assert "1 days have no list" in CliRunner().invoke(app, ["doctor", *home]).stdout


DAYS_LATER = PUBLISHED_AT + timedelta(days=37)


def test_readiness_old_list_late_data_and_old_backup_ask_for_attention(world) -> None:
    world.rank()
    record_run(world.engine, Run("backup", PUBLISHED_AT, 1.0))
    with open_client(create_app(world.settings, world.home, Clock(DAYS_LATER))) as client:
        answer, figures = client.get("/readyz").json(), figures_of(client)

    assert ["最新清单发布于888小时前", "最新记录是896小时前的", "最近一次备份是888小时前的"] == [
        text["zh"].partition("；")[0] for text in answer["attention"]
    ]
    assert figures["yujing_attention"] == 3


def test_failed_job_is_told_until_it_works_again_and_its_words_stay_inside(world) -> None:
    record_run(world.engine, Run("ingest", PUBLISHED_AT, 1.5, counts={"read": 9, "quarantined": 2}))
    record_run(world.engine, Run("ingest", PUBLISHED_AT + timedelta(hours=1), 2.5, "/data/cases.csv must be a readable file"))
    with open_client(create_app(world.settings, world.home, Clock(PUBLISHED_AT + timedelta(hours=1)))) as client:
        told, figures = client.get("/readyz").json()["attention"], figures_of(client)
        record_run(world.engine, Run("ingest", PUBLISHED_AT + timedelta(hours=2), 1.0))
        after = client.get("/readyz").json()["attention"]

    assert ["the last ingest failed; /admin and yujing doctor say why"] == [text["en"] for text in told]
    assert figures['yujing_job_last_success_timestamp_seconds{task="ingest"}'] == PUBLISHED_AT.timestamp()
    assert figures['yujing_job_last_failure_timestamp_seconds{task="ingest"}'] == (PUBLISHED_AT + timedelta(hours=1)).timestamp()
    assert figures['yujing_job_last_duration_seconds{task="ingest"}'] == 2.5
    assert figures['yujing_ingest_last_rows{outcome="quarantined"}'] == 2
    assert after == []


@pytest.mark.dialect("sqlite")
def test_command_that_fails_is_recorded_with_its_reason(world) -> None:
    home = ["--home", str(world.home.root)]
    CliRunner().invoke(app, ["ingest", "nowhere.csv", *home])
    CliRunner().invoke(app, ["rank", "--as-of", AS_OF.isoformat(), *home])
    states = job_states(world.engine)

    assert "nowhere.csv" in states["ingest"].last.fault
    assert states["rank"].last.fault is None


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize("check", PLANTED)
def test_doctor_finds_a_planted_fault(world, check: str) -> None:
    sign_up(world.engine, PUBLISHED_AT, Role.COMMAND)
    CliRunner().invoke(app, ["rank", "--as-of", AS_OF.isoformat(), "--home", str(world.home.root)])
    PLANTED[check](world)
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json", "--home", str(world.home.root)]).stdout)

    assert check in {each["check"] for each in told if not each["ok"]}


@pytest.mark.dialect("sqlite")
def test_doctor_of_a_sound_home_finds_only_that_its_data_are_old(world) -> None:
    settle_neighbours(world)
    CliRunner().invoke(app, ["rank", "--as-of", AS_OF.isoformat(), "--home", str(world.home.root)])
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json", "--whole", "--home", str(world.home.root)]).stdout)

    assert ["upkeep"] == [each["check"] for each in told if not each["ok"]]


NOW = datetime(2026, 1, 9, 6, tzinfo=UTC)
OLDEST_ON_TIME, LATE = NOW - timedelta(hours=72), NOW - timedelta(hours=73)


def test_sources_are_late_by_the_clock_or_without_a_record_and_ended_ones_are_left_out(engine) -> None:
    settings = Settings(serving={"data_late_after_hours": 72.0}, intake={"retired_sources": ["ended"]})
    moments = {"hotline": OLDEST_ON_TIME, "mediation": LATE, "new": None, "ended": LATE}
    with writing(engine) as connection:
        connection.execute(insert(feed), [{"name": name, "spec": "{}", "known_through": moment} for name, moment in moments.items()])

    expected = (Source("hotline", OLDEST_ON_TIME, 3, False), Source("mediation", LATE, 3, True), Source("new", None, 0, True))
    assert expected == read_sources(engine, NOW, settings.serving, settings.intake)
