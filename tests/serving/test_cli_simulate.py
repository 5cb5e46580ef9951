from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.errors import UsageError
from serving.cli.main import app


def run(*arguments: str) -> str:
    return CliRunner().invoke(app, ["simulate", *arguments], catch_exceptions=False).stderr


def test_simulate_writes_a_folder_and_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "made" / "tiny"

    told = run("--preset", "tiny", "--years", "1", "--end", "2025-03-01", "--out", str(out))

    assert f"{out / 'README.md'} says how to go on." in told
    assert {"cases.csv", "grids.csv", "config.yaml", "source.yaml", "truth"} <= {path.name for path in out.iterdir()}
    assert "days from 2024-03-01 up to but not including 2025-03-01" in (out / "README.md").read_text(encoding="utf-8")


def test_simulate_unknown_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--preset must be one of nanhu"):
        run("--preset", "hunan", "--out", str(tmp_path / "out"))

    assert not list(tmp_path.iterdir())
