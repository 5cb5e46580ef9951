"""What the files under configs/deploy start is there, with the options they give."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving.cli.main import app

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "configs/deploy").glob("*.service"))
STARTED = re.compile(r"^ExecStart=.*?bin/yujing ([^'\n]*)", re.MULTILINE)


def leaves_with(arguments: str) -> int:
    """Return how `yujing` leaves when asked what a command does; options it does not know are wrong usage."""
    return CliRunner().invoke(app, [*shlex.split(arguments), "--help"]).exit_code


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_starts_a_command_that_is_there(unit: Path) -> None:
    (arguments,) = STARTED.findall(unit.read_text(encoding="utf-8"))

    assert leaves_with(arguments) == 0
    assert leaves_with(arguments.replace("--", "--no-such-")) == 2


def test_timer_has_its_service() -> None:
    timers = {path.stem for path in (ROOT / "configs/deploy").glob("*.timer")}

    assert timers
    assert timers <= {unit.stem for unit in UNITS}


def test_container_starts_a_command_that_is_there() -> None:
    command = re.findall(r"^CMD \[(.*)\]$", (ROOT / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)[0]

    assert leaves_with(command.replace(",", "")) == 0


def test_readme_names_every_deploy_file() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [path.name for path in [*UNITS, ROOT / "Containerfile"] if path.name not in readme] == []
