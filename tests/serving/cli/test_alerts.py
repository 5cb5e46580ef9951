"""`yujing alerts` as the operator uses it on a home with a published list."""

import json

import pytest
from typer.testing import CliRunner

from features.database.engine import open_home
from features.errors import NotFoundError, UsageError
from features.storage.home import Home
from serving.cli.main import app
from serving.settings import Settings
from tests.serving.alerts.conftest import Days

pytestmark = pytest.mark.dialect("sqlite")


@pytest.fixture
def home(tmp_path, settings_name_the_database: None) -> Home:
    """Return a home whose newest list raised alerts for g1 and g2."""
    made = Home(tmp_path / "home")
    engine = open_home(made, Settings.load())
    Days(engine).publish()
    engine.dispose()
    return made


@pytest.fixture
def run(home):
    """Run `yujing` on the home, and return what it prints."""

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["--home", str(home.root), *arguments])
        if result.exception:
            raise result.exception
        return result.stdout + result.stderr

    return run


def listed(run, *options: str) -> list[dict]:
    return json.loads(run("alerts", "list", "--json", *options))


def test_alert_is_listed_shown_and_ended(run) -> None:
    first, _ = listed(run)
    shown = run("alerts", "show", first["alert"])
    assert "示例g1网格" in shown
    assert "not due yet" in shown

    assert f"Alert {first['alert']} is not_needed now." in run("alerts", "transition", first["alert"], "not_needed", "--reason", "no_need")
    assert ["published"] == [each["state"] for each in listed(run)]
    assert {"published", "not_needed"} == {each["state"] for each in listed(run, "--all")}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("transition", "{alert}", "forget", "--reason", "x"), UsageError, "a step must be one of acknowledge"),
        (("show", "0000000000000000"), NotFoundError, "No such alert"),
    ],
)
def test_step_or_alert_that_is_none_is_refused(run, arguments, error, message) -> None:
    name = listed(run)[0]["alert"]

    with pytest.raises(error, match=message):
        run("alerts", *(part.format(alert=name) for part in arguments))


def test_forecast_counts_alerts_of_the_last_lists_and_what_attention_would_add(run) -> None:
    plain, tried = run("alerts", "forecast"), run("alerts", "forecast", "--places", "d/t1", "--attention", "4")

    assert "a day over 1 lists." in plain
    assert "With the attention that was tried" in tried
    assert "With the attention" not in plain
