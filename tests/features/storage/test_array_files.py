import json
import os
from pathlib import Path

import numpy as np
import pytest

from features.storage import array_files
from features.storage.array_files import DamagedError, read_about, read_arrays, release, scratch, write_arrays

TABLES = {
    "cases": {
        "day": np.array([0, -5, 2**31 - 1], np.int32),
        "weight": np.array([0.1, -np.inf, np.nan]),
        "grid": np.array(["网格1", "", "g3"]),
        "reported": np.array([True, False, True]),
    },
    "marks": {"case": np.zeros(0, np.int64)},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds `TABLES`."""
    write_arrays(tmp_path / "facts", TABLES, {"sequence": 7, "name": "矛盾"})
    return tmp_path / "facts"


def test_arrays_are_read_as_they_were_written(folder):
    arrays = read_arrays(folder)

    assert {name: list(columns) for name, columns in TABLES.items()} == {name: list(columns) for name, columns in arrays.items()}
    for name, columns in TABLES.items():
        for column, values in columns.items():
            np.testing.assert_array_equal(values, arrays[name][column])
            assert values.dtype.kind == arrays[name][column].dtype.kind
    assert {"sequence": 7, "name": "矛盾"} == read_about(folder)


def test_arrays_that_were_read_cannot_be_written_to_and_outlive_their_folder(folder):
    day = read_arrays(folder)["cases"]["day"]
    write_arrays(folder, {"cases": {"day": np.array([9, 9, 9], np.int32)}}, {})

    assert [0, -5, 2**31 - 1] == day.tolist()
    with pytest.raises(ValueError, match="read-only"):
        day[0] = 1


def test_write_arrays_takes_the_place_of_all_that_was_there(folder):
    write_arrays(folder, {"marks": {"case": np.array([1])}}, {"sequence": 8})

    assert (["marks"], {"sequence": 8}) == (list(read_arrays(folder)), read_about(folder))
    assert {"manifest.json", "marks.arrow"} == {path.name for path in folder.iterdir()}


def test_write_arrays_that_fails_leaves_what_was_there_and_nothing_beside_it(folder, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(array_files, "_write_table", full)
    with pytest.raises(OSError, match="No space left"):
        write_arrays(folder, {"marks": {"case": np.array([1])}}, {})

    assert ["facts"] == [path.name for path in folder.parent.iterdir()]
    assert [0, -5, 2**31 - 1] == read_arrays(folder)["cases"]["day"].tolist()


def test_write_arrays_begins_anew_where_an_earlier_run_was_killed(folder):
    left = folder.with_name(folder.name + array_files.TEMPORARY_SUFFIX)
    left.mkdir()
    (left / "other.arrow").write_bytes(b"half")
    write_arrays(folder, {"marks": {"case": np.array([1])}}, {})

    assert not left.exists()
    assert not (folder / "other.arrow").exists()


def test_folder_of_arrays_is_its_owner_s_alone(folder):
    assert 0o700 == folder.stat().st_mode & 0o777


def test_folder_that_is_not_there_has_nothing_about_it_and_no_arrays(tmp_path):
    assert read_about(tmp_path / "none") is None
    with pytest.raises(DamagedError, match="is not there"):
        read_arrays(tmp_path / "none")


@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_table_of_which_one_bit_was_turned_is_damaged(folder, place):
    path = folder / "cases.arrow"
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)

    with pytest.raises(DamagedError, match=r"cases\.arrow is not what was written"):
        read_arrays(folder)


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: os.truncate(path, 10), lambda path: path.write_bytes(b"")])
def test_table_that_is_gone_or_cut_is_damaged(folder, harm):
    harm(folder / "marks.arrow")

    with pytest.raises(DamagedError, match=r"marks\.arrow is not what was written"):
        read_arrays(folder)


def test_manifest_whose_words_were_changed_is_damaged(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"sequence": 7', '"sequence": 8'), encoding="utf-8")

    for read in (read_about, read_arrays):
        with pytest.raises(DamagedError, match=r"manifest\.json is not what was written"):
            read(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", json.dumps({"content": {}})])
def test_manifest_that_is_none_is_damaged(folder, text):
    (folder / "manifest.json").write_text(text, encoding="utf-8")

    with pytest.raises(DamagedError, match=r"manifest\.json cannot be read"):
        read_about(folder)


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


def test_scratch_that_fills_its_bound_exactly_lies_in_memory(tmp_path, monkeypatch):
    """A file for it would need the temporary folder, which is not there."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))

    assert (128,) == scratch((128,), np.float64, most_bytes=1024).shape
    with pytest.raises(OSError, match="No such file"):
        scratch((128,), np.float64, most_bytes=1023)
