"""Read columns of times, and say which cells cannot be trusted.

Times such as 2026-03-01T08:00:00, with or without a fraction, are read by their bytes: several times faster than by a general parser.
"""

from datetime import UTC, date, datetime
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl

from features.intake.quarantine import Code

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
_BETWEEN_DAY_AND_TIME = {"%Y-%m-%dT%H:%M:%S%.f": "T", "%Y-%m-%d %H:%M:%S%.f": " "}
YEAR_FIRST_FORMATS = (
    *("%Y/%m/%d %H:%M:%S%.f", "%Y/%m/%d %H:%M", "%Y/%m/%d"),
    *("%Y.%m.%d %H:%M:%S", "%Y.%m.%d %H:%M", "%Y.%m.%d"),
    *("%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日%H:%M", "%Y年%m月%d日"),
    *("%Y年%m月%d日 %H时%M分%S秒", "%Y年%m月%d日 %H时%M分", "%Y年%m月%d日%H时%M分%S秒", "%Y年%m月%d日%H时%M分"),
    *("%Y/%m/%d %p %I:%M:%S", "%Y/%m/%d %p %I:%M", "%Y-%m-%d %p %I:%M:%S", "%Y-%m-%d %p %I:%M"),
    *("%Y年%m月%d日 %p %I:%M:%S", "%Y年%m月%d日 %p %I:%M", "%Y年%m月%d日 %p %I时%M分%S秒", "%Y年%m月%d日 %p %I时%M分"),
)
"""Other ways to write a time from the year down, which can mean one moment only."""
EXCEL, EPOCH_SECONDS, EPOCH_MILLISECONDS = "excel", "epoch_seconds", "epoch_milliseconds"
NUMBERS = (EXCEL, EPOCH_SECONDS, EPOCH_MILLISECONDS)
"""Formats of times that are written as numbers: they have to be stated, for any number could be one."""

NO_DAYS = tuple(
    date(*day) for day in ((1753, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1970, 1, 1), (2999, 12, 31), (9999, 12, 31))
)
"""Days that systems write where there is none."""
_AFTER_NO_DAYS, _BEFORE_NO_DAYS = datetime(1971, 1, 1, tzinfo=UTC), datetime(2900, 1, 1, tzinfo=UTC)
NO_TIME = r"^(?:0+$|0000\D|0001\D0?1\D0?1\b|1900\D0?1\D0?0\b)"
"""The same where they are not even days."""

_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 a serial number is a local time
_MOST_SERIAL = 100_000
_YEAR_1000 = pl.Series([datetime(1000, 1, 1)], dtype=pl.Datetime("us")).to_physical()[0]  # noqa: DTZ001
"""An earlier year is one of two digits that was read as a whole one, and no time."""
_MORNING, _EVENING = "上午|凌晨|清晨|早上|早晨", "下午|中午|晚上|傍晚"
_WEEKDAY = r"\s*[(（]?(?:星期|周)[一二三四五六日天][)）]?\s*"
_DONE = r"^(.*\d[日号时分秒]?)\s*[(（]?已?(?:办结|结案|完成|化解|调解|解决|处理)[)）]?$"
_MIDNIGHT_24 = r"([T ])24:00((?::00(?:\.0+)?)?)"
_SAMPLES = pl.Series([datetime(2001, 2, 3, 4, 5, 6), datetime(2010, 12, 11, 9, 8, 7), datetime(2003, 4, 5, 16, 17, 18)])  # noqa: DTZ001

_SECONDS, _MICROSECONDS = 19, 26
"""Characters of a time to the second, and to the microsecond."""
_PLACES = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
"""Places of the digits of year, month, day, hour, minute and second."""
_BETWEEN = {4: "-", 7: "-", 13: ":", 16: ":"}
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DAYS_BEFORE = np.concatenate([[0, 0], np.cumsum(_DAYS[1:-1])])
_DAYS_TO_1970 = 719_162
_FIRST_YEAR = 1000

_Ints = npt.NDArray[np.signedinteger]
_Flags = npt.NDArray[np.bool_]
_Bytes = npt.NDArray[np.uint8]


def read_iso_times(text: pl.Series, between: str) -> pl.Series:
    """Return local times, null where a text has another width than the first one, is written otherwise, or is no time of the calendar.

    >>> read_iso_times(pl.Series(["2024-02-29T08:00:05", "2023-02-29T08:00:05", "2024-2-9"]), "T").to_list()
    [datetime.datetime(2024, 2, 29, 8, 0, 5), None, None]
    """
    widths = text.str.len_bytes()
    width = int(widths.drop_nulls().head(1).sum())
    micros, valid = np.zeros(len(text), np.int64), np.zeros(len(text), np.bool_)
    if width == _SECONDS or _SECONDS + 2 <= width <= _MICROSECONDS:
        fits = (widths == width).fill_null(value=False)
        valid = fits.to_numpy().copy()
        characters = np.frombuffer(text.filter(fits).str.join("").item().encode(), np.uint8).reshape(-1, width)
        micros[valid], whole = _read(np.ascontiguousarray(characters.T), between)
        valid[valid] = whole
    return pl.Series(text.name, micros).cast(pl.Datetime("us")).set(pl.Series(~valid), None)


def _read(characters: _Bytes, between: str) -> tuple[_Ints, _Flags]:
    """Return microseconds since 1970, and which texts are times; characters are (width, N)."""
    numbers, whole = _digits(characters[list(_PLACES)])
    for place, character in (_BETWEEN | {10: between}).items():
        whole &= characters[place] == ord(character)
    year = numbers[0] * 1000 + numbers[1] * 100 + numbers[2] * 10 + numbers[3]
    month, day, hour, minute, second = numbers[4::2] * 10 + numbers[5::2]
    whole &= (year >= _FIRST_YEAR) & (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    month = np.where(month <= 12, month, 0)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    whole &= (day >= 1) & (day <= _DAYS[month] + (leap & (month == 2)))
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 + _DAYS_BEFORE[month] + (leap & (month > 2)) + day - 1 - _DAYS_TO_1970
    micros, is_fraction = _fraction(characters[_SECONDS:])
    seconds = ((days * 24 + hour) * 60 + minute).astype(np.int64) * 60 + second
    return seconds * 1_000_000 + micros, whole & is_fraction


def _fraction(characters: _Bytes) -> tuple[_Ints, _Flags]:
    """Return the microseconds of a point and the digits behind it; 0 where there is nothing."""
    none = np.zeros(characters.shape[1], np.int64)
    if not len(characters):
        return none, np.ones(characters.shape[1], np.bool_)
    numbers, whole = _digits(characters[1:])
    micros = none + sum(digit * 10 ** (5 - place) for place, digit in enumerate(numbers))
    return micros, whole & (characters[0] == ord("."))


def _digits(characters: _Bytes) -> tuple[_Ints, _Flags]:
    digits = characters - np.uint8(ord("0"))
    return digits.astype(np.int32), np.asarray((digits <= np.uint8(9)).all(axis=0))


def parse_times(text: pl.Series, formats: tuple[str, ...], zone: str, latest: datetime | None) -> tuple[pl.Series, pl.Series]:
    """Read times in the given formats, then in ISO 8601 and other ways that begin with the year.

    A naive time is in `zone`, a bare date is its midnight, 24:00 the midnight that ends the day. A time after `latest` is refused;
    None lets deadlines lie in the future.

    Returns: moments in UTC, and the code of each cell that was refused; both are null where the text is null.
    """
    moments = pl.repeat(None, len(text), dtype=INSTANT, eager=True)
    codes = pl.repeat(None, len(text), dtype=pl.String, eager=True)
    plain, day_later = text, None
    for pattern in (*formats, *_likeliest_first(text), None, *formats, *ISO_FORMATS, *YEAR_FIRST_FORMATS):
        left = text.is_not_null() & moments.is_null() & codes.is_null()
        if not left.any():
            break
        if pattern is None:
            plain, day_later = write_plainly(text.set(~left, None))
            continue
        stamps = read_format(plain if left.sum() == text.count() else plain.set(~left, None), pattern)
        read, faults = _localise(stamps if day_later is None else _add_days(stamps, day_later), zone)
        moments = moments.fill_null(read)
        codes = codes.fill_null(faults)
    codes = codes.set(text.is_not_null() & moments.is_null() & codes.is_null(), Code.TIME_FORMAT)
    codes = codes.set((moments < OLDEST).fill_null(False), Code.TIME_TOO_OLD)
    if latest is not None:
        codes = codes.set((moments > latest).fill_null(False), Code.TIME_FUTURE)
    return moments, codes


def empty_times(text: pl.Series, moments: pl.Series, zone: str) -> pl.Series:
    """Tell which cells hold a day that stands for none, such as 1900-01-01 or 9999-12-31."""
    doubtful = ~moments.is_between(_AFTER_NO_DAYS, _BEFORE_NO_DAYS)
    if moments.null_count() == text.null_count() and not doubtful.any():
        return pl.repeat(False, len(text), dtype=pl.Boolean, eager=True)
    local = moments.dt.convert_time_zone(zone).dt.date()
    none = local.is_in(NO_DAYS) | moments.dt.date().is_in(NO_DAYS)
    return none.fill_null(value=False) | (moments.is_null() & text.str.contains(NO_TIME).fill_null(value=False))


def time_that_reads_twice(formats: tuple[str, ...]) -> tuple[str, str, str] | None:
    """Return two formats, and a text that is one moment in the first and another in the second; None where there is none."""
    written = [name for name in formats if name not in NUMBERS]
    for one, other in combinations((*written, *ISO_FORMATS, *YEAR_FIRST_FORMATS), 2):
        if one not in written:
            return None
        for first, second in ((one, other), (other, one)):
            text = _SAMPLES.dt.strftime(first.replace("%#z", "+0000"))
            read = read_format(text, first), read_format(text, second)
            plain = [stamps.dt.replace_time_zone(None) for stamps in read]
            apart = (plain[0] != plain[1]).fill_null(value=False)
            if apart.any():
                return one, other, text.filter(apart)[0]
    return None


def write_plainly(text: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Leave out the day of the week and 已办结 behind a time, write morning and evening as AM and PM, 24:00 as 00:00 of the next day."""
    if text.str.contains(_DONE).any():
        text = text.str.replace(_DONE, "$1")
    if text.str.contains("星期|周").any():
        text = text.str.replace(_WEEKDAY, " ").str.strip_chars()
    if text.str.contains("午|晨|上|晚").any():
        text = text.str.replace(_MORNING, "AM").str.replace(_EVENING, "PM")
    if not text.str.contains("24:00", literal=True).any():
        return text, None
    return text.str.replace(_MIDNIGHT_24, "${1}00:00${2}"), text.str.contains(_MIDNIGHT_24)


def read_format(text: pl.Series, pattern: str) -> pl.Series:
    """Read times in one format, local ones without a zone; null where a text is written otherwise."""
    if pattern not in NUMBERS:
        between = _BETWEEN_DAY_AND_TIME.get(pattern)
        if between is None:
            return _with_whole_years(text.str.to_datetime(pattern, strict=False, time_unit="us"))
        stamps = read_iso_times(text, between)
        if stamps.null_count() == text.null_count():
            return stamps
        others = text.set(stamps.is_not_null(), None)
        return stamps.fill_null(_with_whole_years(others.str.to_datetime(pattern, strict=False, time_unit="us")))
    number = text.cast(pl.Float64, strict=False)
    if pattern == EXCEL:
        seconds = (number.set(~number.is_between(1, _MOST_SERIAL), None) * 86_400).round().cast(pl.Int64) * 1_000_000
        return pl.select(pl.lit(_EXCEL_EPOCH) + seconds.cast(pl.Duration("us"))).to_series()
    micros = number.set(~number.is_between(0, 1e14), None) * (1e6 if pattern == EPOCH_SECONDS else 1e3)
    return micros.round().cast(pl.Int64, strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _with_whole_years(stamps: pl.Series) -> pl.Series:
    micros = stamps.to_physical()
    first = micros.min()
    return stamps if first is None or first >= _YEAR_1000 else stamps.set(micros < _YEAR_1000, None)


def _add_days(stamps: pl.Series, day_later: pl.Series) -> pl.Series:
    return pl.select(pl.when(day_later).then(stamps.dt.offset_by("1d")).otherwise(stamps)).to_series()


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
