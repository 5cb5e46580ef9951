"""A machine of its own that systemd boots, with the shipped units: systemd-nspawn over the programs of this one, without a network."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "configs/deploy"
USER_ID = 990
FOLDERS = ("etc/systemd/system", "usr", "var/log/journal", "run", "tmp", "root", "dev", "proc", "sys", "opt", "srv")
COPIED = ("passwd", "group", "nsswitch.conf", "ld.so.cache", "os-release")
DRIVER = """[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/sh /srv/driver.sh
StandardOutput=file:/srv/printed
ExecStopPost=/bin/systemctl --no-block poweroff --force
"""
TARGET = "[Unit]\nRequires=basic.target\nWants=driver.service dbus.service\n"
PROGRAM = "import sys\nsys.path.insert(0, '/srv/source')\nfrom serving.cli.main import main\nmain()\n"

needs_systemd = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("systemd-nspawn", "systemctl"))),
    reason="a machine is booted by root with systemd-nspawn",
)


def make_machine(folder: Path) -> Path:
    """Return the root of a machine that has the shipped units, their user and their folders, and no program yet."""
    root = folder / "machine"
    for name in FOLDERS:
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for name in COPIED:
        shutil.copy(Path("/etc") / name, root / "etc" / name)
    for name, line in {"passwd": f"yujing:x:{USER_ID}:{USER_ID}::/srv/yujing:/bin/false", "group": f"yujing:x:{USER_ID}:"}.items():
        with (root / "etc" / name).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    (root / "etc/machine-id").write_text(f"{7:032x}\n", encoding="ascii")
    units = root / "etc/systemd/system"
    for unit in [*DEPLOY.glob("yujing*.service"), *DEPLOY.glob("yujing*.timer"), *DEPLOY.glob("yujing*.target")]:
        shutil.copy(unit, units)
    (units / "driver.service").write_text(DRIVER, encoding="utf-8")
    (units / "driver.target").write_text(TARGET, encoding="utf-8")
    for name in ("yujing/var", "yujing/var.checkpoints", "backup"):
        (root / "srv" / name).mkdir(parents=True)
        os.chown(root / "srv" / name, USER_ID, USER_ID)
    return root


def install(root: Path, script: str) -> None:
    """Put a shell script in the place of the program that the units start."""
    program = root / "srv/yujing/.venv/bin/yujing"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def install_this(root: Path) -> list[str]:
    """Put this source and its Python in the place of the program; return what must be bound for it."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = "/srv/packages"
    (root / "srv/run.py").write_text(PROGRAM, encoding="utf-8")
    environment = f"LD_LIBRARY_PATH=/opt/python/lib PYTHONHOME=/opt/python PYTHONPATH=/srv/source:{packages}"
    install(root, f'exec env {environment} /opt/python/bin/{version} /srv/run.py "$@"')
    site = next(path for path in sys.path if path.endswith("site-packages"))
    return [f"{sys.base_prefix}:/opt/python", f"{ROOT}:/srv/source", f"{site}:{packages}"]


def change_unit(root: Path, unit: str, line: str) -> None:
    """Change one setting of a unit as an operator does."""
    folder = root / f"etc/systemd/system/{unit}.d"
    folder.mkdir(exist_ok=True)
    (folder / f"{len(list(folder.iterdir()))}.conf").write_text(f"[Service]\n{line}\n", encoding="utf-8")


def boot(root: Path, script: str, bound: list[str] | None = None) -> str:
    """Boot the machine, run a shell script in it, and return what that printed; the machine is off again."""
    (root / "srv/driver.sh").write_text(script, encoding="utf-8")
    command = ["systemd-nspawn", "--directory", str(root), "--register=no", "--keep-unit", "--private-network", "--console=pipe"]
    command += [f"--bind-ro={source}" for source in ["/usr", *(bound or [])]]
    booted = subprocess.run(
        [*command, "--boot", "--", "--unit=driver.target"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    printed = root / "srv/printed"
    if not printed.exists():
        pytest.skip(f"systemd cannot be booted here: {booted.stdout[-300:]}{booted.stderr[-300:]}")
    return printed.read_text(encoding="utf-8")


def steps(journal: str) -> list[str]:
    """Return what systemd did with the units of yujing, in order: starting, finished or failed, and the name.

    >>> steps("host systemd[1]: Starting yujing-rank.service - yujing: publish...")
    ['starting rank']
    """
    done = re.findall(r"systemd\[1\]: (Starting|Finished|Failed to start) yujing-(\w+)\.service", journal)
    return [f"{verb.split()[0].lower()} {name}" for verb, name in done]
