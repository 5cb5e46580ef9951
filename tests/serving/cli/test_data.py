"""`yujing inspect` and `yujing ingest` on the command line."""

import json
from pathlib import Path

import pytest
import yaml
from sqlalchemy import func, select
from typer.testing import CliRunner

from features.database.engine import open_database
from features.database.tables import grid_neighbour
from features.errors import UsageError
from features.storage.home import Home
from serving.cli.main import app

LEDGER = "纠纷编号,网格,类别,发生日期\n1,G1,邻里,2026-03-01\n2,G1,邻里,2026-03-02\n"


def run(*arguments: str) -> str:
    return CliRunner().invoke(app, ["inspect", *arguments], catch_exceptions=False).stdout


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "Ledger 3.csv"
    path.write_text(LEDGER, encoding="utf-8")
    return path


def test_inspect_json_holds_findings_and_proposal(ledger: Path) -> None:
    told = json.loads(run(str(ledger), "--json"))

    assert (2, True, ["event_type"]) == (told["rows"], told["complete"], told["missing"])
    assert "纠纷编号" == yaml.safe_load(told["proposal"])["columns"]["event_id"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh_CN.UTF-8", "列“类别”：类别（按列名），2行有内容，1种"),
        ("en_GB.UTF-8", "- 类别: category (by name), 2 filled, 1 different"),
    ],
)
def test_inspect_speaks_the_language_of_the_environment(ledger: Path, monkeypatch: pytest.MonkeyPatch, language: str, said: str) -> None:
    monkeypatch.setenv("LC_ALL", language)

    told = CliRunner().invoke(app, ["inspect", str(ledger)], catch_exceptions=False).stderr.splitlines()

    assert said in told
    assert language.startswith("zh") == ("还缺少的内容，文件中没有对应的列：事项类型" in told)


def test_inspect_write_keeps_the_proposal_and_overwrites_nothing(ledger: Path) -> None:
    proposal = run(str(ledger), "--write")

    written = Path("configs/sources/ledger_3.yaml")
    assert proposal == written.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="never overwrites"):
        run(str(ledger), "--write")
    assert proposal == written.read_text(encoding="utf-8")


def test_inspect_write_without_configs_goes_beside_the_home(ledger: Path) -> None:
    Path("configs").rmdir()

    run(str(ledger), "--write", "--name", "march", "--home", str(ledger.parent / "homes" / "one"))

    assert (ledger.parent / "homes" / "march.yaml").is_file()


@pytest.mark.parametrize(("nearest", "pairs"), [(0, 0), (1, 6), (2, 10)])
def test_ingest_grids_without_borders_take_as_many_neighbours_as_the_settings_say(tmp_path: Path, nearest: int, pairs: int) -> None:
    """Of four grids in a row those at the ends count the next one, or the next two; those counted count them back."""
    home = Home(tmp_path / "home")
    home.root.mkdir()
    home.config.write_text(f"panel: {{nearest_neighbours: {nearest}}}")
    cases, grids = tmp_path / "cases.csv", tmp_path / "grids.csv"
    cases.write_text("event_id,grid_id,event_type,category,occurred_at,reported_at\n1,g1,dispute,neighbor,2026-03-01,2026-03-01\n")
    rows = [f"g{number},网格{number},t1/c1,{120.7 + 0.01 * number**1.1:.5f},30.7" for number in range(1, 5)]
    grids.write_text("\n".join(["grid_id,name,parent_path,lon,lat", *rows]), encoding="utf-8")

    done = CliRunner().invoke(app, ["--home", str(home.root), "ingest", str(cases), "--grids", str(grids)])

    assert 0 == done.exit_code, done.output
    engine = open_database(home.database_url)
    with engine.connect() as connection:
        assert pairs == connection.execute(select(func.count()).select_from(grid_neighbour)).scalar()
    engine.dispose()
