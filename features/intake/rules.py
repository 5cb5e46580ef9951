"""Row rules: the conditions that rows of a file have to meet, gathered once per file."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from features.intake.quarantine import Code
from features.intake.source_file import Column, SourceFile
from features.schema import DISPUTE_CATEGORIES, LEVELS, REPORT_SOURCES, Col, EventType
from features.settings import Settings

FUTURE = timedelta(hours=24)
"""Longest lead of a sender's clock."""

YES = ("true", "t", "yes", "y", "1", "on", "是", "有", "对", "真", "√", "✓", "✔", "☑", "是的")
NO = ("false", "f", "no", "n", "0", "off", "否", "无", "错", "假", "×", "✗", "✘", "x", "不是", "没有")
YES_OR_NO = {**dict.fromkeys(YES, "true"), **dict.fromkeys(NO, "false")}
"""Words for yes and no, in lower case."""

CODE_COLUMNS = {
    Col.EVENT_TYPE: Code.TYPE_UNKNOWN,
    Col.CATEGORY: Code.CATEGORY_UNKNOWN,
    Col.SOURCE: Code.SOURCE_UNKNOWN,
    Col.LEVEL: Code.LEVEL_UNKNOWN,
    Col.SELF_FOUND: Code.NUMBER_FORMAT,
}
"""Columns that hold a code of a closed list, and what is said of any other text."""


@dataclass(frozen=True)
class RowRules:
    """The terms of one file; both readings of it use the same."""

    source: SourceFile
    zone: str
    now: datetime
    codes: Mapping[str, Mapping[str, str]]
    """Per code column that is mapped: text of the source -> code."""
    grids: pl.DataFrame | None
    """grid_id of the registered grids and the day each was redrawn, if it was; None where grids are taken from the events."""
    vouched: frozenset[str] = frozenset()
    """Codes that only look like numbers of cards: as many pass their check as chance lets through."""

    def declared(self, name: str) -> Mapping[str, str]:
        """Return text -> code of a column with a closed list; empty for other columns."""
        return self.codes.get(name, {})

    @property
    def today(self) -> date:
        """The day identity numbers are judged by."""
        return self.now.date()

    @property
    def latest(self) -> datetime:
        """The last moment at which anything can have happened."""
        return self.now + FUTURE


def set_terms(source: SourceFile, settings: Settings, grids: pl.DataFrame | None, now: datetime) -> RowRules:
    """Gather the closed lists of the project, the settings and the source file."""
    lists: dict[str, tuple[str, ...]] = {
        Col.EVENT_TYPE: tuple(kind.value for kind in EventType),
        Col.CATEGORY: (*DISPUTE_CATEGORIES, *settings.categories, *source.categories),
        Col.SOURCE: (*REPORT_SOURCES, *settings.sources, *source.sources),
        Col.LEVEL: LEVELS,
    }
    own = {name: {code: code for code in codes} for name, codes in lists.items()} | {Col.SELF_FOUND: YES_OR_NO}
    codes = {name: _table(source.columns[name], own[name]) for name in CODE_COLUMNS if name in source.columns}
    return RowRules(source, source.zone or settings.zone, now, codes, grids)


def _table(column: Column, own: Mapping[str, str]) -> Mapping[str, str]:
    """Return text -> code: what the column declares where it declares anything, else the closed list itself."""
    if column.value is not None:
        return {column.value: column.value}
    return {normal(text): code for code, texts in column.values.items() for text in texts} or own


def normal(text: str) -> str:
    """Write a text as cells are compared: half-width, without surrounding blanks."""
    return unicodedata.normalize("NFKC", text.strip())
