"""Source files: how a file in any shape becomes flat cases, written in YAML and read without guessing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

import polars as pl
from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from features.errors import UsageError, suggest
from features.intake.readers.layout import Layout
from features.intake.times import NUMBERS, time_that_reads_twice
from features.schema import CASE_OPTIONAL, CASE_REQUIRED, LEVELS, TRANSITION_COLUMNS, Col, EventType
from features.settings import Section, read_yaml, validate
from features.targets import Bursts, Rule, Target

SOURCES = Path("configs/sources")
"""Source files of one's own, under the folder the command runs in."""
SHIPPED = Path(__file__).parent / "sources"
"""Source files of the package, put there when it is built."""
CHECKOUT = Path(__file__).parents[2] / SOURCES
"""The same in a checkout, from which the package is built."""
CASE_COLUMNS = (*CASE_REQUIRED, *CASE_OPTIONAL, Col.KNOWN_AT)
TIME_COLUMNS = frozenset({Col.OCCURRED_AT, Col.REPORTED_AT, Col.DEADLINE_AT, Col.KNOWN_AT, *TRANSITION_COLUMNS})

FIXED_CODES = {
    Col.EVENT_TYPE: frozenset(kind.value for kind in EventType),
    Col.LEVEL: frozenset(LEVELS),
    Col.SELF_FOUND: frozenset({"true", "false"}),
}
"""Lists that a source cannot extend."""


class Column(Section):
    """Origin of one column of a case: a column of the source, or one value for all rows."""

    source: str | tuple[str, ...] | None = Field(default=None, alias="from")
    """A column of the source, or several whose texts are joined: codes by "-", a date and its time by a blank."""
    value: str | None = None
    digits: int | None = Field(default=None, ge=1, le=18)
    """Keep only the first whole number, padded with zeros to this width: "503.0" becomes "0503"."""
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Code -> texts of the source that mean it; "" stands for an empty cell. Any other text is refused; the codes need no declaring."""
    nothing: tuple[str, ...] | None = None
    """Words that mean an empty cell, in any letter case, in place of the usual ones such as NULL, 无 and -."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.source is None) == (self.value is None):
            raise ValueError("give either `from`, a column of the source, or `value`, one value for all rows")
        if self.source is not None and not all(self.origins):
            raise ValueError("`from` must name columns of the source, found an empty name")
        texts = [text for texts in self.values.values() for text in texts]
        if twice := sorted({text for text in texts if texts.count(text) > 1}):
            raise ValueError(f"{twice[0]!r} must stand under one code only")
        return self

    @property
    def origins(self) -> tuple[str, ...]:
        """The columns of the source that fill it."""
        return () if self.source is None else (self.source,) if isinstance(self.source, str) else self.source


def _accept_name(value: object) -> object:
    return {"from": value} if isinstance(value, (str, list)) else value


def _accept_one(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _case_column(name: str) -> str:
    if name not in CASE_COLUMNS:
        raise ValueError(f"a case has no such column; {suggest(name, CASE_COLUMNS)}")
    return name


def _time_format(pattern: str) -> str:
    if pattern in NUMBERS:
        return pattern
    sample = datetime(2001, 2, 3, tzinfo=UTC)
    try:
        again = pl.Series([sample]).dt.strftime(pattern).str.to_datetime(pattern, strict=False).dt.date()
    except pl.exceptions.PolarsError:
        again = pl.Series([None], dtype=pl.Date)
    if again.item() != sample.date():
        raise ValueError(
            f"a time format must name at least year, month and day, such as %m/%d/%Y %I:%M:%S %p, or be one of {', '.join(NUMBERS)}"
        )
    return pattern


def _check_time(name: str, column: Column) -> None:
    if len(column.origins) > 1 and name not in (Col.EVENT_ID, Col.GRID_ID, *TIME_COLUMNS):
        raise ValueError(f"{name} is filled from one column; only ids, grids and times may join several")
    if name in TIME_COLUMNS and (column.source is None or column.values or column.digits):
        raise ValueError(f"{name} is a time: it takes `from` only; time formats stand under `formats`")


def _check_codes(name: str, column: Column) -> None:
    given = {*column.values} | ({column.value} if column.value else set())
    if unknown := sorted(given - FIXED_CODES.get(name, given)):
        raise ValueError(f"{name} must lead to one of {', '.join(sorted(FIXED_CODES[name]))}, found {unknown[0]!r}")


OneColumn = Annotated[Column, BeforeValidator(_accept_name)]


class Query(Section):
    """A SQL query as the input, in place of a file; `$NAME` in the address is taken from the environment."""

    url: str
    query: str


class SourceFile(Section):
    """Rules for reading one source. Naive times are in `zone`, else in the zone of the settings."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    id_space: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,62}$")
    """Sources that number the same cases, such as the hotlines of several departments, name the same; its own name by default."""
    zone: str | None = None
    encoding: Literal["utf-8", "gb18030"] | None = None
    """Found out where it is not stated, as are the next three."""
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    sheets: Annotated[tuple[str, ...], BeforeValidator(_accept_one)] = ()
    """Of a workbook; without them every visible sheet that has the needed columns is read."""
    header_row: int | None = Field(default=None, ge=1, le=1000)
    """The row of the names, the first of the file or sheet being 1."""
    sql: Query | None = None
    formats: tuple[Annotated[str, AfterValidator(_time_format)], ...] = ()
    """Time formats tried before ISO 8601, in this order; `excel`, `epoch_seconds` and `epoch_milliseconds` for times written as numbers."""
    columns: dict[Annotated[str, AfterValidator(_case_column)], OneColumn]
    parents: tuple[OneColumn, ...] = ()
    """Levels above a grid, from the top: the path of a grid that no grid file describes."""
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    bursts: Bursts = "join"
    """join: reports of one cause (same grid and category, same day or the next) are one case; apart: each record is a matter of its own."""
    shared_with: tuple[str, ...] = ()
    """Sources that send the same events under ids of their own: same grid, category, day and term are one event."""
    derived: tuple[Rule, ...] = ()
    targets: dict[str, Target] = Field(default_factory=dict)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError("zone must be an IANA name such as Asia/Shanghai")
        return zone

    @field_validator("formats")
    @classmethod
    def _one_meaning(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        if twice := time_that_reads_twice(formats):
            one, other, text = twice
            raise ValueError(f"{one} and {other} read {text!r} as two different moments; keep the one that this source is written in")
        return formats

    @field_validator("columns")
    @classmethod
    def _whole_case(cls, columns: dict[str, Column]) -> dict[str, Column]:
        if missing := [name for name in CASE_REQUIRED if name not in columns]:
            raise ValueError(f"a case also needs {', '.join(missing)}")
        for name, column in columns.items():
            _check_time(name, column)
            _check_codes(name, column)
        return columns

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that the source must have, in the order they are named."""
        return tuple(dict.fromkeys(name for column in (*self.columns.values(), *self.parents) for name in column.origins))

    @property
    def required(self) -> tuple[str, ...]:
        """Columns of the source that every case fills."""
        return tuple(dict.fromkeys(name for column in CASE_REQUIRED for name in self.columns[column].origins))

    @property
    def code_columns(self) -> tuple[str, ...]:
        """Columns of the source that hold codes of grids and of what lies above them."""
        named = (self.columns[Col.GRID_ID], *self.parents)
        return tuple(dict.fromkeys(name for column in named for name in column.origins))

    @property
    def layout(self) -> Layout:
        """Layout that is stated of the file, with the columns its header must have."""
        return Layout(self.encoding, self.separator, self.sheets, self.header_row, (self.needed,))

    def field(self, name: str) -> str:
        """Return what a column of a case is called where it comes from."""
        return " + ".join(self.columns[name].origins) or name

    @property
    def times(self) -> dict[str, Column]:
        """Time columns of a case that are filled, and how."""
        return {name: column for name, column in self.columns.items() if name in TIME_COLUMNS}


def flat_source(header: tuple[str, ...]) -> SourceFile:
    """Describe a flat case file: its columns carry their own names, and the optional ones may be left out."""
    present = [name for name in CASE_COLUMNS if name in CASE_REQUIRED or name in header]
    return SourceFile(name="cases", columns={name: Column(**{"from": name}) for name in present})


def source_files(folders: Sequence[Path] = (SOURCES, SHIPPED, CHECKOUT)) -> dict[str, Path]:
    """Return name -> path of the source files in some folders; the first folder that has a name counts."""
    return {path.stem: path for folder in reversed(folders) for path in sorted(folder.rglob("*.yaml"))}


def find_source(name: str, folders: Sequence[Path] = (SOURCES, SHIPPED, CHECKOUT)) -> SourceFile:
    """Read a source file by its name in one of the folders, or by its path.

    Raises:
        UsageError: there is none, or a key or value of it does not fit.
    """
    known = source_files(folders)
    path = Path(name) if name.endswith((".yaml", ".yml")) else known.get(name)
    if path is None or not path.is_file():
        raise UsageError(f"--source must be the path of a source file or a name in {SOURCES}, got {name!r}; {suggest(name, known)}")
    return validate(SourceFile, read_yaml(path), str(path))
