"""Memory that was freed goes back to the system."""

from pathlib import Path

import pytest

from features.memory import return_freed_memory

MIB = 1024 * 1024
STATUS = Path("/proc/self/statm")


def resident() -> int:
    return int(STATUS.read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells what a process holds")
def test_return_freed_memory_of_many_small_pieces_goes_back() -> None:
    pieces = [bytes(1000) for _ in range(100_000)]
    last = bytes(1000)
    del pieces
    before = resident()
    return_freed_memory()

    assert (before - resident() > 50 * MIB, len(last)) == (True, 1000)
