"""P2: identifiers of persons refuse their row, and no byte of them reaches the disk, in whatever form."""

import gzip
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.database.engine import database_url, open_database
from features.eventlog.read import read_log
from features.intake.ingest import IngestReport
from features.settings import LogSettings
from features.storage.home import Home

Case = Callable[..., str]
Plant = Callable[..., list[Any]]
PlantedHome = tuple[IngestReport, dict[int, Any]]
TakeIn = Callable[..., IngestReport]
WriteCases = Callable[..., Path]

ENCODINGS = ("utf-8", "gb18030", "utf-16-le")
FIELDS = ("grid_id", "event_type", "category", "occurred_at", "resolved_at", "people", "source", "level", "self_found", "note")
ROWS_PER_PLANT = 21


def decoded(path: Path) -> Iterator[object]:
    """Yield the values that a file holds behind a compression or an encoding of its own."""
    if path.suffix == ".parquet":
        for row in pl.read_parquet(path).iter_rows():
            yield from row
    elif path.suffix == ".db":
        connection = sqlite3.connect(path)
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                yield from row
        connection.close()
    elif path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes()).decode()


def found_on_disk(folder: Path, values: set[str]) -> list[str]:
    """Return which of the values some file under the folder holds, raw in three encodings or decoded."""
    patterns = sorted({value.encode(encoding).decode("latin-1") for value in values for encoding in ENCODINGS})
    found: set[str] = set()
    for path in folder.rglob("*"):
        if path.is_file():
            hidden = "\n".join({str(value) for value in decoded(path)})
            texts = pl.Series([path.read_bytes().decode("latin-1"), hidden.encode().decode("latin-1")])
            found.update(*texts.str.extract_many(patterns).to_list())
    return sorted(found)


@pytest.fixture
def planted_home(home: Home, plant: Plant, take_in: TakeIn, write_cases: WriteCases, case: Case) -> PlantedHome:
    """Take in a file with about 1,000 identifiers strewn over all fields, copy the log to its segments."""
    plants = plant(seed=1, repeats=3)
    lines, rows = [], {}
    for place, planted in enumerate(plants):
        field = FIELDS[place % len(FIELDS)]
        lines.append(case(place, **{field: f'"{planted.text.replace(chr(34), chr(34) * 2)}"'}))
        rows[len(lines)] = planted
        lines += [case(1_000_000 + place * ROWS_PER_PLANT + number) for number in range(ROWS_PER_PLANT - 1)]
    report = take_in(write_cases(lines))
    engine = open_database(database_url(home, LogSettings()))
    read_log(home, engine)
    engine.dispose()
    return report, rows


def test_planted_identifiers_refuse_their_rows_and_reach_no_file(
    home: Home, planted_home: PlantedHome, record_property: Callable[[str, object], None]
) -> None:
    report, rows = planted_home
    refused = dict(pl.read_csv(report.refused).select("row_number", "code").iter_rows())
    missed = [planted for number, planted in rows.items() if refused.get(number) != planted.code]

    record_property("planted identifiers, and those that were not seen (names only)", f"{len(rows)}, {len(missed)}")
    assert len(rows) >= 1_000
    assert report.accepted == len(rows) * (ROWS_PER_PLANT - 1) + len(rows) - len(refused)
    assert [planted.kind for planted in missed if planted.kind != "name"] == []
    assert len(missed) <= 0.05 * sum(planted.kind == "name" for planted in rows.values())
    assert found_on_disk(home.root, {text for planted in rows.values() for text in (planted.value, planted.text)}) == []


def test_planted_identifiers_kept_in_compressed_parquet_are_found(home: Home) -> None:
    folder = home.folder(home.quarantine)
    value = "13800138000"
    texts = pl.DataFrame({"refused": [f"phone {value}", *map(str, range(1_000))]})
    texts.write_parquet(folder / "kept.parquet", compression="gzip", statistics=False)
    pl.DataFrame({"refused": [int(value)]}).write_parquet(folder / "number.parquet")

    assert value.encode() not in (folder / "kept.parquet").read_bytes() + (folder / "number.parquet").read_bytes()
    assert found_on_disk(home.root, {value}) == [value]


def test_identity_number_as_the_id_of_a_case_becomes_a_keyed_hash(home: Home, take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    number = "11010519491231002X"

    report = take_in(write_cases([case(1, event_id=number), *(case(other) for other in range(2, 30))]))

    assert (report.accepted, found_on_disk(home.root, {number})) == (29, [])
    assert (home.keys / "intake.key").stat().st_mode & 0o077 == 0
