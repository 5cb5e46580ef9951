from pathlib import Path

import numpy as np
import pytest

from features.storage.array_files import release, scratch


@pytest.mark.parametrize("most_bytes", [0, 10**6])
def test_scratch_holds_what_is_written_wherever_it_lies(most_bytes):
    array = scratch((3, 4), np.float32, most_bytes)
    array[...] = np.arange(12).reshape(3, 4)
    release(array)

    assert array.tolist() == np.arange(12).reshape(3, 4).tolist()


def anonymous_bytes() -> int:
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))


def test_scratch_beyond_its_bound_takes_no_memory_of_its_own():
    before = anonymous_bytes()
    array = scratch((16, 2**20), np.float32, most_bytes=2**20)
    array[...] = 1.0
    release(array)

    assert anonymous_bytes() - before < 2**22 < array.nbytes
    assert array[7, 3] == 1.0


def test_scratch_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    array = scratch((1024,), np.float64, most_bytes=0)
    array[...] = 2.0

    assert list(tmp_path.iterdir()) == []
