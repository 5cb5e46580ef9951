"""The demo goes the whole way, in a home of its own, and goes on where it was stopped."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from features.errors import UsageError
from features.storage.home import Home
from serving.cli import demo
from serving.cli.main import app
from serving.cli.workspace import Workspace
from serving.rankings.ledger import newest, verify

STEPS = ("simulate", "ingest", "backtest and train", "promote", "rank")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch, quick_settings: None) -> None:
    monkeypatch.setattr(demo, "YEARS", 1)
    monkeypatch.setattr(demo, "LIST_DAYS", 3)


def run(home: Path, *arguments: str) -> Result:
    given = ["--home", str(home), "demo", "--preset", "tiny", "--no-serve", *arguments]
    return CliRunner().invoke(app, given, catch_exceptions=False)


def engine_of(home: Path) -> Engine:
    return Workspace(Home(home), None).engine


def test_demo_stopped_at_any_step_goes_on_there_and_publishes_the_last_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []
    for name in ("promote_model", "rank_days"):
        with monkeypatch.context() as patch:
            patch.setattr(demo, name, interrupt)
            stopped.append(run(tmp_path))
    (home,) = tmp_path.iterdir()
    (home / "done/simulate").unlink()  # as if stopped just before it was noted

    told = run(tmp_path).stderr

    last = verify(engine_of(home))
    assert last is not None
    assert 3 == last.id
    assert last == newest(engine_of(home))
    assert 0 not in {result.exit_code for result in stopped}
    assert {"lightgbm", "oracle", "knowable", "backlog_by_type"} <= {line.split()[0] for line in stopped[0].stdout.splitlines()}
    assert "Share of the gap closed, from the best baseline to the oracle" in stopped[0].stderr
    assert [f"[{number}/5] {name}: done before" for number, name in enumerate(STEPS[1:4], start=2)] == [
        line for line in told.splitlines() if line.endswith("done before")
    ]
    assert "[1/5] simulate: " in told
    assert "[5/5] rank: " in told
    assert f"export YUJING_HOME={home}\n" in told
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
