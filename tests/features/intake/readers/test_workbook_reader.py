"""A workbook of hundreds of thousands of rows is read in bounded memory."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from features.errors import InputRefusedError
from features.intake.readers import workbook_reader
from features.intake.readers.layout import Layout
from features.intake.readers.workbook_reader import workbook_input

ROWS = 300_000
MOST_MIB = 400
HEADER = ("event_id", "grid_id", "event_type", "category", "occurred_at", "reported_at", "note")
LAYOUT = Layout(needed=(HEADER[:6],))
SHARED_PART = (
    b'<Override PartName="/xl/sharedStrings.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
READ = """
import json, sys
from pathlib import Path
from features.intake.readers.layout import Layout
from features.intake.readers.workbook_reader import workbook_input
peak = lambda: int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) >> 10
before = peak()
rows = sum(batch.read for batch in workbook_input(Path(sys.argv[1]), Layout(needed=(("event_id", "grid_id"),))).batches())
print(json.dumps({"rows": rows, "mib": peak() - before}))
"""


def write_workbook(path: Path, rows: int) -> Path:
    """Write a ledger whose ids and notes are shared texts of which no two are alike."""
    small = path.with_name("small.xlsx")
    openpyxl.Workbook().save(small)
    with zipfile.ZipFile(small) as model, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for member in model.infolist():
            if member.filename not in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
                archive.writestr(member.filename, model.read(member).replace(b"</Types>", SHARED_PART + b"</Types>"))
        space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        with archive.open("xl/sharedStrings.xml", "w") as strings:
            strings.write(f"<sst {space}>".encode())
            strings.writelines(f"<si><t>{text}</t></si>".encode() for text in _texts(rows))
            strings.write(b"</sst>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f"<worksheet {space}><sheetData>".encode())
            sheet.write(_row("".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in HEADER)))
            sheet.writelines(_row(_cells(number)) for number in range(rows))
            sheet.write(b"</sheetData></worksheet>")
    return path


def _texts(rows: int) -> Iterator[str]:
    yield from ("G001", "dispute", "neighbor", "2026-01-05 08:00", "2026-01-05 09:00")
    for number in range(rows):
        yield f"E{number:07d}"
        yield f"第{number}件，双方已在网格内协商，三日后回访"


def _cells(number: int) -> str:
    places = (5 + 2 * number, 0, 1, 2, 3, 4, 6 + 2 * number)
    return "".join(f'<c t="s"><v>{place}</v></c>' for place in places)


def _row(cells: str) -> bytes:
    return f"<row>{cells}</row>".encode()


@pytest.mark.full
def test_workbook_of_many_rows_is_read_in_bounded_memory(tmp_path: Path, record_property) -> None:
    path = write_workbook(tmp_path / "ledger.xlsx", ROWS)

    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)

    measured = json.loads(done.stdout)
    record_property("rows of a workbook, and MiB its reading took", f"{measured['rows']:,}, {measured['mib']}")
    assert measured["rows"] == ROWS
    assert measured["mib"] < MOST_MIB


def test_workbook_with_too_many_shared_texts_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_workbook(tmp_path / "ledger.xlsx", 200)
    monkeypatch.setattr(workbook_reader, "SHARED_BYTES", 16 * 1024)

    with pytest.raises(InputRefusedError, match=r"texts of .* may take .* Save it as CSV") as refusal:
        workbook_input(path, LAYOUT)

    assert refusal.value.code == "FILE_TOO_LARGE"


def test_workbook_with_shared_texts_within_the_limit_is_read(tmp_path: Path) -> None:
    rows = workbook_input(write_workbook(tmp_path / "ledger.xlsx", 200), LAYOUT)

    assert [200] == [batch.read for batch in rows.batches()]
