"""Times read by their bytes are those that the general parser reads."""

import numpy as np
import polars as pl
import pytest

from features.intake.iso_times import read_iso_times

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
