from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving.cli import bench
from serving.cli.main import app


def test_bench_prints_times_and_limits_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SIZES", {bench.Preset.DISTRICT: (60, 4_000, 5)})

    result = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "bench", "--preset", "district"])

    lines = result.stdout.splitlines()
    kept = [line.split()[-1] for line in lines if line.startswith(("one as_of /", "all as_ofs /"))]
    assert len(kept) == 3
    assert result.exit_code == int("MISSED" in kept)
    assert list((tmp_path / "home").iterdir()) == []
