"""The truth of a simulation is opened by `backtest --truth` alone, and only once every prediction is made."""

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import training.train
from features.panel.build import Panel, build_panel
from features.simulation.preset import Span
from features.simulation.simulate import PRESETS, TRUTH, Order, simulate
from serving.cli import backtest as command
from serving.cli.backtest import compare_with_truth
from serving.cli.main import app
from tests.support.watching import watched

ROOT = Path(__file__).parents[2]
PACKAGES = ("features", "training", "serving")
WRITERS = "features/simulation/"
READER = "training/evaluation/oracle.py"
PASS_IT_ON = {f"serving/cli/{name}.py" for name in ("backtest", "demo", "models")}
"""They hand the folder to the reader, after the predictions."""
FILES = ("disputes.parquet", "escalations.parquet", "expected.parquet", "intensities.parquet")
END = date(2026, 1, 1)


def words(source: str) -> Iterator[str]:
    """Yield every name and every text of a source that is not a docstring."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.Name | ast.Attribute | ast.arg):
            yield node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else node.arg


def speaks_of_truth(source: str) -> bool:
    return any(TRUTH in word.lower() or word.endswith(FILES) for word in words(source))


def test_only_the_simulator_and_the_oracle_know_where_the_truth_is() -> None:
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    speaking = {str(path.relative_to(ROOT)) for path in paths if speaks_of_truth(path.read_text(encoding="utf-8"))}

    assert {READER} | PASS_IT_ON == {path for path in speaking if not path.startswith(WRITERS)}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('pl.read_parquet(home.root / "files/truth/expected.parquet")', True),
        ("from features.simulation.simulate import TRUTH", True),
        ("import features.simulation.truth", True),
        ('folder.glob("*/intensities.parquet")', True),
        ('"""The truth is never read."""\ntotal = 1', False),
    ],
)
def test_scan_tells_a_look_at_the_truth_from_words_about_it(source: str, found: bool) -> None:
    assert found == speaks_of_truth(source)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the files of a simulation whose cases are in the event log beside them."""
    out = tmp_path_factory.mktemp("district") / "files"
    simulate(Order("tiny", PRESETS["tiny"], Span.of_years(1, END), seed=1), out)
    about = {"source": "source.yaml", "grids": "grids.csv", "crosswalk": "crosswalk.csv"}
    options = [part for name, file in about.items() for part in (f"--{name}", str(out / file))]
    run(out, "ingest", str(out / "cases.csv"), *options)
    return out


def run(folder: Path, *arguments: str) -> None:
    common = ("--home", str(folder.parent / "home"), "--config", str(folder / "config.yaml"))
    CliRunner().invoke(app, [*common, *arguments], catch_exceptions=False)


@pytest.mark.full
@pytest.mark.usefixtures("quick_settings")
def test_nothing_that_learns_or_ranks_opens_the_truth(folder: Path) -> None:
    with watched(folder / TRUTH) as watch:
        run(folder, "backtest")
        run(folder, "train")
        run(folder, "models", "promote", "--reason", "test", "--by", "test", "--override")
        run(folder, "rank", "--as-of", str(END))

        assert not watch.seen


@pytest.mark.full
@pytest.mark.usefixtures("quick_settings")
def test_watch_notices_training_that_opens_the_truth(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def peek(*arguments: object) -> Panel:
        pl.read_parquet(folder / TRUTH / "expected.parquet")
        return build_panel(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(training.train, "build_panel", peek)

    with watched(folder / TRUTH) as watch:
        run(folder, "train")

        assert {"expected.parquet"} == watch.seen


@pytest.mark.usefixtures("quick_settings")
def test_backtest_opens_the_truth_once_every_prediction_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before: list[set[str]] = []

    def note(*arguments: object) -> object:
        before.append(set(watch.seen))
        return compare_with_truth(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(command, "compare_with_truth", note)

    with watched(folder / TRUTH) as watch:
        run(folder, "backtest", "--truth", str(folder / TRUTH))

        assert [set()] == before
        assert {"expected.parquet"} == watch.seen
