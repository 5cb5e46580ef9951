"""Read columns of times, and say which cells cannot be trusted."""

from datetime import UTC, datetime

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
