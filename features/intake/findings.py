"""Findings about a file that was looked at before anything of it is taken in."""

from dataclasses import dataclass
from pathlib import Path

from features.intake.column_meanings import meaning_by_name
from features.intake.quarantine import Code
from features.intake.readers.layout import repeated_names
from features.intake.time_formats import TimeFormats
from features.remark import Remark
from features.schema import CASE_REQUIRED, Col

STANDS_IN = {Col.OCCURRED_AT: Col.REPORTED_AT, Col.REPORTED_AT: Col.OCCURRED_AT}


@dataclass(frozen=True)
class SheetFinding:
    """A sheet of a workbook: whether it is read, and why not."""

    name: str
    header_row: int | None
    read: bool
    reason: str = ""


@dataclass(frozen=True)
class CodeCount:
    """A text of a column with a closed list; `code` is the project's own code it means, None where it means none."""

    text: str
    rows: int
    code: str | None


@dataclass(frozen=True)
class ColumnFinding:
    """Findings about one column; no value is kept but codes that stand in several rows and speak of no person."""

    name: str
    meaning: str | None
    by: str
    """name or content; empty where nothing is known."""
    filled: int
    distinct: int
    times: TimeFormats | None
    codes: tuple[CodeCount, ...]
    other_codes: int
    """Rows whose text is not shown: it stands once, is long, or may speak of a person."""
    persons: dict[Code, int]
    """Rows per class."""
    announces_persons: bool
    lost_digits: int


@dataclass(frozen=True)
class Inspection:
    """Contents of a file."""

    path: Path
    format: str
    encoding: str | None
    separator: str | None
    header_row: int | None
    """Counted from 1; None for formats that have none."""
    sheets: tuple[SheetFinding, ...]
    rows: int
    broken: int
    no_cases: int
    """Rows beside these that are totals, notes or the header once more."""
    whole: bool
    """Whether all rows were looked at."""
    columns: tuple[ColumnFinding, ...]
    repeated_ids: int
    """Rows that bear the id of an earlier one, those that repeat it whole included."""
    repeated_rows: int
    remarks: tuple[Remark, ...]

    def filling(self, meaning: str) -> ColumnFinding | None:
        """Return the column that is likely to fill a column of a case."""
        return next((column for column in self.columns if column.meaning == meaning), None)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the columns that a case needs and none fills; one of the two times stands in for the other."""
        return tuple(name for name in CASE_REQUIRED if not self.filling(name) and not self.stand_in(name))

    def stand_in(self, meaning: str) -> ColumnFinding | None:
        """Return the column of the other of the two times of a case, where the file has no column for this one."""
        if meaning not in STANDS_IN or self.contenders(meaning):
            return None
        return self.filling(STANDS_IN[meaning])

    def contenders(self, meaning: str) -> tuple[str, ...]:
        """Return the columns that share a name which speaks of a column of a case: which of them is meant, a person has to say."""
        repeated = repeated_names([column.name for column in self.columns])
        return tuple(name for name in repeated if meaning_by_name(name) == meaning)
