import inspect
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from features.storage.home import Home
from serving.cli.console import day
from serving.cli.doctor import CHECKS
from serving.cli.main import app, main
from serving.cli.serve import PROGRAM, program_of
from serving.cli.workspace import Workspace, add_command


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["yujing", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Workspace]:
    """Where the command `look` was told to work."""
    seen: list[Workspace] = []

    def look(work: Workspace) -> None:
        """Remember the workspace."""
        seen.append(work)

    monkeypatch.setattr(app, "registered_commands", list(app.registered_commands))
    add_command(app, look)
    return seen


def test_version_prints_the_installed_one() -> None:
    result = CliRunner().invoke(app, ["--version"])

    assert result.output.strip() == version("yujing")


@pytest.mark.parametrize("arguments", [["nonsense"], ["panel"], ["panel", "--as-of", "yesterday", "--out", "x.csv"]])
def test_wrong_usage_exits_2(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_main(monkeypatch, *arguments) == 2


@pytest.mark.parametrize("text", ["28/11/2026", "2026-13-01", "20261128", "2026-W48-6", "yesterday"])
@pytest.mark.parametrize(
    "arguments", [["panel", "--out", "x.csv", "--as-of"], ["backtest", "--until"], ["simulate", "--out", "x", "--end"]]
)
def test_date_written_otherwise_is_told_how_to_write_it(arguments: list[str], text: str) -> None:
    told = " ".join(CliRunner().invoke(app, [*arguments, text]).output.split())

    assert f"a date must be written YYYY-MM-DD, such as 2026-01-31, got '{text}'" in told


def test_every_date_option_says_how_it_is_written() -> None:
    parameters = [each for command in app.registered_commands for each in inspect.signature(command.callback).parameters.values()]
    kinds = [get_args(parameter.annotation) for parameter in parameters]
    dates = [kind[1] for kind in kinds if kind and date in {kind[0], *get_args(kind[0])}]

    assert len(dates) >= 8
    assert {(day, "YYYY-MM-DD")} == {(option.parser, option.metavar) for option in dates}


def test_module_runs_as_a_script() -> None:
    done = subprocess.run([sys.executable, "-m", "serving.cli.main", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == version("yujing")


def test_fault_is_one_line_on_stderr_and_exit_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("horizon_dayz: 7\n")

    code = run_main(monkeypatch, "--home", str(tmp_path), "--config", str(config), "panel", "--as-of", "2026-01-01", "--out", "panel.csv")

    printed = capsys.readouterr()
    assert code == 1
    assert printed.out == ""
    assert printed.err == f"yujing: {config}: unknown key 'horizon_dayz'; did you mean 'horizon_days'?\n"


def test_home_brings_its_own_settings_below_those_that_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("serving.cli.doctor.CHECKS", {"settings": CHECKS["settings"]})
    (tmp_path / "config.yaml").write_text("horizon_dayz: 7\n")
    named = tmp_path / "named.yaml"
    named.write_text("zone: Asia/Tokyo\n")

    refused = run_main(monkeypatch, "--home", str(tmp_path), "alerts", "list")
    told = capsys.readouterr().err
    (tmp_path / "config.yaml").write_text("zone: Asia/Seoul\n")
    run_main(monkeypatch, "--home", str(tmp_path), "--config", str(named), "doctor")
    checked = capsys.readouterr().out
    run_main(monkeypatch, "doctor", "--home", str(tmp_path))

    assert refused == 1
    assert told == f"yujing: {tmp_path / 'config.yaml'}: unknown key 'horizon_dayz'; did you mean 'horizon_days'?\n"
    assert f"{named} over {tmp_path / 'config.yaml'}, zone Asia/Tokyo" in checked
    assert f"{tmp_path / 'config.yaml'}, zone Asia/Seoul" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "home"),
    [
        (["look"], "shell"),
        (["--home", "first", "look"], "first"),
        (["look", "--home", "second"], "second"),
        (["--home", "first", "look", "--home", "second"], "second"),
    ],
)
def test_home_nearest_to_the_command_wins(arguments: list[str], home: str, asked: list[Workspace], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUJING_HOME", "shell")

    CliRunner().invoke(app, arguments)

    assert [work.home for work in asked] == [Home(Path(home))]


def test_home_is_var_where_nobody_says_otherwise(asked: list[Workspace]) -> None:
    CliRunner().invoke(app, ["look"])

    assert [work.home for work in asked] == [Home(Path("var"))]


def test_help_loads_no_heavy_library() -> None:
    """What takes seconds to import waits inside the commands."""
    heavy = {"numpy", "polars", "pandas", "lightgbm", "mlflow", "sqlalchemy", "pydantic"}
    code = f"import sys, serving.cli.main; print({heavy} & set(sys.modules))"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("arguments", [["serve", "--host", "0.0.0.0"], ["--config", "open.yaml", "serve"]])  # noqa: S104 - refused
def test_serve_refuses_an_open_address_without_a_proxy(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("open.yaml").write_text("serving: {host: 10.0.0.1}\n")

    code = run_main(monkeypatch, *arguments)

    assert code == 1
    assert "host must be one of 127.0.0.1, ::1, localhost unless behind_proxy is true" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "code"), [(["-P"], 0), ([], 9)], ids=["as the service starts it", "without -P"])
def test_child_of_the_service_imports_nothing_from_the_working_folder(tmp_path, options, code):
    (tmp_path / "typer.py").write_text("raise SystemExit(9)", encoding="utf-8")
    command = [sys.executable, *options, "-c", PROGRAM, "--version"]

    assert code == subprocess.run(command, check=False, capture_output=True, cwd=tmp_path).returncode


def test_service_starts_its_child_without_the_working_folder(tmp_path):
    assert ("-P", "-c", PROGRAM) == program_of(Workspace(Home(tmp_path), None))[1:4]


def test_main_files_and_folders_of_a_home_are_their_owners_alone(tmp_path):
    files = tmp_path / "home" / "files"
    simulated = ["simulate", "--preset", "tiny", "--years", "1", "--out", str(files)]
    stored = [
        "--config",
        str(files / "config.yaml"),
        "ingest",
        str(files / "cases.csv"),
        "--source",
        str(files / "source.yaml"),
        "--grids",
        str(files / "grids.csv"),
    ]
    for arguments in (simulated, stored):
        command = [sys.executable, "-m", "serving.cli.main", "--home", str(tmp_path / "home"), *arguments]
        subprocess.run(command, check=True, capture_output=True, umask=0o022)

    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (tmp_path / "home").rglob("*")}

    assert modes == {(True, 0o700), (False, 0o600)}
