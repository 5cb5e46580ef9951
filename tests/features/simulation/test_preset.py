"""Settings of a simulated district."""

from datetime import date

import pytest
from pydantic import ValidationError

from features.settings import Section
from features.simulation.dispute_numbers import Recording
from features.simulation.preset import Preset, Rates, Redraw, Size, Span


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


RATES = {"dispute": 2.0, "dispute_call": 3.0, "petition": 4.0, "hazard": 5.0, "environment_order": 6.0}
HALF_SEEN = Recording(seen_mean=0.5)
"""Half of two disputes is recorded: 1 + 3 + 4 + 5 + 6 are 19 records."""


@pytest.mark.parametrize(("all_events", "requests"), [(19.0, 0.0), (19.5, 0.5), (35.0, 16.0)])
def test_preset_requests_are_what_the_other_records_leave(all_events: float, requests: float) -> None:
    assert requests == Preset(rates=Rates(all_events=all_events, **RATES), recording=HALF_SEEN).requests


def test_preset_fewer_records_than_the_others_come_to_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"all_events must be at least the sum of the other records, 19 .* found 18\.9; raise it"):
        Preset(rates=Rates(all_events=18.9, **RATES), recording=HALF_SEEN)


def test_preset_records_written_down_as_their_sum_leave_no_requests() -> None:
    """3.25 + 3.6 + 1.3 + 4.5 + 4.5 are 17.15, which floating point misses by a little."""
    assert 0.0 == pytest.approx(Preset(rates=Rates(all_events=17.15)).requests, abs=1e-9)
    assert 0.0 <= Preset(rates=Rates(all_events=17.15)).requests


@pytest.mark.parametrize(("grids", "share", "splits", "plots"), [(6, 2 / 3, 2, 4), (3, 2 / 3, 1, 2), (5, 0.4, 1, 4), (6, 0.0, 0, 6)])
def test_preset_redraw_up_to_two_thirds_counts_splits_and_plots(grids: int, share: float, splits: int, plots: int) -> None:
    preset = Preset(size=Size(grids=grids, townships=1, communities=1), redraw=Redraw(share=share))

    assert (splits, plots) == (preset.splits, preset.plots)


@pytest.mark.parametrize(("grids", "share", "splits"), [(6, 1.0, 3), (100, 0.68, 34), (5, 2 / 3, 2)])
def test_preset_redraw_of_more_grids_than_there_are_is_refused(grids: int, share: float, splits: int) -> None:
    """Three splits take three grids and three mergers six: nine of six. Five grids cannot give two of each either."""
    with pytest.raises(ValidationError, match=rf"must be at most 2/3.* of {grids} grids: {splits} of each; lower it"):
        Preset(size=Size(grids=grids, townships=1, communities=1), redraw=Redraw(share=share))


@pytest.mark.parametrize(("townships", "communities", "share"), [(3, 2, 0.0), (1, 7, 0.0), (1, 5, 2 / 3)])
def test_preset_area_without_a_part_is_refused(townships: int, communities: int, share: float) -> None:
    """Of six grids four are left as plots when two thirds of them are redrawn."""
    with pytest.raises(ValidationError, match=rf"found {townships} townships, {communities} communities and [46] grids"):
        Preset(size=Size(grids=6, townships=townships, communities=communities), redraw=Redraw(share=share))


@pytest.mark.parametrize(
    ("section", "numbers"),
    [
        (Size, {"grids": 0}),
        (Size, {"districts": 0}),
        (Rates, {"dispute": 0.0}),
        (Rates, {"hazard": -0.1}),
        (Redraw, {"share": -0.1}),
        (Redraw, {"when": 1.1}),
    ],
)
def test_section_number_out_of_its_range_is_refused_by_name(section: type[Section], numbers: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(numbers))):
        section(**numbers)
