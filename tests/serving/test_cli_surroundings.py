"""Commands where the surroundings are poor: a home that cannot be written, a locale without any letter of Chinese."""

import json
import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from features.database.access_tables import account
from features.database.engine import open_database, reading
from features.storage.home import Home
from tests.support.published_world import AS_OF, PUBLISHED_AT
from training.registry.tracking import Run, open_registry

PROGRAM = "from serving.cli.main import main; main()"
EACH_IN_TURN = """
import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from serving.cli.main import main
ends = []
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:], told = arguments, io.StringIO()
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(told):
            main()
    except SystemExit as end:
        ends.append((end.code or 0, told.getvalue()))
print(json.dumps(ends))
"""
"""Commands in one process, which imports everything once; each ends with its code and what it told."""
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99; shift; exec "$@"'
BEFORE = ("unshare", "-rm", "sh", "-c", READ_ONLY, "sh")
"""Runs the command that follows where the folder that comes first cannot be written."""
MAY_MOUNT = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0

pytestmark = pytest.mark.dialect("sqlite")


def run(world, *arguments, before=(), **environment):
    """Run the command in a process of its own."""
    command = [*before, sys.executable, "-c", PROGRAM, *arguments, "--home", str(world.home.root)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment, encoding="utf-8")


@pytest.fixture
def listed(world):
    """A home with a list and a registered model whose files were elsewhere before."""
    world.rank()
    open_registry(world.home, "escalation").add(Run({"model.txt": b"x"}, {}, {}, {}, {}), PUBLISHED_AT)
    world.engine.dispose()
    moved = world.home.root.with_name("moved")
    world.home.root.rename(moved)
    moved.rename(world.home.root)
    return world


@pytest.mark.skipif(not MAY_MOUNT, reason="this user may not mount")
def test_reading_commands_work_on_a_home_that_cannot_be_written(listed):
    """What writes says in one line that it cannot."""
    day, panel = AS_OF.isoformat(), listed.home.root.with_name("panel.csv")
    reading = [["ledger", "verify"], ["audit", "verify"], ["models", "list"], ["accounts", "list"], ["keys", "list"], ["alerts", "list"]]
    reading += [["panel", "--as-of", day, "--out", str(panel)]]
    writing = [["rank", "--as-of", (AS_OF + timedelta(days=1)).isoformat()], ["publishing", "resume"]]
    home = str(listed.home.root)
    commands = json.dumps([[*command, "--home", home] for command in reading + writing])

    process = subprocess.run([*BEFORE, home, sys.executable, "-c", EACH_IN_TURN, commands], capture_output=True, text=True, check=False)

    assert process.returncode == 0, process.stderr
    codes, told = zip(*json.loads(process.stdout), strict=True)
    assert [0] * len(reading) + [1] * len(writing) == list(codes), "\n".join(told)
    assert "readonly" in told[-1]
    assert panel.exists()


@pytest.mark.skipif(not MAY_MOUNT, reason="this user may not mount")
def test_ingest_into_a_home_that_cannot_be_written_says_so_in_one_line(listed, tmp_path):
    cases = tmp_path / "cases.csv"
    header = "event_id,grid_id,event_type,category,occurred_at,reported_at"
    cases.write_text(f"{header}\nE1,G1,dispute,neighbor,2026-01-05 08:00,2026-01-05 09:00\n", encoding="utf-8")

    done = run(listed, "ingest", str(cases), before=[*BEFORE, str(listed.home.root)])

    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("yujing: ")


def test_serve_on_a_port_in_use_says_so_before_it_makes_an_account(tmp_path):
    home = Home(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-c", PROGRAM, "serve", "--home", str(home.root), "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")

    engine = open_database(home.database_url)
    with reading(engine) as connection:
        accounts = connection.execute(select(func.count()).select_from(account)).scalar_one()
    engine.dispose()
    message = f"yujing: port {port} of 127.0.0.1 must be free, found it in use. Choose another with --port."
    assert (done.returncode, done.stdout, done.stderr.splitlines(), accounts) == (1, "", [message], 0)


def test_chinese_is_written_where_the_locale_knows_ascii_only(listed):
    poor = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    helped = run(listed, "--help", **poor)
    told = run(listed, "alerts", "list", **poor)

    assert (helped.returncode, told.returncode) == (0, 0), helped.stderr + told.stderr
    assert "事前预警" in helped.stdout
    assert "网格" in told.stdout
