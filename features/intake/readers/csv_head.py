"""The first lines of a CSV file: its encoding, its separator and its header, stated or found out."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from features.display import Remark
from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.batches import MAX_COLUMNS, name_columns, unnamed_column
from features.intake.readers.layout import HEAD_ROWS, Layout, find_header, likely_header

SEPARATORS = (",", ";", "\t", "，", "；", "|")
SAMPLE_BYTES = 1 << 18
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_NAMES_OF_SEPARATORS = {
    ",": Remark("commas", zh="逗号"),
    ";": Remark("semicolons", zh="分号"),
    "\t": Remark("tabs", zh="制表符"),
    "，": Remark("full-width commas", zh="全角逗号"),
    "；": Remark("full-width semicolons", zh="全角分号"),
}


@dataclass(frozen=True)
class CsvHead:
    """Dialect and header found in a CSV file."""

    encoding: str
    separator: str
    names: tuple[str, ...]
    """All columns, those without a name too."""
    width: int
    """Columns up to the last that has a name: a row may end after them."""
    lines: int
    """Lines down to the header, which is the last of them."""
    remarks: tuple[Remark, ...]


def find_encoding(binary: BinaryIO) -> str:
    """Return utf-8, or gb18030 where only that can be; a few damaged bytes make no other encoding."""
    sample = binary.read(SAMPLE_BYTES)
    whole = len(sample) < SAMPLE_BYTES
    return next((name for name in ("utf-8", "gb18030") if _decodes(sample, name, final=whole)), "utf-8")


def _decodes(sample: bytes, encoding: str, *, final: bool) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample, final)
    except UnicodeDecodeError:
        return False
    return True


def read_head(lines: Iterator[str], layout: Layout, encoding: str, where: str) -> CsvHead:
    """Find the header among the first lines.

    Raises:
        InputRefusedError: there is none, or its names cannot be used.
    """
    csv.field_size_limit(SAMPLE_BYTES)  # reading rows sets a smaller one for the whole process
    head = [line.rstrip("\r\n") for _, line in zip(range(max(HEAD_ROWS, layout.header_row or 0)), lines, strict=False)]
    if not any(line.strip("\ufeff \t") for line in head):
        raise InputRefusedError(Code.FILE_EMPTY, f"{where} must begin with a header, found nothing. Check the export.")
    head[0] = head[0].removeprefix("\ufeff")
    declared = _SEPARATOR_LINE.fullmatch(head[0])
    if declared:
        head[0] = ""
    separator = layout.separator or (declared and declared[1]) or _find_separator(head, layout)
    rows = [_split(line, separator) for line in head]
    place = find_header(rows, layout)
    place = likely_header(rows) if place is None else place
    try:
        names = next(csv.reader([head[place]], delimiter=separator, strict=True), [])
    except csv.Error as error:
        raise InputRefusedError(Code.FILE_HEADER, f"{where} must have a header on one line, found a quotation mark left open.") from error
    columns = name_columns(names, layout, where)
    full = (*columns, *(unnamed_column(column) for column in range(len(columns) + 1, min(len(names), MAX_COLUMNS) + 1)))
    above = sum(any(cell.strip() for cell in row) for row in rows[:place])
    return CsvHead(encoding, separator, full, len(columns), place + 1, tuple(_remarks(encoding, separator, place, above)))


def _find_separator(head: Sequence[str], layout: Layout) -> str:
    """Return the separator under which a line holds the needed columns, else the one that parts the likely header most."""
    if layout.needed and layout.header_row is None:
        for separator in SEPARATORS:
            if find_header([_split(line, separator) for line in head], layout) is not None:
                return separator
    if layout.guess:
        filled = [line for line in head if line.strip()]
        return max(SEPARATORS, key=lambda separator: _usual_and_most(separator, filled))
    first = find_header([[line] for line in head], replace(layout, needed=()))
    lines = head if layout.needed or first is None else [head[first]]
    return max(SEPARATORS, key=lambda separator: max(line.count(separator) for line in lines))


def _usual_and_most(separator: str, lines: Sequence[str]) -> tuple[int, int]:
    """Count a separator in most lines and in the richest one: a free text full of commas is one line among many."""
    counts = sorted(line.count(separator) for line in lines)
    return counts[len(counts) // 2], counts[-1]


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _remarks(encoding: str, separator: str, place: int, above: int) -> Iterator[Remark]:
    if encoding != "utf-8":
        yield Remark(f"The text is read as {encoding.upper()}.", zh=f"文本按{encoding.upper()}编码读取。")
    if separator != ",":
        called = _NAMES_OF_SEPARATORS.get(separator, Remark(repr(separator), zh=f"“{separator}”"))
        yield Remark(f"The cells are parted by {called}.", zh=f"单元格以{called.zh}分隔。")
    if above:
        yield Remark(
            f"The header is in line {place + 1}; {above} lines with text above it are not read.",
            zh=f"表头在第{place + 1}行，其上{above}行文字未读取。",
        )
