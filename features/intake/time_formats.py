"""Find out how the times of a column are written, and under which formats one text would be two moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from features.intake.times import (
    EPOCH_MILLISECONDS,
    EPOCH_SECONDS,
    EXCEL,
    ISO_FORMATS,
    OLDEST,
    YEAR_FIRST_FORMATS,
    empty_times,
    parse_times,
    read_format,
    time_that_reads_twice,
    write_plainly,
)

MOST_SHARE = 0.95
"""Share of the cells that must be times for a column to hold times."""
NAMED_SHARE = 0.5
"""The same where the name of the column speaks of a time: totals and repeated headers are unread cells of it."""
LEAST_SERIAL, MOST_SERIAL = 20_000, 80_000
"""Days that spreadsheets count for 1954 to 2119."""
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DAY_AND_MONTH = tuple(order.replace("/", between) + clock for order in ("%m/%d/%Y", "%d/%m/%Y") for between in "/-." for clock in CLOCKS)
_YEAR_FIRST = tuple(pattern for pattern in (*ISO_FORMATS, *YEAR_FIRST_FORMATS) if "%#z" not in pattern)
SHORT_YEARS = tuple(pattern.replace("%Y", "%y") for pattern in (*_YEAR_FIRST, *DAY_AND_MONTH))
"""The same and the usual ones with years of two digits, which are 1970 to 2069."""
LOOKS_SHORT = r"^\d{1,2}[-/.年]\d{1,2}[-/.月]\d{1,2}(?:\D|$)"
DIGITS_ONLY = ("%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S")
_AHEAD = datetime(2070, 1, 1, tzinfo=UTC)
NUMBERS = {EXCEL: (LEAST_SERIAL, MOST_SERIAL), EPOCH_SECONDS: (6e8, 4e9), EPOCH_MILLISECONDS: (6e11, 4e12)}
"""Bounds within which a number is taken for a time, from 1989 on for epochs."""


@dataclass(frozen=True)
class TimeFormats:
    """Format of the times of a column."""

    seen: dict[str, int]
    """Formats and the cells that are read in each."""
    stated: tuple[str, ...]
    """Those that a source file has to state; the others are read without a word."""
    ambiguous: tuple[str, ...]
    """Formats that all fit, and under which one text can be two moments; one of them has to be chosen."""
    unread: int
    """Cells that none of them reads."""


def find_formats(texts: pl.Series, zone: str, latest: datetime | None, *, named_so: bool) -> TimeFormats | None:
    """Return how the times of a column are written; None where it holds none.

    Args:
        texts: its cells, null where empty.
        zone: IANA name of the zone of naive times.
        latest: a format that makes a time of two-digit years later than this is the wrong one; None where times may lie ahead.
        named_so: its name speaks of a time. Numbers alone are taken for times only then.
    """
    filled = texts.drop_nulls()
    if filled.is_empty():
        return None
    moments, _ = parse_times(filled, (), zone, None)
    empty = int(empty_times(filled, moments, zone).sum())
    read = int(moments.is_not_null().sum())
    least = (NAMED_SHARE if named_so else MOST_SHARE) * len(filled)
    if read >= least:
        return TimeFormats(_seen(filled), (), (), len(filled) - read)
    best = _fitting(filled, named_so) | _short_years(filled, latest)
    if not best or max(best.values()) + read + empty < least:
        return None
    most = max(best.values())
    stated = tuple(pattern for pattern, cells in best.items() if cells == most)
    apart = time_that_reads_twice(stated) is not None
    seen = {**_seen(filled), **dict.fromkeys(stated, most)}
    return TimeFormats(seen, () if apart else stated[:1], stated if apart else (), len(filled) - most - read)


def _seen(filled: pl.Series) -> dict[str, int]:
    left, seen = write_plainly(filled)[0], dict[str, int]()
    for pattern in (*ISO_FORMATS, *YEAR_FIRST_FORMATS):
        read = read_format(left, pattern).is_not_null()
        if read.any():
            seen[pattern] = int(read.sum())
            left = left.filter(~read)
        if left.is_empty():
            break
    return seen


def settle(ambiguous: Sequence[str], stated: Sequence[str]) -> str | None:
    """Return the only one of several formats that writes the day as a stated one does; None where that settles nothing.

    >>> settle(("%d/%m/%Y", "%m/%d/%Y"), ("%m/%d/%Y %H:%M",))
    '%m/%d/%Y'
    """
    days = {pattern.split(" ")[0] for pattern in stated}
    alike = [pattern for pattern in ambiguous if pattern.split(" ")[0] in days]
    return alike[0] if len(alike) == 1 else None


def _short_years(filled: pl.Series, latest: datetime | None) -> dict[str, int]:
    """Return the formats with years of two digits and the cells each reads as a time that can be one."""
    plain, _ = write_plainly(filled)
    if not plain.str.contains(LOOKS_SHORT).any():
        return {}
    counts = {}
    for pattern in SHORT_YEARS:
        stamps = read_format(plain, pattern).dt.replace_time_zone("UTC")
        counts[pattern] = int(stamps.is_between(OLDEST, latest or _AHEAD).sum())
    return {pattern: cells for pattern, cells in counts.items() if cells}


def _fitting(filled: pl.Series, named_so: bool) -> dict[str, int]:
    """Return the formats that read any cell and have to be stated, with the cells each reads."""
    patterns = (*DAY_AND_MONTH, *DIGITS_ONLY) if named_so else DAY_AND_MONTH
    counts = {pattern: int(read_format(filled, pattern).is_not_null().sum()) for pattern in patterns}
    number = filled.cast(pl.Float64, strict=False)
    if named_so:
        counts |= {name: int(number.is_between(*bounds).sum()) for name, bounds in NUMBERS.items()}
    return {pattern: cells for pattern, cells in counts.items() if cells}
