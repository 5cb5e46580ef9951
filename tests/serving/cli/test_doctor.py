"""`yujing doctor`: each fault is found and says what to do, and one that breaks a check does not hide the others."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from features.errors import NotReadyError, StoreError, UsageError
from serving.cli import doctor
from serving.cli.main import app
from serving.cli.workspace import Workspace
from serving.operations.jobs import Run, record_run

pytestmark = pytest.mark.dialect("sqlite")


@pytest.fixture
def work(listed_home):
    """Return the workspace of a home with one list."""
    listed_home.root.chmod(0o700)
    opened = Workspace(listed_home, None)
    yield opened
    opened.close()


def configure(work: Workspace, text: str) -> Workspace:
    work.home.config.write_text(text, encoding="utf-8")
    return work


def test_check_that_breaks_does_not_hide_the_others(work) -> None:
    def refuse(_: Workspace) -> str:
        raise StoreError("the disk is full. Make room.")

    checks = {"disk": refuse, "broken": lambda _: 1 / 0, "sound": lambda _: "as it should be"}

    expected = [
        ("FAIL", "disk", "the disk is full. Make room."),
        ("FAIL", "broken", "it could not be checked: ZeroDivisionError"),
        ("ok", "sound", "as it should be"),
    ]
    assert expected == list(doctor._run(work, checks))


@pytest.mark.parametrize(("checks", "code"), [({"sound": lambda _: "yes"}, 0), ({"broken": lambda _: 1 / 0}, 1)])
def test_exit_code_and_json_tell_whether_all_is_well(listed_home, monkeypatch, checks, code) -> None:
    monkeypatch.setattr(doctor, "CHECKS", checks)
    ran = CliRunner().invoke(app, ["--home", str(listed_home.root), "doctor", "--json"])

    assert code == ran.exit_code
    assert [(name, code == 0) for name in checks] == [(line["check"], line["ok"]) for line in json.loads(ran.stdout)]


@pytest.mark.parametrize("mode", [0o750, 0o701])
def test_home_that_others_may_enter_is_found(work, mode) -> None:
    assert str(work.home.root.resolve()) == doctor._home(work)
    work.home.root.chmod(mode)

    with pytest.raises(StoreError, match="Run chmod 700"):
        doctor._home(work)


def test_key_that_others_may_read_is_found_and_a_public_half_is_not(work) -> None:
    keys = work.home.folder(work.home.keys)
    for name, mode in (("ledger.public", 0o644), ("ledger", 0o640)):
        (keys / name).touch()
        (keys / name).chmod(mode)

    with pytest.raises(StoreError, match=r"^ledger in .*Run chmod 600"):
        doctor._keys(work)


def test_package_below_its_floor_is_found(work, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "FLOORS", {"fastapi": "999"})

    with pytest.raises(UsageError, match=r"fastapi .* is below 999"):
        doctor._packages(work)


def test_job_that_failed_is_found_until_it_succeeds(work) -> None:
    assert "none ran yet" == doctor._jobs(work)
    failed = Run("rank", datetime(2026, 1, 9, tzinfo=UTC), 1.0, fault="no model. Train one.")
    record_run(work.engine, failed)
    with pytest.raises(NotReadyError, match="rank failed: no model"):
        doctor._jobs(work)

    record_run(work.engine, replace(failed, started_at=datetime(2026, 1, 10, tzinfo=UTC), fault=None))
    assert "rank 2026-01-10 00:00Z" == doctor._jobs(work)


def test_retired_source_that_the_log_does_not_know_is_found(work) -> None:
    with pytest.raises(UsageError, match="'old hotline'"):
        doctor._sources(configure(work, "intake: {retired_sources: [old hotline]}"))


def test_home_without_a_model_has_no_champion_yet(work) -> None:
    assert "none yet" == doctor._champion(work)


@pytest.mark.parametrize(("country", "told"), [("DE", "public holidays by rule"), ("CN", "workdays are known until")])
def test_calendar_says_how_far_workdays_are_known(work, country, told) -> None:
    assert doctor._calendar(configure(work, f"calendar: {{country: {country}}}")).startswith(told)


def test_list_and_trail_are_checked_as_they_were_written(work) -> None:
    for check in (doctor._ledger, doctor._whole_ledger, doctor._trail, doctor._whole_trail, doctor._guards):
        assert check(work)
