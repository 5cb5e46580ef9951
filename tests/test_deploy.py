"""What the files under configs/deploy start is there, with the options they give."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving.cli.main import app

ROOT = Path(__file__).parent.parent
SERVICES = sorted((ROOT / "configs/deploy").glob("*.service"))
UNITS = [unit for unit in SERVICES if "@" not in unit.name]
"""Those that run yujing; the others are templates that units start when they fail."""
TIMERS = sorted((ROOT / "configs/deploy").glob("*.timer"))
STARTED = re.compile(r"^ExecStart=.*?bin/yujing ([^'\n]*)", re.MULTILINE)

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def leaves_with(arguments: str) -> int:
    """Return how `yujing` leaves when asked what a command does; options it does not know are wrong usage."""
    return CliRunner().invoke(app, [*shlex.split(arguments), "--help"]).exit_code


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_starts_a_command_that_is_there(unit: Path) -> None:
    (arguments,) = STARTED.findall(unit.read_text(encoding="utf-8"))

    assert leaves_with(arguments) == 0
    assert leaves_with(f"{arguments} --no-such-option") == 2


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_that_fails_starts_one_that_is_there_and_may_write_checkpoints(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    (told,) = re.findall(r"^OnFailure=([\w-]+@)%n\.service$", text, re.MULTILINE)

    assert (unit.parent / f"{told}.service").exists()
    assert "/srv/yujing/var.checkpoints" in text.partition("ReadWritePaths=")[2].partition("\n")[0]


def faults(unit: Path, folder: Path, **changed: str) -> str:
    """Return what systemd finds wrong with a unit whose program is the one installed here."""
    text = re.sub(r"/srv/yujing/.venv/bin/yujing", str(Path(sys.executable).with_name("yujing")), unit.read_text(encoding="utf-8"))
    for old, new in changed.items():
        text = text.replace(old, new)
    (folder / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", folder / unit.name], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def is_confined(unit: Path) -> bool:
    """Tell whether systemd rates what a unit is exposed to with 2.0 at most, of 10."""
    rated = ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit]
    return subprocess.run(rated, capture_output=True, check=False).returncode == 0


@needs_systemd
@pytest.mark.parametrize("unit", [*UNITS, *TIMERS], ids=lambda unit: unit.name)
def test_unit_has_no_fault_that_systemd_knows(unit: Path, tmp_path: Path) -> None:
    assert faults(unit, tmp_path) == ""


@needs_systemd
def test_fault_in_a_unit_is_found(tmp_path: Path) -> None:
    (unit,) = (unit for unit in UNITS if unit.name == "yujing.service")

    assert "Unknown key" in faults(unit, tmp_path, ProtectSystem="ProtectSytem")
    assert "not executable" in faults(unit, tmp_path, serve="serve\nExecStartPre=/no/such/program")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_is_confined_to_what_it_needs(unit: Path, tmp_path: Path) -> None:
    open_one = tmp_path / unit.name
    open_one.write_text(re.sub(r"(?m)^(Protect|Private|Restrict|Capab|System|NoNew).*$", "", unit.read_text(encoding="utf-8")), "utf-8")

    assert [True, False] == [is_confined(each) for each in (unit, open_one)]


def test_timer_has_its_service() -> None:
    assert TIMERS
    assert {timer.stem for timer in TIMERS} <= {unit.stem for unit in UNITS}


def test_container_starts_a_command_that_is_there() -> None:
    command = re.findall(r"^CMD \[(.*)\]$", (ROOT / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)[0]

    assert leaves_with(command.replace(",", "")) == 0


def test_readme_names_every_deploy_file() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [path.name for path in [*SERVICES, ROOT / "Containerfile"] if path.name not in readme] == []
