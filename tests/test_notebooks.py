"""The notebooks are clean as they lie here, and run from top to bottom."""

import ast
import importlib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_of(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def test_notebooks_are_nine() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06", "07", "08", "09"]


def test_own_model_takes_at_most_forty_lines() -> None:
    (path,) = [path for path in NOTEBOOKS if path.stem == "06_train_your_own"]

    assert sum(len([line for line in cell.source.splitlines() if line.strip()]) for cell in code_of(path)) <= 40


def test_rendered_notebooks_hold_the_code_that_is_here() -> None:
    rendered = sorted((NOTEBOOKS[0].parent.parent / "docs/notebooks").glob("*.md"))

    assert [path.stem for path in NOTEBOOKS] == [path.stem for path in rendered]
    for page, path in zip(rendered, NOTEBOOKS, strict=True):
        text = page.read_text(encoding="utf-8")
        assert [cell.id for cell in code_of(path) if cell.source.strip() not in text] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_has_no_outputs(path: Path) -> None:
    assert [cell.id for cell in code_of(path) if cell.outputs or cell.execution_count is not None] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_imports_what_there_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(path.parent)
    statements = [node for cell in code_of(path) for node in ast.parse(cell.source).body]
    imported = [(node.module, alias.name) for node in statements if isinstance(node, ast.ImportFrom) for alias in node.names]

    assert [name for module, name in imported if not hasattr(importlib.import_module(str(module)), name)] == []


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(NOTEBOOKS[0].parent)
        return Path(importlib.import_module("workplace").make_home(tmp_path_factory.mktemp("notebooks") / "home"))


@pytest.mark.full
@pytest.mark.usefixtures("quick_settings")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_on_a_small_home(path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUJING_HOME", str(home))

    done = NotebookClient(read(path), timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()

    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
    assert any(cell.outputs for cell in done.cells if cell.cell_type == "code")


@pytest.mark.full
def test_notebook_without_a_home_makes_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    NotebookClient(read(NOTEBOOKS[0]), timeout=300, resources={"metadata": {"path": str(NOTEBOOKS[0].parent)}}).execute()

    assert [path.name for path in tmp_path.glob("yujing-*/yujing.db")] == ["yujing.db"]
