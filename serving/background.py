"""Chores beside the service, in a thread of their own: one that fails is told and tried again."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from features.errors import YujingError

log = logging.getLogger(__name__)

Chore = Callable[[], object]


@contextmanager
def in_background(chores: Sequence[Chore], seconds: float) -> Iterator[None]:
    """Do chores again and again while the block runs; the round that is under way is finished first."""
    stop = threading.Event()
    thread = threading.Thread(target=_repeat, args=(chores, seconds, stop), name="chores", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _repeat(chores: Sequence[Chore], seconds: float, stop: threading.Event) -> None:
    while True:
        for chore in chores:
            try:
                chore()
            except YujingError as error:
                log.warning("tried again later: %s", error)
        if stop.wait(seconds):
            return
