"""Processes beside this one: they check the batches of a large file, and the findings come in the order of the file."""

import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection

from features.errors import WorkersLostError
from features.intake.checking import CheckedBatch
from features.intake.readers.batches import RowBatch

WORKERS = 2
FEWEST_ROWS = 100_000
"""So many rows are checked in this process: smaller files are done before another one would be ready."""
Check = Callable[[RowBatch], CheckedBatch]

_Line = Connection
"""Pipe to a worker: batches there, findings or an exception back."""


def in_processes(check: Check, batches: Iterator[RowBatch]) -> Iterator[CheckedBatch]:
    """Yield the findings of each batch; a large file is checked in processes beside this one.

    Raises:
        WorkersLostError: a process ended before its batch was ready.
    """
    rows = 0
    for batch in batches:
        yield check(batch)
        rows += batch.read
        if rows >= FEWEST_ROWS:
            break
    if (coming := next(batches, None)) is None:
        return
    with ExitStack() as stack:
        idle = deque(stack.enter_context(_worker(check)) for _ in range(WORKERS))
        yield from _pass_round(chain([coming], batches), idle)


def _pass_round(batches: Iterator[RowBatch], idle: deque[_Line]) -> Iterator[CheckedBatch]:
    """Give each worker its next batch as soon as its last result is there."""
    busy: deque[_Line] = deque()
    for batch in batches:
        ready: list[CheckedBatch] = []
        if not idle:
            line = busy.popleft()
            ready = [_receive(line)]
            idle.append(line)
        line = idle.popleft()
        _send(line, batch)
        busy.append(line)
        yield from ready
    while busy:
        yield _receive(busy.popleft())


def _send(line: _Line, batch: RowBatch) -> None:
    with _told_as_lost():
        line.send(batch)


def _receive(line: _Line) -> CheckedBatch:
    with _told_as_lost():
        checked: CheckedBatch | Exception = line.recv()
    if isinstance(checked, Exception):
        raise checked
    return checked


@contextmanager
def _told_as_lost() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        found = "a process that checked rows died. Nothing of the file is stored: give it more memory and repeat."
        raise WorkersLostError(f"all rows must be checked before any is stored, and {found}") from error


@contextmanager
def _worker(check: Check) -> Iterator[_Line]:
    """Start a process that ends when its line is closed, or when this process dies.

    It imports for itself: one that is forked would wait for ever for the threads of Polars that this process has.
    """
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, check), daemon=True)
    process.start()
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.join()


def _serve(line: _Line, check: Check) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            batch = line.recv()
            try:
                line.send(check(batch))
            except Exception as error:  # noqa: BLE001 told where the result is awaited
                line.send(error)
