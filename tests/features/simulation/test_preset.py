"""Settings of a simulated district."""

from datetime import date

import pytest
from pydantic import ValidationError

from features.simulation.preset import Preset, Size, Span


@pytest.mark.parametrize(
    ("years", "end", "start"),
    [(2, date(2026, 1, 1), date(2024, 1, 1)), (1, date(2024, 2, 29), date(2023, 3, 1)), (4, date(2024, 2, 29), date(2020, 2, 29))],
)
def test_span_of_years_begins_on_the_same_day(years: int, end: date, start: date) -> None:
    assert Span(start=start, end=end) == Span.of_years(years, end)


@pytest.mark.parametrize(("days", "weeks"), [(0, 0), (1, 1), (7, 1), (8, 2)])
def test_span_weeks_count_the_last_one_in_part(days: int, weeks: int) -> None:
    span = Span(start=date(2026, 1, 1), end=date.fromordinal(date(2026, 1, 1).toordinal() + days))

    assert (days, weeks) == (span.days, span.weeks)


def test_preset_unknown_number_is_refused() -> None:
    with pytest.raises(ValidationError, match="grid_count"):
        Size(grid_count=3)


def test_preset_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Preset().size.grids = 3
