"""T1: local times become moments in UTC, and what cannot be one moment is said so."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from features.intake.times import parse_times, read_iso_times, time_that_reads_twice

LATEST = datetime(2026, 6, 2, tzinfo=UTC)


def parse(
    texts: list[str | None], zone: str = "Asia/Shanghai", formats: tuple[str, ...] = ()
) -> tuple[list[datetime | None], list[str | None]]:
    moments, codes = parse_times(pl.Series(texts, dtype=pl.String), formats, zone, LATEST)
    return moments.to_list(), codes.to_list()


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Urumqi", "America/New_York"])
def test_parse_times_round_trips(zone: str) -> None:
    rng = np.random.default_rng(1)
    seconds = rng.integers(int(datetime(1992, 1, 1, tzinfo=UTC).timestamp()), int(LATEST.timestamp()), 2_000)
    moments = [datetime.fromtimestamp(second, UTC) for second in seconds.tolist()]
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    plain = [(moment, stamp) for moment, stamp in zip(moments, local, strict=True) if _happens_once(stamp)]
    expected = [moment for moment, _ in plain]

    assert parse([stamp.strftime("%Y-%m-%d %H:%M:%S") for _, stamp in plain], zone) == (expected, [None] * len(plain))
    assert parse([stamp.strftime("%m/%d/%Y %I:%M:%S %p") for _, stamp in plain], zone, ("%m/%d/%Y %I:%M:%S %p",))[0] == expected
    assert parse([stamp.isoformat() for stamp in local], "Europe/Berlin") == (moments, [None] * len(moments))
    assert parse([moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in moments], zone)[0] == moments


def test_parse_times_bare_date_is_its_local_midnight() -> None:
    days = [datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Urumqi")) + timedelta(days=day) for day in range(120)]

    assert parse([f"{day:%Y-%m-%d}" for day in days], "Asia/Urumqi")[0] == [day.astimezone(UTC) for day in days]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1990-09-16 01:30", "TIME_AMBIGUOUS"),
        ("1991-04-14 02:30", "TIME_NONEXISTENT"),
        ("2026-13-45", "TIME_FORMAT"),
        ("yesterday", "TIME_FORMAT"),
        ("2026-05-01 25:00:00", "TIME_FORMAT"),
        ("1989-12-31", "TIME_TOO_OLD"),
        ("15-01-02", "TIME_FORMAT"),
        ("25/3/7 8:05", "TIME_FORMAT"),
        ("25.03.07", "TIME_FORMAT"),
        ("2026-06-02 08:00:01", "TIME_FUTURE"),
        ("2026-06-02 08:00:00", None),
        (None, None),
    ],
)
def test_parse_times_tells_what_is_no_moment(text: str | None, code: str | None) -> None:
    assert parse([text, "2026-01-01"])[1] == [code, None]


@pytest.mark.parametrize("first", range(8))
def test_parse_times_column_written_in_several_ways_reads_the_same_whichever_comes_first(first: int) -> None:
    ways = ["2026-05-01", "2026-05-01T00:00:00", "2026-05-01 00:00:00.000", "2026-05-01T00:00", "2026-05-01 00:00"]
    ways += ["2026-05-01T00:00:00+08:00", "2026-04-30 16:00:00Z", "2026-04-30T16:00Z"]
    texts = ways[first:] + ways[:first]

    assert parse([*texts]) == ([datetime(2026, 4, 30, 16, tzinfo=UTC)] * 8, [None] * 8)


def test_parse_times_deadline_may_lie_ahead() -> None:
    moments, codes = parse_times(pl.Series(["2031-01-01"]), (), "UTC", None)

    assert (moments.item(), codes.item()) == (datetime(2031, 1, 1, tzinfo=UTC), None)


def _happens_once(stamp: datetime) -> bool:
    return stamp.replace(fold=1 - stamp.fold).utcoffset() == stamp.utcoffset()


@pytest.mark.parametrize(
    ("text", "formats", "local"),
    [
        ("2024/2/18 下午 10:05", (), (2024, 2, 18, 22, 5)),
        ("2024/2/18 上午 12:05", (), (2024, 2, 18, 0, 5)),
        ("18.2.2024 下午 3:01", ("%d.%m.%Y %p %I:%M",), (2024, 2, 18, 15, 1)),
        ("2024-02-18 24:00", (), (2024, 2, 19, 0, 0)),
        ("2024-02-18T24:00:00", (), (2024, 2, 19, 0, 0)),
        ("2024年2月18日 22时05分", (), (2024, 2, 18, 22, 5)),
        ("2024年2月18日 下午3:05", (), (2024, 2, 18, 15, 5)),
        ("2024年2月18日（星期日）晚上10时05分", (), (2024, 2, 18, 22, 5)),
        ("2024-02-18 周日 22:05", (), (2024, 2, 18, 22, 5)),
        ("2024/2/8 7:05", (), (2024, 2, 8, 7, 5)),
        ("45340.92013888889", ("excel",), (2024, 2, 18, 22, 5)),
        ("1708265100", ("epoch_seconds",), (2024, 2, 18, 22, 5)),
        ("1708265100000", ("epoch_milliseconds",), (2024, 2, 18, 22, 5)),
    ],
)
def test_parse_times_ways_in_which_systems_write_time(text: str, formats: tuple[str, ...], local: tuple[int, ...]) -> None:
    moments, codes = parse_times(pl.Series([text]), formats, "Asia/Shanghai", None)

    assert [None] == codes.to_list()
    assert datetime(*local, tzinfo=ZoneInfo("Asia/Shanghai")) == moments.item()


@pytest.mark.parametrize("text", ["45340.92", "1708265100", "25:00", "2024-02-18 24:01", "18/02/2024"])
def test_parse_times_number_or_order_that_nobody_stated_is_no_time(text: str) -> None:
    assert ["TIME_FORMAT"] == parse_times(pl.Series([text]), (), "Asia/Shanghai", None)[1].to_list()


@pytest.mark.parametrize(
    ("formats", "twice"),
    [
        (("%m/%d/%Y", "%d/%m/%Y"), True),
        (("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"), True),
        (("%Y-%d-%m",), True),
        (("%d/%m/%Y", "%d/%m/%Y %H:%M"), False),
        (("%m/%d/%Y %I:%M:%S %p",), False),
        (("%Y%m%d%H%M%S", "%Y%m%d", "excel"), False),
    ],
)
def test_time_that_reads_twice_is_found_among_formats(formats: tuple[str, ...], twice: bool) -> None:
    assert twice == (time_that_reads_twice(formats) is not None)


FORMATS = {"T": "%Y-%m-%dT%H:%M:%S%.f", " ": "%Y-%m-%d %H:%M:%S%.f"}


@pytest.mark.parametrize("between", FORMATS)
@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_read_iso_times_reads_what_the_general_parser_reads(between: str, unit: str) -> None:
    rng = np.random.default_rng(3)
    micros = rng.integers(-30_000_000_000_000_000, 250_000_000_000_000_000, 20_000)
    moments = np.datetime_as_string(micros.astype("datetime64[us]").astype(f"datetime64[{unit}]"))
    text = pl.Series([moment.replace("T", between) for moment in moments.tolist()])

    read = read_iso_times(text, between)

    assert 0 == read.null_count()
    assert read.to_list() == text.str.to_datetime(FORMATS[between], strict=True, time_unit="us").to_list()


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-29T00:00:00", "1900-02-29T00:00:00", "2026-13-01T00:00:00", "2026-00-01T00:00:00", "2026-04-31T00:00:00"),
        *("2026-04-00T00:00:00", "2026-04-01T24:00:00", "2026-04-01T00:60:00", "2026-04-01T00:00:60", "0026-04-01T00:00:00"),
        *(
            "2026/04/01T00:00:00",
            "2026-04-01 00:00:00",
            "2026-04-01T00.00.00",
            "２026-4-1T00:00:0",
            "2026-04-01T00:00:0x",
            "2026-4-01T00:00:000",
        ),
    ],
)
def test_read_iso_times_other_text_is_none(text: str) -> None:
    assert [False, True] == read_iso_times(pl.Series(["2026-04-01T00:00:00", text]), "T").is_null().to_list()


@pytest.mark.parametrize("texts", [[], [None], ["x"], ["2026-04-01T00:00:00.1234567"], ["2026-04-01T00:00:00."]])
def test_read_iso_times_no_text_of_a_known_width_is_none(texts: list[str | None]) -> None:
    assert [None] * len(texts) == read_iso_times(pl.Series(texts, dtype=pl.String), "T").to_list()
