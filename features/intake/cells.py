"""Cells of a batch, cleaned and read: text for codes, moments for times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from features.intake.quarantine import Code
from features.intake.readers.batches import RowBatch
from features.intake.rules import RowRules
from features.intake.source_file import Column
from features.schema import Col

INSTANT = pl.Datetime("us", "UTC")
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
ISO_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
)


def parse_times(text: pl.Series, formats: tuple[str, ...], zone: str, latest: datetime | None) -> tuple[pl.Series, pl.Series]:
    """Read times in the given formats, then in ISO 8601; a naive one is in `zone`, a bare date is its midnight.

    A time after `latest` is refused; None lets deadlines lie in the future.

    Returns: moments in UTC, and the code of each cell that was refused; both are null where the text is null.
    """
    moments = pl.repeat(None, len(text), dtype=INSTANT, eager=True)
    codes = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    for pattern in (*formats, *_likeliest_first(text)):
        left = text.is_not_null() & moments.is_null() & codes.is_null()
        if not left.any():
            break
        stamps = text.set(~left, None).str.to_datetime(pattern, strict=False, time_unit="us")
        found, faults = _localise(stamps, zone)
        moments = moments.fill_null(found)
        codes = codes.fill_null(faults)
    codes = codes.set(text.is_not_null() & moments.is_null() & codes.is_null(), Code.TIME_FORMAT)
    codes = codes.set((moments < OLDEST).fill_null(False), Code.TIME_TOO_OLD)
    if latest is not None:
        codes = codes.set((moments > latest).fill_null(False), Code.TIME_FUTURE)
    return moments, codes


def _likeliest_first(text: pl.Series) -> list[str]:
    """Put the ISO format of the first time before the others: no text fits two of them, and a column is mostly written in one."""
    first = text.drop_nulls().head(1)
    return sorted(ISO_FORMATS, key=lambda pattern: first.str.to_datetime(pattern, strict=False).has_nulls())


def _localise(stamps: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Turn stamps into UTC; local times that happened twice or never become null and get a code."""
    none = pl.repeat(None, len(stamps), dtype=pl.String, eager=True)
    if stamps.dtype == INSTANT:
        return stamps, none
    local = stamps.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    lost = local.is_null() & stamps.is_not_null()
    if lost.any():
        earliest = stamps.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        none = none.set(lost & earliest.is_not_null(), Code.TIME_AMBIGUOUS).set(lost & earliest.is_null(), Code.TIME_NONEXISTENT)
    return local.dt.convert_time_zone("UTC"), none


@dataclass(frozen=True)
class Cells:
    """One batch as both readings of a file see it; every Series has one value per usable row."""

    terms: RowRules
    frame: pl.DataFrame
    """Without surrounding blanks, null where empty; full-width characters are half-width in the columns that are mapped."""
    moments: Mapping[str, tuple[pl.Series, pl.Series]]
    """Per time column of a case: moments in UTC, and codes of the cells that were refused."""
    normalised: int
    """Number of cells that held full-width characters."""

    def text(self, column: Column) -> pl.Series:
        """Return what a column of the source file names, before its value map; null where empty."""
        if column.source is None:
            return pl.repeat(column.value, self.frame.height, dtype=pl.String, eager=True)
        text = self.frame[column.source]
        return text.str.extract(r"(\d+)").str.zfill(column.digits) if column.digits else text


def read_cells(batch: RowBatch, terms: RowRules) -> Cells:
    """Clean the cells of a batch and parse its times."""
    bare = batch.cells.select(pl.all().str.strip_chars())
    frame = bare.select(pl.when(pl.all() != "").then(pl.all()))
    frame, normalised = _to_half_width(frame, terms.source.needed)
    return Cells(terms, frame, _parse_times(frame, terms), normalised)


def _to_half_width(frame: pl.DataFrame, names: tuple[str, ...]) -> tuple[pl.DataFrame, int]:
    lengths = frame.select(pl.col(names).str.len_bytes().sum() > pl.col(names).str.len_chars().sum())
    wide = [name for name in names if lengths[name].item()]
    if not wide:
        return frame, 0
    halved = frame.with_columns(pl.col(wide).str.normalize("NFKC").str.strip_chars())
    changed = sum(int((halved[name] != frame[name]).sum()) for name in wide)
    return halved, changed


def _parse_times(frame: pl.DataFrame, terms: RowRules) -> dict[str, tuple[pl.Series, pl.Series]]:
    """Parse each time column once, even where two columns of a case are filled from it."""
    parsed: dict[tuple[str, bool], tuple[pl.Series, pl.Series]] = {}
    moments = {}
    for name, source in terms.source.times.items():
        open_ended = name == Col.DEADLINE_AT
        if (source, open_ended) not in parsed:
            latest = None if open_ended else terms.latest
            parsed[source, open_ended] = parse_times(frame[source], terms.source.formats, terms.zone, latest)
        moments[name] = parsed[source, open_ended]
    return moments
