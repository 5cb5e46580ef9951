from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.errors import ConflictError, StoreError, UsageError
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


GOOD, BAD = "name,role\nli,analyst\nwu,auditor\n", "name,role\nli,analyst\nwu,chief\n"


@pytest.fixture
def take_in(run, tmp_path: Path):
    """Return a function that imports a file of accounts, and the file of their passwords."""

    def take_in(text: str, *options: str) -> str:
        (tmp_path / "accounts.csv").write_text(text, encoding="utf-8")
        return run("accounts", "import", str(tmp_path / "accounts.csv"), *options)

    return take_in, tmp_path / "passwords.csv"


def test_import_hands_out_the_passwords_in_the_named_file_alone(take_in) -> None:
    import_file, passwords = take_in
    printed = import_file(GOOD, "--passwords", str(passwords))
    rows = [line.split(",") for line in passwords.read_text(encoding="utf-8-sig").splitlines()]

    assert ["li", "wu"] == [row[0] for row in rows[1:]]
    assert 2 == len({row[-1] for row in rows[1:]})
    assert not [row for row in rows[1:] if row[-1] in printed]


def test_import_that_is_refused_leaves_no_file_so_that_it_can_be_mended_and_repeated(take_in) -> None:
    import_file, passwords = take_in
    with pytest.raises(UsageError, match="found 1 refused"):
        import_file(BAD, "--passwords", str(passwords))
    with pytest.raises(UsageError, match="must name the columns"):
        import_file("nothing", "--passwords", str(passwords))
    assert not passwords.exists()

    import_file(GOOD, "--passwords", str(passwords))
    assert "li" in passwords.read_text(encoding="utf-8-sig")


def test_import_writes_over_no_file_and_stores_nothing_where_it_cannot_hand_out_passwords(run, take_in) -> None:
    import_file, passwords = take_in
    passwords.write_text("of others", encoding="utf-8")
    with pytest.raises(FileExistsError):
        import_file(GOOD, "--passwords", str(passwords))

    assert "of others" == passwords.read_text(encoding="utf-8")
    assert "li" not in run("accounts", "list").split()


def test_import_that_is_tried_makes_no_account_and_no_file(run, take_in) -> None:
    import_file, passwords = take_in
    printed = import_file(GOOD, "--passwords", str(passwords), "--dry-run")

    assert 2 == printed.count("created")
    assert not passwords.exists()
    assert "li" not in run("accounts", "list").split()


def test_import_without_a_file_prints_each_password_once_and_none_the_second_time(take_in) -> None:
    import_file, _ = take_in
    first, second = import_file(GOOD), import_file(GOOD)

    assert (1, 2) == (first.count("one-time password"), second.count("unchanged"))
    assert "one-time password" not in second


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
