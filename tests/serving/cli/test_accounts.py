from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.errors import ConflictError, StoreError
from serving.cli.main import app
from serving.operations.integrity import FILE


@pytest.fixture
def run(tmp_path: Path, settings_name_the_database: None):
    """Run `yujing` on one home with a second place, and return what it prints."""
    (tmp_path / "second").mkdir()
    config = tmp_path / "config.yaml"
    config.write_text(f"serving: {{checkpoint_dir: {tmp_path / 'second'}}}", encoding="utf-8")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "--config", str(config), *arguments])
        if result.exception:
            raise result.exception
        return result.stdout

    return run


def test_accounts_from_making_to_disabling(run) -> None:
    run("accounts", "add", "chief", "--role", "command", "--administers")  # who is left when the other is disabled
    password = run("accounts", "add", "li", "--role", "analyst", "--administers").strip()
    again = run("accounts", "reset", "li").strip()
    token = run("accounts", "token", "li", "--label", "report").strip()
    run("accounts", "disable", "li")
    listed = run("accounts", "list")

    assert len({password, again, token}) == 3
    name, _, *rest = listed.splitlines()[-1].split()
    assert ["li", "analyst", "all", "True"] == [name, *rest[:3]]
    assert password not in listed


def test_trails_are_verified_against_the_second_place(run, tmp_path: Path) -> None:
    run("publishing", "pause", "--reason", "maintenance")
    run("publishing", "resume")
    with pytest.raises(StoreError, match="Mount the second place"):
        run("audit", "verify")
    (tmp_path / "second" / FILE).touch()

    assert "2 entries are as they were written" in run("audit", "verify")
    assert "0 lists are as they were published" in run("ledger", "verify")


def test_accounts_disabled_by_mistake_is_enabled_and_changed(run) -> None:
    run("accounts", "add", "li", "--role", "analyst")
    run("accounts", "disable", "li")
    with pytest.raises(ConflictError, match="Enable it first"):
        run("accounts", "reset", "li")
    run("accounts", "enable", "li")
    run("accounts", "change", "li", "--role", "department", "--department", "labour")

    assert ["li", "department", "labour"] == [run("accounts", "list").splitlines()[-1].split()[place] for place in (0, 2, 3)]
    assert run("accounts", "reset", "li").strip()
