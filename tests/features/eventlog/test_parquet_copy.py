"""The columnar copy is never trusted: every injury is found before a row is used, and mended from SQL."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Engine, delete, select

from features.database.tables import segment
from features.eventlog import parquet_copy
from features.eventlog.append import Batch, append_batch
from features.eventlog.parquet_copy import read_copy
from features.eventlog.read import read_log
from features.eventlog.snapshot import RECORD_SCHEMA
from features.storage.atomic_files import LOCK
from features.storage.home import Home
from tests.support.small_disks import full_disk

SIZE = 40
LAST = 190
"""Five files: four of 40 numbers, and a tail of 30."""

FILES = [f"seq-{first}-{min(first + SIZE - 1, LAST)}.parquet" for first in range(1, LAST + 1, SIZE)]


@pytest.fixture
def folder(engine: Engine, tmp_path: Path, make_cases) -> Path:
    """A whole copy of 190 records, with the copy of an earlier, shorter log beside it."""
    reported = make_cases(*({} for _ in range(150)))
    append_batch(engine, Batch("k1", "hotline", reported, [], 150))
    read_copy(tmp_path / "copy", engine, 150, SIZE)
    shutil.copytree(tmp_path / "copy", tmp_path / "stale")
    news = reported.head(40).with_columns(resolved_at=pl.col("reported_at"))
    append_batch(engine, Batch("k2", "hotline", news, [], 40))
    read_copy(tmp_path / "copy", engine, LAST, SIZE)
    return tmp_path / "copy"


def flip_a_byte(folder: Path, engine: Engine, rng: random.Random) -> set[str]:
    name = rng.choice(FILES)
    content = bytearray((folder / name).read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    (folder / name).write_bytes(content)
    return {name}


def cut(folder: Path, engine: Engine, rng: random.Random) -> set[str]:
    name = rng.choice(FILES)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: rng.randrange(len(content))])
    return {name}


def remove(folder: Path, engine: Engine, rng: random.Random) -> set[str]:
    name = rng.choice(FILES)
    (folder / name).unlink()
    return {name}


def swap_two(folder: Path, engine: Engine, rng: random.Random) -> set[str]:
    one, other = rng.sample(FILES, 2)
    content = (folder / one).read_bytes()
    (folder / one).write_bytes((folder / other).read_bytes())
    (folder / other).write_bytes(content)
    return {one, other}


def put_a_stale_tail(folder: Path, engine: Engine, rng: random.Random) -> set[str]:
    tail = rng.choice(["seq-121-150.parquet", "seq-1-40.parquet"])
    shutil.copy(folder.with_name("stale") / tail, folder / FILES[3])
    return {FILES[3]}


def leave_a_temporary_file(folder: Path, engine: Engine, rng: random.Random) -> set[str]:
    (folder / f"{rng.choice(FILES)}.new").write_bytes(rng.randbytes(20))
    return set()


def leave_an_old_tail(folder: Path, engine: Engine, rng: random.Random) -> set[str]:
    shutil.copy(folder.with_name("stale") / "seq-121-150.parquet", folder)
    return set()


def lose_the_row(folder: Path, engine: Engine, rng: random.Random) -> set[str]:
    name = rng.choice(FILES)
    with engine.begin() as connection:
        connection.execute(delete(segment).where(segment.c.first == int(name.split("-")[1])))
    return {name}


INJURIES: tuple[Callable[[Path, Engine, random.Random], set[str]], ...] = (
    flip_a_byte,
    cut,
    remove,
    swap_two,
    put_a_stale_tail,
    leave_a_temporary_file,
    leave_an_old_tail,
    lose_the_row,
)


def undetected(folder: Path, engine: Engine, injuries: int) -> list[str]:
    """Injure the copy again and again; name the injuries that were not found, or not mended to the same records."""
    rng = random.Random(1)  # noqa: S311 injuries, not secrets
    whole = read_copy(folder, engine, LAST, SIZE)
    missed = []
    for number in range(injuries):
        injure = INJURIES[number % len(INJURIES)]
        broken = injure(folder, engine, rng)
        try:
            copy = read_copy(folder, engine, LAST, SIZE)
        except pl.exceptions.PolarsError:
            copy = whole
        mended = set(copy.rebuilt) == broken and bool(copy.removed) == (not broken) and copy.records.equals(whole.records)
        if not mended or {path.name for path in folder.iterdir()} != {*FILES, LOCK}:
            missed.append(injure.__name__)
            shutil.rmtree(folder)
            read_copy(folder, engine, LAST, SIZE)
    return missed


@pytest.mark.dialect("sqlite")
def test_read_copy_every_injury_is_found_and_mended(folder: Path, engine: Engine, record_property: Callable[[str, object], None]) -> None:
    unseen = undetected(folder, engine, 200)

    record_property("injuries, and how many were not seen", f"200, {len(unseen)}")
    assert unseen == []


@pytest.mark.dialect("sqlite")
def test_read_copy_that_trusts_its_files_is_caught(folder: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken variant reads whatever lies there."""

    def trust(path: Path, digest: str | None) -> pl.DataFrame | None:
        return pl.read_parquet(path) if path.exists() else None

    monkeypatch.setattr(parquet_copy, "_load", trust)

    assert {"flip_a_byte", "swap_two", "put_a_stale_tail", "lose_the_row"} <= set(undetected(folder, engine, 40))


def test_read_copy_whole_one_is_used_as_it_is(folder: Path, engine: Engine) -> None:
    copy = read_copy(folder, engine, LAST, SIZE)

    assert (copy.rebuilt, copy.removed) == ((), ())
    assert copy.records["seq"].to_list() == list(range(1, LAST + 1))
    with engine.connect() as connection:
        spans = connection.execute(select(segment.c.first, segment.c.last, segment.c.records).order_by(segment.c.first)).all()
    assert [tuple(span) for span in spans] == [(1, 40, 40), (41, 80, 40), (81, 120, 40), (121, 160, 40), (161, 190, 30)]


def test_read_copy_longer_log_writes_the_tail_only(folder: Path, engine: Engine, make_cases) -> None:
    append_batch(engine, Batch("k3", "hotline", make_cases(*({"event_id": f"n{number}"} for number in range(20))), [], 20))
    copy = read_copy(folder, engine, LAST + 20, SIZE)

    assert copy.rebuilt == ("seq-161-200.parquet", "seq-201-210.parquet")
    assert copy.removed == ("seq-161-190.parquet",)


def test_read_copy_of_an_older_layout_is_rebuilt(folder: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_copy, "RECORD_SCHEMA", pl.Schema({**RECORD_SCHEMA, "level": pl.String()}))

    assert read_copy(folder, engine, LAST, SIZE).rebuilt == tuple(FILES)


def test_read_log_without_any_copy_is_the_same(engine: Engine, tmp_path: Path, make_cases) -> None:
    home = Home(tmp_path / "home")
    append_batch(engine, Batch("k1", "hotline", make_cases({}, {"grid_id": "g2"}), [], 2))
    before = read_log(home, engine)
    shutil.rmtree(home.segments)

    assert_frame_equal(read_log(home, engine).records, before.records)


def test_read_copy_on_a_full_disk_reads_the_log_all_the_same_and_says_so(
    folder: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    whole = read_copy(folder, engine, LAST, SIZE)
    (folder / FILES[1]).unlink()
    with full_disk():
        copy = read_copy(folder, engine, LAST, SIZE)

    assert (whole.records.rows(), (), ()) == (copy.records.rows(), copy.rebuilt, copy.removed)
    (line,) = caplog.messages
    assert f"{folder} must be open to writing, found: File too large; what it lacks is read from the database" in line


def test_read_copy_after_a_full_disk_is_mended(folder: Path, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    (folder / FILES[1]).unlink()
    with full_disk():
        read_copy(folder, engine, LAST, SIZE)
    caplog.clear()

    assert (FILES[1],) == read_copy(folder, engine, LAST, SIZE).rebuilt
    assert {*FILES, LOCK} == {path.name for path in folder.iterdir()}
    assert [] == caplog.messages


def test_read_copy_where_a_file_has_its_name_reads_the_log_from_the_database(engine: Engine, tmp_path: Path, make_cases) -> None:
    append_batch(engine, Batch("k1", "hotline", make_cases({}, {}, {}), [], 3))
    (tmp_path / "copy").write_bytes(b"in the way")

    assert [1, 2, 3] == read_copy(tmp_path / "copy", engine, 3, 2).records["seq"].to_list()
    assert b"in the way" == (tmp_path / "copy").read_bytes()


def test_read_copy_file_that_cannot_be_read_is_taken_from_the_database(folder: Path, engine: Engine) -> None:
    """A folder under its name, which cannot be removed as a file either."""
    (folder / FILES[0]).unlink()
    (folder / FILES[0]).mkdir()

    assert list(range(1, LAST + 1)) == read_copy(folder, engine, LAST, SIZE).records["seq"].to_list()


def test_read_copy_of_an_empty_log_has_columns_and_no_files(engine: Engine, tmp_path: Path) -> None:
    copy = read_copy(tmp_path / "copy", engine, 0, SIZE)

    assert (RECORD_SCHEMA, 0, ()) == (copy.records.schema, len(copy.records), copy.rebuilt)
    assert [LOCK] == [path.name for path in (tmp_path / "copy").iterdir()]


@pytest.mark.parametrize(("records", "files"), [(39, ["seq-1-39.parquet"]), (40, FILES[:1]), (41, [FILES[0], "seq-41-41.parquet"])])
def test_read_copy_around_a_full_file_begins_the_next_one_after_it(
    engine: Engine, tmp_path: Path, make_cases, records: int, files: list[str]
) -> None:
    append_batch(engine, Batch("k1", "hotline", make_cases(*({} for _ in range(records))), [], records))

    assert tuple(files) == read_copy(tmp_path / "copy", engine, records, SIZE).rebuilt
