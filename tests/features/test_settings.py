"""Settings: frozen, typed, and every key known."""

import pytest
from pydantic import ValidationError

from features.errors import UsageError
from features.settings import Settings
from features.targets import EventFilter, Target


@pytest.fixture
def load(tmp_path):
    """Return `load(text)`: settings from a YAML file with that text."""

    def load_text(text):
        path = tmp_path / "yujing.yaml"
        path.write_text(text, encoding="utf-8")
        return Settings.load(path)

    return load_text


def test_load_no_file_gives_the_defaults():
    assert Settings() == Settings.load(None)


def test_load_empty_file_gives_the_defaults(load):
    assert Settings() == load("")


def test_load_yaml_overrides_defaults(load):
    settings = load("zone: Europe/Berlin\npanel: {threads: 5}\ntarget: {events: {event_type: police_call, category: [fight]}}")

    assert ("Europe/Berlin", 5) == (settings.zone, settings.panel.threads)
    assert Settings().panel.block_cells == settings.panel.block_cells
    assert Target(events=EventFilter(event_type=("police_call",), category=("fight",))) == settings.target


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("horizon_day: 7", "unknown key 'horizon_day'; did you mean 'horizon_days'?"),
        ("panel: {thread: 2}", "unknown key 'panel.thread'; did you mean 'threads'?"),
        ("panel: {petition_volume: {reasons: x}}", "unknown key 'panel.petition_volume.reasons'; did you mean 'reason'?"),
        ("calendar: {exam_periods: [{name: x, starts: 2026-06-07, end: 2026-06-10}]}", "did you mean 'start'?"),
        ("targets: {strict: {transition: [escalated]}}", "did you mean 'transitions'?"),
        ("qqqq: 1", "unknown key 'qqqq'; known keys: calendar, categories,"),
    ],
)
def test_load_unknown_key_names_the_nearest_one(load, text, hint):
    with pytest.raises(UsageError) as caught:
        load(text)

    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("zone: Mars/Olympus", "zone must be an IANA name"),
        ("horizon_days: 0", "horizon_days: Input should be greater than or equal to 1, got 0"),
        ("panel: {threads: many}", "panel.threads"),
        ("target: {transitions: [escalated], events: {}}", "exactly one of them"),
        ("target: {transitions: [exploded]}", "target.transitions.0"),
        ("[1, 2]", "must hold a YAML mapping (key: value), found list"),
        ("a: [", "must be YAML in UTF-8"),
    ],
)
def test_load_value_that_does_not_fit_is_refused_in_one_line(load, text, fault):
    with pytest.raises(UsageError) as caught:
        load(text)

    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_load_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="must be a readable YAML file"):
        Settings.load(tmp_path / "none.yaml")


def test_load_environment_overrides_defaults(monkeypatch):
    monkeypatch.setenv("YUJING_ZONE", "America/New_York")
    monkeypatch.setenv("YUJING_PANEL__THREADS", "7")
    settings = Settings.load(None)

    assert ("America/New_York", 7) == (settings.zone, settings.panel.threads)


def test_settings_cannot_be_changed():
    settings = Settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.zone = "UTC"
    with pytest.raises(ValidationError, match="frozen"):
        settings.panel.threads = 1


@pytest.mark.parametrize("left_out", ["reason", "by", "until"])
def test_load_petition_volume_in_the_model_needs_reason_name_and_end(load, left_out):
    given = {"reason": "study", "by": "li", "until": "2026-12-31"}
    switch = "".join(f"\n    {key}: {value}" for key, value in given.items() if key != left_out)

    with pytest.raises(UsageError, match=left_out):
        load(f"panel:\n  petition_volume:\n    in_model: true{switch}")
