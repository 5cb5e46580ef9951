"""Sections of a report: figures of hand-made counts, said without a ranking and without what is masked."""

from datetime import date

import numpy as np
import pytest

from serving.alerts.lifecycle import State
from serving.documents.paper import Speaker
from serving.monitoring.completeness import Silence
from serving.monitoring.quotas import Quota, Sign
from serving.scoring.coverage import Coverage
from serving.situation_report.counts import Column, Compared, Grouping
from serving.situation_report.period import month
from serving.situation_report.sections import EVENTS, STOCKS, Figures, alert_ends, by_area, by_kind, overview, quality, what_helped
from serving.undertakings.register import Estimate, Review

ZH, EN = Speaker("zh"), Speaker("en")
MARCH = month("2026-03")
AREAS = Grouping(("d/t1", "d/t2"), np.zeros(0, np.int64))


def compared(now, year_before=None, groups=AREAS) -> Compared:
    columns = [None if cells is None else Column(cells, sum(cell or 0 for cell in cells)) for cells in (now, year_before)]
    return Compared(groups, MARCH, columns[0], None, columns[1])


def figures(now=(400, None), year_before=(100, 90), groups=AREAS) -> Figures:
    stock = Column([7, 8], 15), Column([5, 6], 11)
    return Figures(dict.fromkeys(EVENTS, compared(list(now), list(year_before), groups)), dict.fromkeys(STOCKS, stock))


def test_overview_says_stocks_beside_what_they_were_and_without_a_change():
    rows = overview(figures(), ZH).table.rows

    assert ["新增", "升级", "办结", "期末未办结", "其中已逾期"] == [row[0] for row in rows]
    assert ("期末未办结", "15", "上期末11", "—") == rows[3]
    assert "400" == rows[0][1]


def test_areas_stand_in_the_order_of_their_codes_and_what_is_masked_is_hidden():
    section = by_area(figures(), ["甲街道", "乙镇"], "township", ZH)

    assert ["甲街道", "乙镇"] == [row[0] for row in section.table.rows]
    assert ("400", "※") == tuple(row[1] for row in section.table.rows)
    assert "按行政区划代码排列，不作排名。" == section.sentences[-1]


def test_areas_that_clearly_rose_are_named_and_those_that_cannot_be_compared_are_not():
    rose, unclear = (by_area(figures(now=now), ["甲街道", "乙镇"], "township", ZH).sentences for now in ((400, None), (400, 95)))

    assert "新增与上年同期比，明显上升的：甲街道；明显下降的：无。" == rose[0] == unclear[0]
    assert ["其余可比的1个变化不明显。"] == [each for each in unclear if each.startswith("其余")]
    assert [] == [each for each in rose if each.startswith("其余")]


def test_arrows_are_explained_below_a_map_alone():
    with_map, without = (by_area(figures(), ["A", "B"], "community", EN, plot) for plot in ("map", None))

    assert "Arrows on the map" in with_map.sentences[-1]
    assert "Arrows" not in without.sentences[-1]
    assert "By community" == with_map.title


def test_kinds_are_named_in_words():
    kinds = Grouping(("dispute/labor_wage", "police_call/"), np.zeros(0, np.int64))
    names = [row[0] for row in by_kind(figures(groups=kinds), EN).table.rows]

    assert [] == [name for name in names if "_" in name or "/" in name]


def test_alerts_are_counted_by_state_and_states_without_one_left_out():
    section = alert_ends({State.CLOSED: 3, State.PUBLISHED: 2, State.EXPIRED: 0}, EN)

    assert "Alerts published in the period: 5" in section.sentences[0]
    assert {"3", "2"} == {count for _, count in section.table.rows}
    assert alert_ends({}, EN).table is None


def test_quality_counts_rated_grids_and_reasons_of_the_others():
    silences = [
        Silence("feed", "12345", 9, date(2026, 3, 1), 4.25, silent=True),
        Silence("source", "hotline", 1, date(2026, 3, 2), 0.5, silent=False),
    ]
    quotas = [Quota("ledger", "grid_worker", 60, 18, {Sign.SAME_COUNT: 18, Sign.MONTH_END: 0})]
    section = quality(Coverage((None, None, "silent"), ("high", "high", "low")), silences, quotas, ZH)

    assert "期末3个网格中2个可以评定。" == section.sentences[0]
    assert section.sentences[1].startswith("1个网格")
    assert "来源系统“ledger”（来源类别：网格员）的记录像是按指标凑数：60个区域中有18个（每月件数雷同18个）" in section.sentences[2]
    assert [("数据源“12345”", "9", "4.2", "是")] == section.table.rows[:1]
    assert "否" == section.table.rows[1][-1]


@pytest.mark.parametrize(("review", "when"), [(None, "Not estimated yet."), (Review(date(2026, 3, 1), {}), "From data before 2026-03-01.")])
def test_what_helped_always_says_of_visits_whether_it_can_be_told(review, when):
    section = what_helped(review, EN)

    assert when == section.sentences[1]
    assert [("visits after alerts (grids drawn at random)", "No such record yet; cannot be told.")] == section.table.rows


def test_what_helped_says_each_treatment_that_was_estimated():
    estimates = {"helped/treatment/mediation_station": Estimate(ratio=0.6, low=0.4, high=0.9, units=24), "followed/shock/fire": Estimate()}
    rows = what_helped(Review(date(2026, 3, 1), estimates), EN).table.rows

    assert ["mediation station", "visits after alerts (grids drawn at random)"] == [row[0] for row in rows]
    assert rows[0][1].startswith("Helped: 0.60 times")
