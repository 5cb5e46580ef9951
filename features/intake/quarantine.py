"""Quarantine: the closed list of reasons for refusing a row or a file, and the report that names rows but never shows them."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

import polars as pl


class Code(StrEnum):
    """A reason for refusal: what it speaks of, and a sentence in English and Chinese.

    Codes are kept for as long as the log; one is never renamed or used for something else.
    """

    about: str
    en: str
    zh: str

    def __new__(cls, code: str, about: str, en: str, zh: str) -> Self:
        """Make a member that is its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.about, member.en, member.zh = about, en, zh
        return member

    FILE_EMPTY = "FILE_EMPTY", "file", "The file holds nothing.", "文件是空的。"
    FILE_TOO_LARGE = "FILE_TOO_LARGE", "file", "The file is larger than the limit, or unpacks to more.", "文件或其解压后的大小超过上限。"
    FILE_TOO_MANY_COLUMNS = "FILE_TOO_MANY_COLUMNS", "file", "The header has more columns than the limit.", "表头列数超过上限。"
    FILE_ENCODING = "FILE_ENCODING", "file", "The text is not in the stated encoding.", "文本与声明的编码不符。"
    FILE_ARCHIVE = "FILE_ARCHIVE", "file", "The compressed file is damaged or holds no table.", "压缩文件已损坏，或其中不是表格。"
    FILE_FORMAT = (
        "FILE_FORMAT",
        "file",
        "The file is none of the formats that can be read: save it as .xlsx.",
        "文件不是可读取的格式，请用Excel或WPS另存为.xlsx。",
    )
    FILE_HEADER = "FILE_HEADER", "file", "A needed column is missing, or a name stands twice.", "缺少所需的列，或列名重复。"
    FILE_CODES_LOST = "FILE_CODES_LOST", "file", "Codes went through a number and lost their last digits.", "编码曾被当作数字，末位已丢失。"
    FILE_GROUND = "FILE_GROUND", "file", "Grids lie where none can lie, or name impossible areas.", "网格位置或上级路径不可能成立。"
    FILE_COLUMN_REFUSED = "FILE_COLUMN_REFUSED", "file", "The file identifies persons.", "文件含有可识别个人的信息。"

    ROW_TOO_SHORT = "ROW_TOO_SHORT", "row", "The row has fewer cells than the header.", "单元格数少于表头。"
    ROW_TOO_LONG = "ROW_TOO_LONG", "row", "The row has more cells than the header.", "单元格数多于表头。"
    ROW_QUOTE = "ROW_QUOTE", "row", "A quotation mark is left open or stands in the wrong place.", "引号未闭合或位置有误。"
    CELL_TOO_LONG = "CELL_TOO_LONG", "cell", "A cell is longer than 8 KiB.", "单元格超过 8 KiB。"
    CELL_ENCODING = "CELL_ENCODING", "cell", "A cell holds bytes that are no text in the encoding.", "单元格含有无法按声明编码读取的字节。"
    CELL_NUL = "CELL_NUL", "cell", "A cell holds a NUL character.", "单元格含有空字符。"
    CELL_FORMULA = "CELL_FORMULA", "cell", "A cell holds a formula instead of a value.", "单元格是公式而不是值。"

    PERSON_ID_NUMBER = "PERSON_ID_NUMBER", "cell", "A cell may hold a number that identifies a person.", "单元格疑似含有身份证件号码。"
    PERSON_PHONE = "PERSON_PHONE", "cell", "A cell may hold a telephone number.", "单元格疑似含有电话号码。"
    PERSON_NAME = "PERSON_NAME", "cell", "A cell may name a person.", "单元格疑似含有姓名。"
    PERSON_ACCOUNT = (
        "PERSON_ACCOUNT",
        "cell",
        "A cell may hold an account, a position, an address or a plate.",
        "单元格疑似含有个人账号、位置、住址或车牌。",
    )

    ID_MISSING = "ID_MISSING", "event_id", "The case has no id.", "缺少事件编号。"
    ID_FORMAT = "ID_FORMAT", "event_id", "The id of the case is longer than 64 characters.", "事件编号超过 64 个字符。"
    ID_CONFLICT = "ID_CONFLICT", "event_id", "The id is known with another type or time.", "同一编号已有不同的类型或时间。"
    GRID_UNKNOWN = "GRID_UNKNOWN", "grid_id", "The grid is missing, not in the grid table, or not a code.", "网格缺失、未登记或不是编码。"
    GRID_CLOSED = "GRID_CLOSED", "grid_id", "The grid had been closed when this happened.", "事件发生时该网格已撤销。"
    TYPE_UNKNOWN = "TYPE_UNKNOWN", "event_type", "The type is not in the closed list.", "事件类型不在代码表中。"
    CATEGORY_UNKNOWN = "CATEGORY_UNKNOWN", "category", "The category is not in the closed list.", "类别不在代码表中。"
    SOURCE_UNKNOWN = "SOURCE_UNKNOWN", "source", "The source is not in the closed list.", "来源不在代码表中。"
    LEVEL_UNKNOWN = "LEVEL_UNKNOWN", "level", "The level is not in the closed list.", "层级不在代码表中。"

    TIME_MISSING = "TIME_MISSING", "time", "A needed time is empty.", "缺少必填时间。"
    TIME_FORMAT = "TIME_FORMAT", "time", "A time cannot be read in the stated formats.", "时间格式无法识别。"
    TIME_AMBIGUOUS = "TIME_AMBIGUOUS", "time", "A local time happened twice when the clocks went back.", "时钟回拨，该地方时出现两次。"
    TIME_NONEXISTENT = "TIME_NONEXISTENT", "time", "A local time never happened: the clocks went forward.", "时钟拨快，该地方时不存在。"
    TIME_FUTURE = "TIME_FUTURE", "time", "A time is more than 24 hours in the future.", "时间晚于当前 24 小时以上。"
    TIME_TOO_OLD = "TIME_TOO_OLD", "time", "A time is before 1990.", "时间早于 1990 年。"
    TIME_ORDER = "TIME_ORDER", "time", "A time is before what it has to follow.", "时间先后顺序有误。"
    NUMBER_FORMAT = "NUMBER_FORMAT", "number", "A number, or a yes or no, cannot be read.", "数字或是否值无法识别。"
    NUMBER_NEGATIVE = "NUMBER_NEGATIVE", "number", "A count is negative.", "数量为负。"
    NUMBER_RANGE = "NUMBER_RANGE", "number", "A count is zero or beyond all reason.", "数量为零或超出合理范围。"


@dataclass(frozen=True)
class Refusal:
    """One refused row: where it stood (1 is the first row below the header), and why."""

    row_number: int
    field: str
    code: Code
    row_hash: str
    """Keyed hash of the row, so that the sender's copy can be matched without keeping its text."""
    place: str = ""
    """Place in a workbook, such as 2月!18."""


def write_report(path: Path, refusals: Iterable[Refusal]) -> None:
    """Append refusals to a CSV that any spreadsheet opens."""
    first = not path.exists()
    with path.open("a", encoding="utf-8-sig" if first else "utf-8", newline="") as file:
        writer = csv.writer(file)
        if first:
            writer.writerow(("row_number", "field", "code", "sentence", "说明", "place"))
        writer.writerows((one.row_number, one.field, one.code, one.code.en, one.code.zh, one.place) for one in refusals)


Reason = tuple[str, Code]
"""Field and code."""


class RowErrors:
    """Reasons against rows of one batch; of several against the same row the first one found stays."""

    def __init__(self, rows: int) -> None:
        self._found: list[Reason] = []
        self._index = pl.repeat(None, rows, dtype=pl.Int16, eager=True)
        self._emptied: list[tuple[Reason, pl.Series]] = []
        self.seen: Counter[tuple[str, Code, str]] = Counter()
        """Contents of cells that no code list or time format could read: field, code, value or its pattern."""

    def add(self, field: str, code: Code, rows: pl.Series) -> None:
        """Refuse the rows that are true; null counts as false."""
        if rows.any():
            self._index = self._index.set(rows.fill_null(False) & self._index.is_null(), len(self._found))
            self._found.append((field, code))

    def add_codes(self, field: str, codes: pl.Series) -> None:
        """Refuse the rows that have a code."""
        for code in codes.drop_nulls().unique().sort():
            self.add(field, Code[code], codes == code)

    def empty_codes(self, field: str, codes: pl.Series) -> None:
        """Note the cells of an optional column that have a code: they are emptied, and their rows are kept."""
        self._emptied += [((field, Code[code]), codes == code) for code in codes.drop_nulls().unique().sort()]

    def look(self, field: str, code: Code, texts: pl.Series) -> None:
        """Note what cells held that could not be read, so that one look tells what to map."""
        counted = texts.drop_nulls().value_counts(name="rows")
        self.seen.update({(field, code, text): rows for text, rows in counted.iter_rows()})

    @property
    def emptied(self) -> Counter[Reason]:
        """Number of emptied cells in rows that are kept, by field and code."""
        return Counter({reason: int((cells.fill_null(value=False) & ~self.rows).sum()) for reason, cells in self._emptied})

    @property
    def rows(self) -> pl.Series:
        """True for each refused row."""
        return self._index.is_not_null()

    @property
    def reasons(self) -> list[Reason]:
        """The reason against each refused row, in their order."""
        return [self._found[place] for place in self._index.drop_nulls()]
