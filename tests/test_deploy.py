"""Every command that the files under configs/deploy start exists, with the options they give."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from serving.cli.main import app
from serving.settings import Settings
from tests.support.proxies import write_proxy

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "configs/deploy"
SERVICES = sorted(DEPLOY.glob("*.service"))
UNITS = [unit for unit in SERVICES if unit.name != "yujing-failed@.service"]
"""Those that run yujing; the other is what they start when they fail."""
TIMERS = sorted(DEPLOY.glob("*.timer"))
STARTED = re.compile(r"^ExecStart=.*?bin/yujing ([^'\n]*)", re.MULTILINE)

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def leaves_with(arguments: str) -> int:
    """Return how `yujing` leaves when asked what a command does; options it does not know are wrong usage."""
    return CliRunner().invoke(app, [*shlex.split(arguments), "--help"]).exit_code


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_starts_a_command_that_is_there(unit: Path) -> None:
    (arguments,) = STARTED.findall(unit.read_text(encoding="utf-8").replace("%i", "8001"))

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


def test_timer_has_its_unit() -> None:
    started = [re.findall(r"^Unit=(.*)$", timer.read_text(encoding="utf-8"), re.MULTILINE) or [f"{timer.stem}.service"] for timer in TIMERS]

    assert started
    assert [name for names in started for name in names if not (DEPLOY / name).exists()] == []


def test_every_unit_that_takes_its_turn_waits_for_those_before_it() -> None:
    (target,) = DEPLOY.glob("*.target")
    (wanted,) = re.findall(r"^Wants=(.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    before: set[str] = set()

    for name in wanted.split():
        awaited = re.findall(r"^After=(.*)$", (DEPLOY / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert before <= set(" ".join(awaited).split())
        before.add(name)
    assert len(before) == 3


def test_container_starts_a_command_that_is_there() -> None:
    command = re.findall(r"^CMD \[(.*)\]$", (ROOT / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)[0]

    assert leaves_with(command.replace(",", "")) == 0


def test_pages_name_every_deploy_file() -> None:
    pages = "".join((ROOT / page).read_text(encoding="utf-8") for page in ("docs/guide.md", "docs/deployment.md", "docs/operations.md"))

    assert [path.name for path in [*sorted(DEPLOY.iterdir()), ROOT / "Containerfile"] if path.name not in pages] == []


def test_units_that_serve_tell_systemd_when_they_are_ready() -> None:
    serving = [unit.read_text(encoding="utf-8") for unit in UNITS if "yujing serve" in unit.read_text(encoding="utf-8")]

    assert len(serving) == 2
    assert all({"Type=notify", "WatchdogSec=60", "LogNamespace=yujing"} <= set(text.splitlines()) for text in serving)


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


def test_compose_gives_settings_that_may_be_served(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = services()["yujing-1"]["environment"]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    settings = Settings.load()

    given = [name for name in environment if name.startswith("YUJING_")]
    assert len(given) == 7
    assert settings.database_url == "postgresql://yujing@db/yujing"
    assert (settings.serving.host, settings.serving.behind_proxy) == ("0.0.0.0", True)  # noqa: S104 - in its own network
    assert list(settings.serving.trusted_proxies) == [services()["proxy"]["networks"]["inside"]["ipv4_address"]]


def test_compose_publishes_the_proxy_alone_and_pins_what_it_fetches() -> None:
    fetched = [about["image"] for about in services().values() if not about["image"].startswith("${YUJING_IMAGE")]

    assert [name for name, about in services().items() if "ports" in about] == ["proxy"]
    assert [image for image in fetched if not re.fullmatch(r"docker\.io/library/[a-z]+:\d+\.[\d.]+", image)] == []


def test_compose_names_no_password() -> None:
    assert {about["environment"]["PGPASSWORD"] for about in services().values() if "PGPASSWORD" in about.get("environment", {})} == {
        "${POSTGRES_PASSWORD:?set it in .env}"
    }


def test_compose_lets_mlflow_report_its_use_to_nobody() -> None:
    mlflow = [about for about in services().values() if about.get("entrypoint") == ["mlflow"]]

    assert [about["environment"]["MLFLOW_DISABLE_TELEMETRY"] for about in mlflow] == ["true"]


def test_compose_puts_containers_in_the_place_of_both_ports_of_the_proxy() -> None:
    command = services()["proxy"]["command"]
    replaced = dict(re.findall(r"s/([\d.:]+)/([a-z0-9:-]+)/", command))

    upstream = re.findall(r"^    server ([\d.:]+) max_fails=0;$", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"), re.MULTILINE)

    assert list(replaced) * 2 == upstream
    assert {name.partition(":")[0] for name in replaced.values()} <= services().keys()


def test_container_asks_whether_it_is_healthy_and_pins_its_base() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")

    assert re.search(r"^ARG BASE=docker\.io/library/python:\d+\.\d+\.\d+-", text, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*/healthz", text, re.MULTILINE)


@pytest.mark.parametrize("script", sorted(DEPLOY.glob("*.sh")), ids=lambda script: script.name)
def test_script_is_one_that_a_plain_shell_can_read(script: Path) -> None:
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    assert script.read_text(encoding="utf-8").splitlines()[0] == "#!/bin/sh"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_rules_are_ones_that_prometheus_knows() -> None:
    assert subprocess.run(["promtool", "check", "rules", DEPLOY / "prometheus-rules.yaml"], check=False).returncode == 0


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_proxy_file_has_no_fault_that_nginx_knows(tmp_path: Path) -> None:
    conf = write_proxy(tmp_path, 8443, (8001, 8002))

    done = subprocess.run(["nginx", "-t", "-c", conf], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
