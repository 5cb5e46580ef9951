"""Shares of handling against plain counting, and what is hidden."""

import polars as pl
import pytest

from serving.documents.paper import Speaker
from serving.situation_report.handling import Share, handling_section, read_handling
from serving.situation_report.period import month
from tests.support.event_logs import Case, make_log

GRIDS = {"a": "D/T1/C1", "b": "D/T2/C2"}


def rows_of(cases, households=(500, 500)):
    log = make_log(cases, grids=GRIDS)
    grids = log.grids.with_columns(households=pl.Series(households, dtype=pl.Int64))
    handled = read_handling(log.__class__(**vars(log) | {"grids": grids}), month("2025-01"), "Asia/Shanghai", ["D/T1", "D/T2"])
    section = handling_section(handled, ["甲镇", "乙镇"], "镇街", Speaker("zh"))
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
