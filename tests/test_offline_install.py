"""Wheels carried over in a folder are installed without a network, whole or not at all."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.full  # each makes environments

SCRIPT = Path(__file__).parent.parent / "configs/deploy/install-offline.sh"
COMMAND = "import sys\ndef main():\n    import needed\n    print('yujing', needed.VALUE)\n"


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Write a small wheel by hand."""
    about = f"{name}-{version}.dist-info"
    files |= {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "",
    }
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, text in files.items():
            wheel.writestr(inside, text)
    return path


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder as collect-wheels.sh leaves it, with one needed package and a program."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    needed = write_wheel(folder, "needed", "1.0", {"needed.py": "VALUE = 7\n"})
    parts = {"serving/__init__.py": "", "serving/cli/__init__.py": "", "serving/cli/main.py": COMMAND}
    parts["yujing-0.2.0.dist-info/entry_points.txt"] = "[console_scripts]\nyujing = serving.cli.main:main\n"
    write_wheel(folder, "yujing", "0.2.0", parts)
    digest = hashlib.sha256(needed.read_bytes()).hexdigest()
    (folder / "runtime.txt").write_text(f"needed==1.0 --hash=sha256:{digest}\n", encoding="ascii")
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  ./{path.name}\n" for path in sorted(folder.glob("*.whl"))]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="ascii")


def install(folder: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Run the script where every index is a closed port."""
    away = {"PYTHON": sys.executable, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "http_proxy": "http://127.0.0.1:9"}
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")} | away
    return subprocess.run(["sh", SCRIPT, folder, target], capture_output=True, text=True, check=False, env=environment)


def answer(target: Path) -> str:
    """Run the installed program, away from this source."""
    return subprocess.run([target / "bin/yujing"], capture_output=True, text=True, check=True, cwd=target, env={"PATH": "/usr/bin"}).stdout


def test_install_works_without_a_network_and_keeps_the_one_before(wheels: Path, tmp_path: Path) -> None:
    target = tmp_path / "app" / ".venv"
    target.parent.mkdir()

    first, second = install(wheels, target), install(wheels, target)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "yujing 0.2.0" in first.stdout
    assert answer(target) == "yujing 7\n"
    assert (target.parent / ".venv.before").is_dir()
    assert not (target.parent / ".venv.new").exists()


@pytest.mark.parametrize("harm", ["changed", "missing", "foreign"])
def test_install_of_a_folder_that_is_not_whole_changes_nothing(wheels: Path, tmp_path: Path, harm: str) -> None:
    target = tmp_path / ".venv"
    assert install(wheels, target).returncode == 0
    needed = wheels / "needed-1.0-py3-none-any.whl"
    if harm == "missing":
        needed.unlink()
        seal(wheels)
    else:
        write_wheel(wheels, "needed", "1.0", {"needed.py": "VALUE = 8\n"})
        if harm == "foreign":  # whoever writes the sums anew is told by the hashes of runtime.txt
            seal(wheels)

    refused = install(wheels, target)

    assert refused.returncode != 0
    assert answer(target) == "yujing 7\n"
