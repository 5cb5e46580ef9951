"""Lock of a folder."""

import fcntl

import pytest

from features.storage.atomic_files import LOCK, locked


def is_free(folder):
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_locked_folder_is_made_and_held_until_the_end(tmp_path):
    with locked(tmp_path / "kept"):
        assert not is_free(tmp_path / "kept")

    assert is_free(tmp_path / "kept")


def test_locked_fault_inside_frees_it(tmp_path):
    with pytest.raises(RuntimeError), locked(tmp_path):
        raise RuntimeError

    assert is_free(tmp_path)
