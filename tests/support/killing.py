"""Programs that tests kill and start again, one run at a time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("forked.py")

Run = tuple[str, ...]
"""Name and arguments of a run of the program."""


@dataclass(frozen=True)
class Forked:
    """The program whose runs are killed."""

    process: subprocess.Popen[str]
    port: int

    def start(self, run: Run) -> int:
        """Start a run and return its process id."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(run) + "\n")
        self.process.stdin.flush()
        return self._hear()

    def end(self) -> int:
        """Wait for the end of a run and return its wait status."""
        return self._hear()

    def _hear(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())


@contextmanager
def forked_program() -> Iterator[Forked]:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])}
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        yield Forked(process, int(process.stdout.readline()))
        assert process.stdin
        process.stdin.close()
