import re
import subprocess
import sys

from serving.cli.serve import PROGRAM
from tests.support.loopback import free_port

PASSWORD = re.compile(r"admin.*(?:password|密码)")


def console_of(command):
    """Return the lines of a server's console up to the one that names a password."""
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            lines.append(line)
            if PASSWORD.search(line):
                break
        process.kill()
    return lines


def test_serve_console_names_the_first_password_below_the_log_of_the_start(tmp_path):
    lines = console_of([sys.executable, "-c", PROGRAM, "--home", str(tmp_path), "serve", "--port", str(free_port())])

    assert PASSWORD.search(lines[-1])
    assert "http://127.0.0.1" in lines[-2]
    assert any("Application startup complete" in line for line in lines)
    assert any("Uvicorn running" in line for line in lines)
