"""Read times written as 2026-03-01T08:00:00, with or without a fraction, by their bytes: several times faster than a general parser."""

import numpy as np
import numpy.typing as npt
import polars as pl

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
