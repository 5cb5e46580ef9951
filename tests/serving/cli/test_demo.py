"""The demo goes the whole way, in a home of its own, and goes on where it was stopped."""

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from features.errors import UsageError
from features.storage.home import Home
from serving.accounts.accounts import find_account
from serving.alerts.lifecycle import State
from serving.alerts.queries import Wanted, list_alerts
from serving.cli import demo
from serving.cli.main import app
from serving.cli.workspace import Workspace
from serving.rankings.ledger import entries, newest, verify
from training.registry.published import current

STEPS = ("simulate", "ingest", "backtest and train", "promote", "rank", "look back")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch, quick_settings: None) -> None:
    monkeypatch.setattr(demo, "YEARS", 1)
    monkeypatch.setattr(demo, "LIST_DAYS", 3)


def run(home: Path, *arguments: str) -> Result:
    given = ["--home", str(home), "demo", "--preset", "tiny", "--no-serve", *arguments]
    return CliRunner().invoke(app, given, catch_exceptions=False)


def learnt_through(home: Path) -> date:
    """Return the last day of which the champion knew anything."""
    return date.fromisoformat(json.loads(current(Home(home), engine_of(home)).files["backtest.json"])["known_through"])


def engine_of(home: Path) -> Engine:
    return Workspace(Home(home), None).engine


def test_demo_stopped_at_any_step_goes_on_there_and_publishes_the_last_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []
    for name in ("_promote", "_look_back"):
        with monkeypatch.context() as patch:
            patch.setattr(demo, name, interrupt)
            stopped.append(run(tmp_path))
    (home,) = tmp_path.iterdir()
    (home / "done/simulate").unlink()  # as if stopped just before it was noted

    told = run(tmp_path).stderr

    last = verify(engine_of(home))
    assert last is not None
    assert 4 == last.id
    assert last == newest(engine_of(home))
    assert learnt_through(home) < min(entry.origin.as_of for entry in entries(engine_of(home)))
    township, worker = (find_account(engine_of(home), name).actor for name in ("township", "worker"))
    waiting = [len(list_alerts(engine_of(home), actor, Wanted(frozenset({State.PUBLISHED})), 500)) for actor in (township, worker)]
    assert waiting[0] == 0 or waiting[1] > 0
    assert 0 not in {result.exit_code for result in stopped}
    log = (home / "demo.log").read_text(encoding="utf-8")
    assert {"lightgbm", "oracle", "knowable", "backlog_by_type"} <= {line.split()[0] for line in log.splitlines() if line}
    assert "Share of the gap closed, from the best baseline to the oracle" in log
    assert ["[2/6]", "[3/6]", "[4/6]", "[5/6]"] == [line.split()[0] for line in told.splitlines() if line.endswith("done before")]
    assert "[1/6] simulate four years of a district: " in told
    assert "[6/6] check data and lists, write last month's report: " in told
    assert ["command", "analyst", "township", "grid", "auditor"] == [line.split()[0] for line in told.splitlines()[-5:]]
    assert f"export YUJING_HOME={home}\n" in told
    assert len(told.splitlines()) < 60
    assert (home / "config.yaml").read_bytes() == (home / "files/config.yaml").read_bytes()
    assert set(STEPS) == {path.name for path in (home / "done").iterdir()}


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", demo.ELSEWHERE)
def test_demo_refuses_to_work_in_stores_that_others_use(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f"sqlite:///{tmp_path / 'real.db'}")

    with pytest.raises(UsageError, match=f"{name} would lead elsewhere"):
        run(tmp_path)

    assert not list(tmp_path.iterdir())


def test_demo_refuses_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="brings its own configuration"):
        run(tmp_path, "--config", "mine.yaml")
