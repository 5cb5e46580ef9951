"""Sources of settings: each overrides the next, and a fault names the one that holds it."""

from itertools import combinations

import pytest
from pydantic import ValidationError

from features.errors import UsageError
from features.targets import EventFilter, Target
from serving.settings import Settings


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
        ("qqqq: 1", "unknown key 'qqqq'; known: alerts, backtest, calendar,"),
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


@pytest.mark.parametrize(("stronger", "weaker"), [*combinations(["environment", "named", "own", "defaults"], 2)])
def test_load_of_two_sources_the_stronger_gives_the_value(tmp_path, monkeypatch, stronger, weaker):
    """Environment over the named file over the home's own over the defaults; a neighbouring key of the weaker one stays."""
    files = {name: tmp_path / f"{name}.yaml" for name in ("named", "own")}
    for source, threads in ((stronger, 7), (weaker, 5)):
        if source == "environment":
            monkeypatch.setenv("YUJING_PANEL__THREADS", str(threads))
        elif source in files:
            files[source].write_text(f"panel: {{threads: {threads}}}")
    if weaker in files:
        files[weaker].write_text("panel: {threads: 5, nearest_neighbours: 3}")

    panel = Settings.load(*(file for file in files.values() if file.exists())).panel

    assert (7, 3 if weaker in files else Settings().panel.nearest_neighbours) == (panel.threads, panel.nearest_neighbours)


def test_load_fault_names_the_source_that_holds_it(tmp_path, monkeypatch):
    named, own = tmp_path / "named.yaml", tmp_path / "own.yaml"
    named.write_text("panel: {threads: 5}")
    own.write_text("panel: {thread: 5}")

    with pytest.raises(UsageError, match=r"own\.yaml: unknown key 'panel\.thread'; did you mean 'threads'"):
        Settings.load(named, own)

    monkeypatch.setenv("YUJING_PANEL__THREDS", "2")
    with pytest.raises(UsageError, match=r"the environment: unknown key 'panel\.threds'; did you mean 'threads'"):
        Settings.load(named)


def test_load_environment_that_is_no_json_is_refused_in_one_line(monkeypatch):
    monkeypatch.setenv("YUJING_CATEGORIES", "noise,dogs")

    with pytest.raises(UsageError, match=r"the environment: .*categories.*JSON") as caught:
        Settings.load()

    assert "\n" not in str(caught.value)


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


def test_load_old_key_of_a_file_is_read_with_a_warning_that_names_the_new_one(tmp_path, caplog):
    path = tmp_path / "config.yaml"
    path.write_text("model: {leaves: 7}\nserving: {kept_rankings: 3}")

    settings = Settings.load(path)

    assert (7, 3) == (settings.model.num_leaves, settings.serving.ranking_cache_size)
    assert [f"{path}: the setting leaves is called num_leaves now; the old name is read for one more release."] == caplog.messages[:1]
    assert 2 == len(caplog.messages)


def test_load_old_key_of_the_environment_overrides_the_new_one_of_a_file(tmp_path, monkeypatch, caplog):
    path = tmp_path / "config.yaml"
    path.write_text("model: {num_leaves: 7}")
    monkeypatch.setenv("YUJING_MODEL__LEAVES", "9")

    assert 9 == Settings.load(path).model.num_leaves
    assert "the environment: the setting leaves is called num_leaves now" in caplog.messages[0]


def test_load_old_key_beside_the_new_one_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("model: {leaves: 7, num_leaves: 9}")

    with pytest.raises(UsageError, match=r"unknown key 'model\.leaves'; did you mean 'num_leaves'"):
        Settings.load(path)
