from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.home import Home
from serving.cli import demo
from serving.cli.main import app
from serving.cli.workspace import Workspace
from serving.ledger import newest


@pytest.mark.usefixtures("quick_settings")
def test_demo_publishes_a_list_in_a_home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DAYS", 300)
    monkeypatch.setattr(demo, "GRIDS", 20)

    result = CliRunner().invoke(app, ["--home", str(tmp_path), "demo", "--no-serve"], catch_exceptions=False)

    (home,) = tmp_path.iterdir()
    entry = newest(Workspace(Home(home), None).engine)
    assert entry is not None
    assert entry.ranking_id in result.stderr
    assert f"export YUJING_HOME={home}" in result.stderr
