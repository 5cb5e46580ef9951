"""D4: bad input never crashes and never vanishes; each refusal has a code of the closed list, and each code a way to arise."""

import gzip
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from features.database.engine import database_url, open_database
from features.errors import InputRefusedError
from features.eventlog.grids import store_crosswalk
from features.intake.ingest import IngestReport
from features.intake.quarantine import Code
from features.intake.readers import csv_reader, workbook_reader
from features.intake.readers.batches import RowBatch
from features.settings import LogSettings
from features.storage.home import Home

Case = Callable[..., str]
TakeIn = Callable[..., IngestReport]

HEADER = "event_id,grid_id,event_type,category,occurred_at,reported_at,resolved_at,people,source,level,self_found,note"
GOOD, REPEATS = 900, 11
MOST_GROWTH_MIB = 300

ROWS: dict[str, tuple[str, Callable[[Case, int, random.Random], str | bytes]]] = {
    "short row": ("ROW_TOO_SHORT", lambda case, i, rng: case(i).rsplit(",", rng.randint(1, 9))[0]),
    "long row": ("ROW_TOO_LONG", lambda case, i, rng: case(i) + ",x" * rng.randint(1, 9)),
    "100,000 cells": ("ROW_TOO_LONG", lambda case, i, rng: case(i) + ",x" * 100_000),
    "open quote": ("ROW_QUOTE", lambda case, i, rng: case(i, note='"not closed')),
    "quote inside": ("ROW_QUOTE", lambda case, i, rng: case(i, note='"a" b')),
    "cell of 9 KiB": ("CELL_TOO_LONG", lambda case, i, rng: case(i, note="x" * 9_216)),
    "cell of 1 MiB": ("CELL_TOO_LONG", lambda case, i, rng: case(i, note="x" * (1 << 20))),
    "bad UTF-8": ("CELL_ENCODING", lambda case, i, rng: case(i, note="@").encode().replace(b"@", bytes([rng.randint(0xF8, 0xFF)]))),
    "GB18030 cell": ("CELL_ENCODING", lambda case, i, rng: case(i, note="邻里纠纷").encode("gb18030")),
    "NUL": ("CELL_NUL", lambda case, i, rng: case(i, note="a\x00b")),
    "formula": ("CELL_FORMULA", lambda case, i, rng: case(i, category=rng.choice(["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1:A9)"]))),
    "identity number": ("PERSON_ID_NUMBER", lambda case, i, rng: case(i, note="身份证11010519491231002X")),
    "telephone number": ("PERSON_PHONE", lambda case, i, rng: case(i, category=f"1380013{rng.randint(1000, 9999)}")),
    "bank card": ("PERSON_ACCOUNT", lambda case, i, rng: case(i, level="6222021234567890128")),
    "name": ("PERSON_NAME", lambda case, i, rng: case(i, note="居民王秀英反映楼道堆物")),
    "no id": ("ID_MISSING", lambda case, i, rng: case(i, event_id=rng.choice(["", "  "]))),
    "endless id": ("ID_FORMAT", lambda case, i, rng: case(i, event_id=f"{i}" + "a" * rng.randint(65, 900))),
    "same id, other payload": ("ID_CONFLICT", lambda case, i, rng: case(i, event_id=f"c{rng.randrange(100)}", event_type="hazard")),
    "unknown grid": ("GRID_UNKNOWN", lambda case, i, rng: case(i, grid_id=rng.choice(["", "g99", "张家村"]))),
    "closed grid": ("GRID_CLOSED", lambda case, i, rng: case(i, grid_id="old")),
    "unknown type": ("TYPE_UNKNOWN", lambda case, i, rng: case(i, event_type=rng.choice(["", "quarrel", "DISPUTE"]))),
    "unknown category": ("CATEGORY_UNKNOWN", lambda case, i, rng: case(i, category=rng.choice(["", "noise"]))),
    "no time": ("TIME_MISSING", lambda case, i, rng: case(i, **{rng.choice(["occurred_at", "reported_at"]): ""})),
    "2026-13-45": ("TIME_FORMAT", lambda case, i, rng: case(i, occurred_at=f"2026-{rng.randint(13, 99)}-45")),
    "time that happened twice": ("TIME_AMBIGUOUS", lambda case, i, rng: case(i, occurred_at=f"1990-09-16 01:{rng.randint(10, 59)}")),
    "time that never was": ("TIME_NONEXISTENT", lambda case, i, rng: case(i, occurred_at=f"1991-04-14 02:{rng.randint(10, 59)}")),
    "future": ("TIME_FUTURE", lambda case, i, rng: case(i, reported_at=f"20{rng.randint(27, 99)}-01-01")),
    "too old": ("TIME_TOO_OLD", lambda case, i, rng: case(i, occurred_at=f"19{rng.randint(10, 89)}-01-01")),
    "transition before its event": ("TIME_ORDER", lambda case, i, rng: case(i, resolved_at="2026-04-30 08:00")),
    "times out of order": ("TIME_ORDER", lambda case, i, rng: case(i, occurred_at="2026-05-20 09:00", reported_at="2026-05-20 08:00")),
    "negative count": ("NUMBER_NEGATIVE", lambda case, i, rng: case(i, people=str(-rng.randint(1, 99)))),
    "count of 10^12": ("NUMBER_RANGE", lambda case, i, rng: case(i, people=rng.choice(["0", "1000000000000", "9" * 30]))),
}


CELLS: dict[str, tuple[str, dict[str, str]]] = {
    "unknown source": ("SOURCE_UNKNOWN", {"source": "rumour"}),
    "unknown level": ("LEVEL_UNKNOWN", {"level": "planet"}),
    "no number": ("NUMBER_FORMAT", {"people": "many"}),
    "no whole number": ("NUMBER_FORMAT", {"people": "3.5"}),
    "neither yes nor no": ("NUMBER_FORMAT", {"self_found": "maybe"}),
    "no time": ("TIME_FORMAT", {"resolved_at": "see letter"}),
    "closed in the future": ("TIME_FUTURE", {"resolved_at": "2062-05-20"}),
}
"""Cells of optional columns that cost no row."""


@pytest.mark.parametrize("kind", CELLS)
def test_malformed_optional_cell_is_emptied_and_counted(kind: str, take_in: TakeIn, tmp_path: Path, case: Case) -> None:
    code, cells = CELLS[kind]
    lines = [case(1, **cells), *(case(number) for number in range(2, 30))]

    report = take_in(put(tmp_path / "a.csv", "\n".join([HEADER, *lines])))

    assert {(next(iter(cells)), code): 1} == report.emptied
    assert (29, 29, 0) == (report.read, report.accepted, report.quarantined)


@pytest.fixture
def registered(home: Home, tmp_path: Path, take_in: TakeIn, write_cases: Callable[..., Path], case: Case) -> TakeIn:
    """Return an ingest into a home with seven grids and one that was redrawn."""
    grids = tmp_path / "grids.csv"
    names = [f"g{number}" for number in range(7)]
    lines = [f"{name},{name},t1/c1,120.{place},30.{place}" for place, name in enumerate([*names, "old"])]
    grids.write_text("\n".join(["grid_id,name,parent_path,lon,lat", *lines]), encoding="utf-8")
    take_in(write_cases([case(number) for number in range(100)], "first.csv"), grids=grids)
    engine = open_database(database_url(home, LogSettings()))
    store_crosswalk(engine, pl.DataFrame({"old": ["old"], "new": ["g1"], "share": [1.0], "at": [date(2026, 1, 1)]}))
    engine.dispose()
    return take_in


def write_mixture(path: Path, case: Case, seed: int, repeats: int = REPEATS, sound: int = GOOD) -> dict[int, str]:
    """Write good rows with bad ones of every kind strewn in; return the code of each bad row by its number."""
    rng = random.Random(seed)  # noqa: S311 - made-up rows need a seed, not secrecy
    made = [(code, make(case, 100_000 * seed + place, rng)) for place, (code, make) in enumerate(list(ROWS.values()) * repeats)]
    rows = [*made, *(("", case(100_000 * seed + 50_000 + number)) for number in range(sound))]
    rng.shuffle(rows)
    content = [row if isinstance(row, bytes) else row.encode() for _, row in rows]
    path.write_bytes(b"\n".join([HEADER.encode(), *content]))
    return {number: code for number, (code, _) in enumerate(rows, start=1) if code}


def check_accounts(report: IngestReport, expected: dict[int, str]) -> None:
    refused = pl.read_csv(report.refused) if report.refused else pl.DataFrame({"row_number": [], "code": []})

    assert dict(refused.select("row_number", "code").iter_rows()) == expected
    assert report.read == GOOD + len(expected)
    assert report.read == report.accepted + report.duplicate + report.quarantined
    assert report.quarantined == len(expected)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_malformed_rows_are_all_accounted_for(
    seed: int, registered: TakeIn, tmp_path: Path, case: Case, record_property: Callable[[str, object], None]
) -> None:
    expected = write_mixture(tmp_path / "mixture.csv", case, seed)

    record_property("bad rows, each accounted for, in a file", len(expected))
    check_accounts(registered(tmp_path / "mixture.csv"), expected)


def test_malformed_rows_a_reader_that_drops_them_is_caught(
    registered: TakeIn, tmp_path: Path, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = write_mixture(tmp_path / "mixture.csv", case, 4)
    honest = csv_reader.finish

    def skip_bad_lines(batch: RowBatch, most_bytes: int) -> RowBatch:
        kept = honest(batch, most_bytes)
        return RowBatch(kept.numbers, kept.cells)

    monkeypatch.setattr(csv_reader, "finish", skip_bad_lines)

    with pytest.raises(AssertionError):
        check_accounts(registered(tmp_path / "mixture.csv"), expected)


TAKE_IN = """
import resource
import sys
from datetime import datetime, UTC
from pathlib import Path
from features.intake.ingest import IngestRequest, ingest
from features.settings import LogSettings
from features.storage.home import Home
for path in sys.argv[2:]:
    report = ingest(Home(Path(sys.argv[1])), LogSettings(), IngestRequest(Path(path)), datetime(2026, 6, 1, tzinfo=UTC))
    own = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])  # getrusage counts what was there before exec
    peak = own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(report.read, report.accepted, report.duplicate, report.quarantined, peak)
"""


def take_in_apart(home: Home, *files: Path) -> list[list[int]]:
    """Take files in, in a process of its own; return read, accepted, duplicate and quarantined rows, and the peak in MiB, after each."""
    command = [sys.executable, "-c", TAKE_IN, str(home.root), *map(str, files)]
    path = {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | path)
    return [[int(number) for number in line.split()] for line in done.stdout.splitlines()]


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from /proc")
def test_ten_thousand_malformed_rows_take_little_memory_beyond_those_of_one_thousand(
    registered: TakeIn, home: Home, tmp_path: Path, case: Case, record_property: Callable[[str, object], None]
) -> None:
    few, many = tmp_path / "few.csv", tmp_path / "many.csv"
    first, expected = write_mixture(few, case, 5, 32, 3_000), write_mixture(many, case, 6, 313, 30_000)

    (_, *_, before), (read, *outcomes, peak) = take_in_apart(home, few, many)

    size = many.stat().st_size >> 20
    record_property("bad rows, MiB of their file, peak in MiB, and after 1,000 of them", f"{len(expected)}, {size}, {peak}, {before}")
    assert (30_000 + len(expected), len(expected)) == (read, outcomes[-1])
    assert (10_000, 1_000) < (len(expected), len(first))
    assert read == sum(outcomes)
    assert peak - before < MOST_GROWTH_MIB


def good(case: Case, count: int = 40, **cells: str) -> str:
    return "\n".join([HEADER, *(case(number, **cells) for number in range(count)), ""])


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def put_workbook(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/sharedStrings.xml", bytes(workbook_reader.WORKBOOK_BYTES + 1))
    return path


def put_identity_numbers(path: Path, case: Case) -> Path:
    body, weights = "1101051949123", (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    lines = []
    for number in range(40):
        digits = f"{body}1{number:03d}"
        check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11]
        lines.append(case(number, event_id=digits + check))
    return put(path, "\n".join([HEADER, *lines]))


def put_bomb(path: Path) -> Path:
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(HEADER.encode() + b"\n")
        for _ in range(70):
            file.write(bytes(1 << 20))
    return path


def put_entities(path: Path) -> Path:
    laughs = '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]><sst>&lol2;</sst>'
    book = openpyxl.Workbook()
    book.active.append(HEADER.split(","))
    book.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/extra.xml", laughs)
    return path


FILES: dict[str, tuple[str, Callable[[Path, Case], Path]]] = {
    "empty": ("FILE_EMPTY", lambda folder, case: put(folder / "a.csv", "")),
    "only blanks": ("FILE_EMPTY", lambda folder, case: put(folder / "a.csv", "\n\n")),
    "workbook that unpacks to too much": ("FILE_TOO_LARGE", lambda folder, case: put_workbook(folder / "a.xlsx")),
    "gzip that unpacks to too much": ("FILE_TOO_LARGE", lambda folder, case: put_bomb(folder / "a.csv.gz")),
    "workbook with entities of its own": ("FILE_FORMAT", lambda folder, case: put_entities(folder / "a.xlsx")),
    "65 columns": ("FILE_TOO_MANY_COLUMNS", lambda folder, case: put(folder / "a.csv", ",".join(f"c{n}" for n in range(65)))),
    "100,000 columns": ("FILE_TOO_MANY_COLUMNS", lambda folder, case: put(folder / "a.csv", "c," * 100_000)),
    "UTF-16": ("FILE_ENCODING", lambda folder, case: put(folder / "a.csv", good(case).encode("utf-16"))),
    "UTF-16 without a mark": ("FILE_ENCODING", lambda folder, case: put(folder / "a.csv", good(case).encode("utf-16-le"))),
    "ids in scientific notation": ("FILE_CODES_LOST", lambda folder, case: put(folder / "a.csv", good(case, event_id="2.02601E+17"))),
    "gzip cut off": ("FILE_ARCHIVE", lambda folder, case: put(folder / "a.csv.gz", gzip.compress(good(case).encode())[:-20])),
    "no gzip": ("FILE_ARCHIVE", lambda folder, case: put(folder / "a.csv.gz", good(case))),
    "no Parquet": ("FILE_FORMAT", lambda folder, case: put(folder / "a.parquet", good(case))),
    "no workbook": ("FILE_FORMAT", lambda folder, case: put(folder / "a.xlsx", good(case).replace(",", " "))),
    "picture": ("FILE_FORMAT", lambda folder, case: put(folder / "a.png", b"\x89PNG")),
    "column twice": ("FILE_HEADER", lambda folder, case: put(folder / "a.csv", f"{HEADER},people\n")),
    "column missing": ("FILE_HEADER", lambda folder, case: put(folder / "a.csv", good(case).replace("grid_id", "grid", 1))),
    "header with an open quote": ("FILE_HEADER", lambda folder, case: put(folder / "a.csv", '"' + good(case))),
    "column about persons": ("FILE_COLUMN_REFUSED", lambda folder, case: put(folder / "a.csv", good(case).replace("note", "联系电话", 1))),
    "person in the header": (
        "FILE_COLUMN_REFUSED",
        lambda folder, case: put(folder / "a.csv", good(case).replace("note", "13800138000", 1)),
    ),
    "person in the file name": ("FILE_COLUMN_REFUSED", lambda folder, case: put(folder / "13800138000.csv", good(case))),
    "persons in many rows": ("FILE_COLUMN_REFUSED", lambda folder, case: put(folder / "a.csv", good(case, note="13800138000"))),
    "identity numbers as ids": ("FILE_COLUMN_REFUSED", lambda folder, case: put_identity_numbers(folder / "a.csv", case)),
}


@pytest.mark.parametrize("kind", FILES)
def test_malformed_file_is_refused_as_a_whole(kind: str, take_in: TakeIn, tmp_path: Path, case: Case) -> None:
    code, make = FILES[kind]

    with pytest.raises(InputRefusedError) as refused:
        take_in(make(tmp_path, case))

    assert refused.value.code == code
    assert "\n" not in str(refused.value)
    assert "13800138000" not in str(refused.value)


def test_every_code_has_a_generator_and_every_refusal_a_code() -> None:
    assert set(Code) - {Code.FILE_GROUND} == {code for code, _ in (*ROWS.values(), *FILES.values(), *CELLS.values())}
    assert len(ROWS) * REPEATS * 3 >= 1_000


def test_every_code_has_its_sentences() -> None:
    assert all(code.about and code.en.endswith(".") and code.zh.endswith("。") for code in Code)


def test_header_only_is_a_day_without_news(take_in: TakeIn, tmp_path: Path) -> None:
    report = take_in(put(tmp_path / "a.csv", HEADER))

    assert (report.read, report.refused) == (0, None)


def test_workbook_formula_is_refused(take_in: TakeIn, tmp_path: Path, case: Case) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER.split(","))
    book.active.append(case(1).split(","))
    book.active.append(case(2, category="=1+1").split(","))
    book.save(tmp_path / "a.xlsx")

    report = take_in(tmp_path / "a.xlsx")

    assert (report.accepted, report.by_code) == (1, {"CELL_FORMULA": 1})
