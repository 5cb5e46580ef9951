"""Programs whose calls of the operating system are counted, killed or failed one by one, by strace.

A program does one job per line of its standard input, each in a forked child that stands still until its tracer is there. Forking after
the imports makes a hundred killed processes affordable.
"""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CALLS = ("write", "pwrite64", "writev", "fsync", "fdatasync", "ftruncate", "rename", "renameat", "renameat2", "unlink")
"""Calls that change files, or make the change last."""
LET_ANYONE_TRACE = (0x59616D61, -1)
"""prctl arguments; without them only a parent may trace where the kernel is strict."""

Job = Mapping[str, Any]

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@dataclass(frozen=True)
class Call:
    """One traced call of a job: the how manieth of its name."""

    name: str
    ordinal: int

    @property
    def killing(self) -> str:
        """What strace is told to kill the process at this call."""
        return f"{self.name}:signal=KILL:when={self.ordinal}"


@dataclass(frozen=True)
class Traced:
    """The process that forks one child per job."""

    process: subprocess.Popen[str]
    folder: Path
    calls: tuple[str, ...] = CALLS
    options: tuple[str, ...] = ()
    """Further options of strace."""

    @property
    def trace(self) -> Path:
        """What strace wrote about the last traced job."""
        return self.folder / "trace"

    def run(self, job: Job, *injected: str) -> int:
        """Do a job, under strace if something is to be injected ("" only records), and return its wait status."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        tracer = self._trace(child, injected) if injected else None
        os.kill(child, signal.SIGCONT)
        status = int(self.process.stdout.readline())
        if tracer:
            tracer.communicate()
        return status

    def calls_of(self, job: Job) -> list[Call]:
        """Do a job undisturbed and return its calls, in order."""
        assert self.run(job, "") == 0
        names = re.findall(r"^(\w+)\(", self.trace.read_text(errors="replace"), flags=re.MULTILINE)
        return [Call(name, names[: place + 1].count(name)) for place, name in enumerate(names)]

    def _trace(self, child: int, injected: tuple[str, ...]) -> subprocess.Popen[str]:
        injections = [part for each in injected if each for part in ("-e", f"inject={each}")]
        options = ["-o", str(self.trace), *self.options, "-e", f"trace={','.join(self.calls)}", *injections]
        tracer = subprocess.Popen(["strace", *options, "-p", str(child)], stderr=subprocess.PIPE, text=True)
        assert tracer.stderr
        if "attached" not in (said := tracer.stderr.readline()):
            os.kill(child, signal.SIGKILL)
            pytest.skip(f"strace may not trace here: {said}")
        return tracer


def failing_from(calls: list[Call], place: int, error: str) -> list[str]:
    """Return what strace is told so that every call of a job fails from one of them on."""
    done = [call.name for call in calls[:place]]
    return [f"{name}:error={error}:when={done.count(name) + 1}+" for name in sorted({call.name for call in calls})]


@contextmanager
def traced_program(script: Path, folder: Path, calls: tuple[str, ...] = CALLS, options: tuple[str, ...] = ()) -> Iterator[Traced]:
    """Start a program whose main function is `do_jobs`; traces are written into `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield Traced(process, folder, calls, options)
        assert process.stdin
        process.stdin.close()


def do_jobs(prepare: Callable[[Job], Callable[[], object]]) -> None:
    """Do jobs: print the child's process id once it stands still, and its wait status when it is over.

    What `prepare` returns is done under the eyes of the tracer.
    """
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            work = prepare(job)
            ctypes.CDLL(None).prctl(*LET_ANYONE_TRACE)
            os.kill(os.getpid(), signal.SIGSTOP)
            work()
            os._exit(0)
        os.waitpid(child, os.WUNTRACED)
        _say(child)
        _say(os.waitpid(child, 0)[1])


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()
