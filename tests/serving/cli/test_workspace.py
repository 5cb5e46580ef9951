"""Workspace: the home and the settings that every command starts from."""

import pytest
from typer.testing import CliRunner

from features.errors import NotReadyError, UsageError
from features.storage.home import Home
from serving.cli.data import ingest
from serving.cli.main import RENAMED, app
from serving.cli.workspace import Workspace


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_settings_of_a_home_are_overridden_by_the_named_file_and_both_by_the_environment(home, monkeypatch):
    home.config.write_text("zone: UTC\nserving: {port: 8001, host: localhost}\nranking: {seed: 5}")
    named = home.root / "named.yaml"
    named.write_text("serving: {port: 8002}\nranking: {seed: 6}")
    monkeypatch.setenv("YUJING_RANKING__SEED", "7")

    settings = Workspace(home, named).settings

    assert ("UTC", "localhost", 8002, 7) == (settings.zone, settings.serving.host, settings.serving.port, settings.ranking.seed)


def test_settings_without_any_file_are_the_defaults(home):
    assert () == Workspace(home, None).configs
    assert 8000 == Workspace(home, None).settings.serving.port


def test_settings_named_file_that_is_not_there_is_refused(home):
    with pytest.raises(UsageError, match="must be a readable YAML file"):
        _ = Workspace(home, home.root / "none.yaml").settings


LEDGER = """event_id,grid_id,event_type,category,occurred_at,reported_at,deadline_at,resolved_at
1,G1,dispute,neighbor,2026-03-01,2026-03-01,2026-03-08,2026-03-10
2,G1,dispute,neighbor,2026-03-02,2026-03-02,2026-03-09,2026-03-04
"""


def test_target_that_never_occurred_is_refused_with_those_that_did(home):
    ledger, source = home.root / "ledger.csv", home.root / "source.yaml"
    ledger.write_text(LEDGER)
    columns = "".join(f"  {name}: {name}\n" for name in LEDGER.splitlines()[0].split(","))
    rules = "derived: [{action: overdue, when: deadline_passed}]\ntargets: {overdue: {transitions: [overdue]}}\n"
    source.write_text(f"name: hotline\ncolumns:\n{columns}{rules}")
    place = Workspace(home, None)
    ingest(place, files=[ledger], source=str(source))

    with pytest.raises(NotReadyError, match=r"'escalation' must have occurred.*These did: --target overdue \(1 times\)"):
        place.facts_to_learn()
    assert "overdue" == place.facts_to_learn("overdue")[0].target_name
    with pytest.raises(UsageError, match="must be one of escalation, overdue, got 'late'"):
        place.facts_to_learn("late")
    place.close()


@pytest.mark.parametrize("command", [["migrate"], ["backup", "--out", "b"], ["move", "--to", "postgresql:///other"]])
def test_command_on_a_home_without_a_database_is_refused_and_makes_none(home, command):
    answer = CliRunner().invoke(app, [*command, "--home", str(home.root)])

    assert "--home must name a home with a database" in str(answer.exception)
    assert not home.database.exists()


@pytest.mark.parametrize(("group", "old_name"), RENAMED)
def test_renamed_command_works_under_its_old_name_and_says_the_new_one(group, old_name):
    new_name, _ = RENAMED[group, old_name]
    new_help, old_help = (CliRunner().invoke(app, [*name.split(), "--help"]) for name in (new_name, f"{group} {old_name}"))

    assert 0 == new_help.exit_code == old_help.exit_code
    assert old_name not in CliRunner().invoke(app, [group, "--help"]).output


def test_renamed_command_says_the_new_name_when_it_runs(home):
    answer = CliRunner().invoke(app, ["alerts", "expected", "--home", str(home.root)])

    assert 0 == answer.exit_code
    assert "This command is called `yujing alerts forecast` now" in answer.stderr
