"""Shares of handling against plain counting, and what is hidden."""

from dataclasses import replace

import polars as pl
import pytest

from serving.documents.paper import Speaker
from serving.situation_report.handling import RELAPSE_DAYS, Share, handling_section, read_handling
from serving.situation_report.period import month
from tests.support.event_logs import Case, make_log

GRIDS = {"a": "D/T1/C1", "b": "D/T2/C2"}


def rows_of(cases, households=(500, 500)):
    log = make_log(cases, grids=GRIDS)
    grids = log.grids.with_columns(households=pl.Series(households, dtype=pl.Int64))
    handled = read_handling(log.__class__(**vars(log) | {"grids": grids}), month("2025-01"), "Asia/Shanghai", ["D/T1", "D/T2"])
    section = handling_section(handled, [("甲镇", 9), ("乙镇", 9)], "镇街", Speaker("zh"))
    return {row[0]: row[1:] for row in section.table.rows}


def test_handling_counts_closed_in_time_and_for_good():
    quick = [Case("a", 2 + number / 10, closed=5, deadline=10) for number in range(10)]
    late = [Case("a", 3, closed=20, deadline=10)] * 5
    back = [Case("a", 4, moves=(("resolved", 6), ("reopened", 30))) for _ in range(5)]
    waiting = [Case("a", 5) for _ in range(5)]
    rows = rows_of([*quick, *late, *back, *waiting])

    assert rows["甲镇"] == ("80%（25）", "67%（15）", "75%（20）", "—", "50.0")
    assert rows["乙镇"] == ("—", "—", "—", "—", "0.0")


def test_handling_leaves_petitions_and_other_months_out():
    rows = rows_of([Case("a", 2, event_type="petition"), Case("a", 40)])

    assert rows["甲镇"][0] == "—"


def test_handling_without_households_says_so():
    assert rows_of([Case("a", 2)] * 6, households=(None, 500))["甲镇"][-1] == "—"


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (Share(0, 0), "—"),
        (Share(2, 40), "※"),
        (Share(38, 40), "※"),
        (Share(0, 40), "0%（40）"),
        (Share(40, 40), "100%（40）"),
        (Share(4, 4), "※"),
    ],
)
def test_share_that_would_give_few_cases_away_is_hidden(share, written):
    assert share.cell.zh == written


def rates_of(cases, level="township", areas=("D/T1", "D/T2"), period="2025-01", **grids):
    """Return how the cases of the areas were handled, figures unmasked."""
    log = make_log(cases, grids=GRIDS, crosswalk=grids.pop("crosswalk", ()))
    if grids:
        log = replace(log, grids=log.grids.with_columns(**{name: pl.Series(column, dtype=pl.Int64) for name, column in grids.items()}))
    return read_handling(log, month(period), "Asia/Shanghai", list(areas), level)


@pytest.mark.parametrize(
    ("reported", "period", "counted"),
    [(0, "2025-01", 1), (30.99, "2025-01", 1), (31, "2025-01", 0), (31, "2025-02", 1), (58.99, "2025-02", 1), (59, "2025-02", 0)],
)
def test_handling_of_a_month_is_of_its_local_days_alone(reported, period, counted):
    """Local midnight lies eight hours before that of the stored moments."""
    assert counted == rates_of([Case("a", reported)], period=period).whole.cases


def test_handling_by_when_a_case_became_known_and_not_by_when_it_was_reported():
    assert [0, 1] == [rates_of([Case("a", 30, known=33)], period=period).whole.cases for period in ("2025-01", "2025-02")]


@pytest.mark.parametrize(("closed", "in_time"), [(10, 1), (10.001, 0), (None, 0)])
def test_case_that_is_closed_at_its_term_met_it(closed, in_time):
    rates = rates_of([Case("a", 2, closed=closed, deadline=10)]).whole

    assert Share(in_time, 0 if closed is None else 1) == rates.in_time


@pytest.mark.parametrize(("back", "settled"), [(5 + RELAPSE_DAYS, 0), (5 + RELAPSE_DAYS + 0.001, 1)])
def test_case_that_comes_back_after_ninety_days_was_settled(back, settled):
    assert Share(settled, 1) == rates_of([Case("a", 2, moves=(("resolved", 5), ("reopened", back)))]).whole.settled


def test_case_that_was_closed_twice_is_closed_once_at_its_first_closing():
    rates = rates_of([Case("a", 2, deadline=10, moves=(("resolved", 5), ("reopened", 8), ("resolved", 20)))]).whole

    assert (Share(1, 1), Share(1, 1), Share(0, 1)) == (rates.closed, rates.in_time, rates.settled)


def test_handling_by_area_adds_up_and_leaves_other_areas_out():
    cases = [Case("a", 2), Case("a", 3), Case("b", 4)]

    assert [2, 1] == [each.cases for each in rates_of(cases).by_area]
    assert (1, [1]) == ((only := rates_of(cases, areas=["D/T2"])).whole.cases, [each.cases for each in only.by_area])
    assert [2, 1] == [each.cases for each in rates_of(cases, "community", ["D/T1/C1", "D/T2/C2"]).by_area]


@pytest.mark.parametrize(("households", "whole", "by_area"), [([500, 500], 6.0, [12.0, 0.0]), ([500, None], None, [12.0, None])])
def test_households_of_the_whole_need_those_of_every_area(households, whole, by_area):
    rates = rates_of([Case("a", 2)] * 6, households=households)

    assert (whole, by_area) == (rates.whole.per_thousand, [each.per_thousand for each in rates.by_area])


def test_households_of_a_grid_that_was_redrawn_are_counted_no_more():
    moved = rates_of([Case("a", 2)] * 6, households=[500, 700], crosswalk=[("b", "a", 1.0)])

    assert [12.0, None] == [each.per_thousand for each in moved.by_area]


@pytest.mark.parametrize(("cases", "shown"), [(0, "0.0"), (1, "※"), (4, "※"), (5, "10.0")])
def test_rate_by_households_of_few_cases_is_hidden(cases, shown):
    """Households are public: the rate alone would tell how many cases there were."""
    rates = rates_of([Case("a", 2)] * cases, households=[500, 500]).by_area[0]

    assert shown == rates.cells(Speaker("zh"))[-1]
