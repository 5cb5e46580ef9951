"""The settings as an administrator sees them: each with where it was set, and no secret."""

import pytest

from features.errors import UsageError
from serving.pages.admin_view import read_settings, try_rule
from serving.settings import AlertSettings, Settings

RECEIVER = "{name: desk, url: 'https://chat.example/hook?key=s3cret'}"


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Return the lines of settings that a named file, the home's own and the environment set."""
    named, own = tmp_path / "named.yaml", tmp_path / "config.yaml"
    named.write_text("zone: Europe/Berlin\npanel: {threads: 5}")
    own.write_text(f"panel: {{threads: 3, nearest_neighbours: 4}}\nalerts: {{receivers: [{RECEIVER}]}}")
    monkeypatch.setenv("YUJING_HORIZON_DAYS", "7")
    monkeypatch.setenv("YUJING_DATABASE_URL", "postgresql+psycopg://yujing:s3cret@db.example/yujing")
    return {line.name: line for line in read_settings(Settings.load(named, own), own)}


@pytest.mark.parametrize(
    ("name", "value", "source"),
    [
        ("zone", "Europe/Berlin", "named_file"),
        ("panel.threads", "5", "named_file"),
        ("panel.nearest_neighbours", "4", "home_file"),
        ("horizon_days", "7", "environment"),
        ("delay_allowance_days", "7", "default"),
        ("panel.scheduler", "—", "default"),
    ],
)
def test_setting_is_shown_with_the_strongest_that_names_it(shown, name, value, source):
    assert (value, source) == (shown[name].value, shown[name].source)


def test_no_secret_is_shown(shown):
    assert [] == [line.name for line in shown.values() if "s3cret" in line.value]
    assert "https://chat.example/•••" in shown["alerts.receivers"].value
    assert "yujing:***@db.example" in shown["database_url"].value


def test_what_somebody_set_comes_first(shown):
    sources = [line.source == "default" for line in shown.values()]

    assert sorted(sources) == sources


def test_setting_that_a_command_changed_is_told_as_such(tmp_path):
    changed = Settings().model_copy(update={"horizon_days": 30})
    lines = {line.name: line.source for line in read_settings(changed, tmp_path / "config.yaml")}

    assert "command_line" == lines["horizon_days"]


@pytest.mark.parametrize(
    ("wanted", "message"), [({"review": "true"}, "only figures"), ({"enter_share": "0.5", "leave_share": "0.1"}, "must fit together")]
)
def test_rule_that_does_not_fit_is_not_tried(engine, wanted, message):
    with pytest.raises(UsageError, match=message):
        try_rule(engine, AlertSettings(), wanted, "escalation")


def test_tried_rule_gives_the_lines_to_write(engine):
    trial = try_rule(engine, AlertSettings(), {"per_township": "5", "cool_down_days": "7"}, "escalation")

    assert "alerts:\n  per_township: 5\n" == trial.lines
    assert ((0.0, 0.0), ()) == (trial.averages, trial.days)
