from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from features.errors import NotReadyError
from serving.accounts.permissions import Scope
from serving.briefs.desk import AreaList, Desk, days_listed, gazetteer_of, read_list
from serving.maps.place_names import Gazetteer
from serving.settings import Settings
from tests.serving.alerts.conftest import AS_OF, NOW
from tests.serving.briefs.conftest import listed, write
from tests.support.made_alerts import make_row

NAMES = Gazetteer({"d/t1": "甲街道"}, {"d/t1/g1": "甲街道第1网格"})


def desk(engine=None, area="", language="zh", **settings) -> Desk:
    return Desk(engine, Settings(**settings), Scope(area), NAMES, NOW, language)


def at_levels(*levels: str | None):
    """Return a grid for each level, ranked in this order; None is not rated."""
    rows = [make_row(f"g{number}", None if level is None else number) for number, level in enumerate(levels, start=1)]
    return [
        row.model_copy(update={"score": row.score.model_copy(update={"attention_level": level})}) if level else row
        for row, level in zip(rows, levels, strict=True)
    ]


def test_brief_before_the_first_list_is_refused(days):
    with pytest.raises(NotReadyError, match="yujing rank"):
        write(days)


def test_brief_of_an_area_that_is_on_no_list_is_refused(days):
    days.publish(listed("g1"))

    with pytest.raises(NotReadyError, match="grids of its area"):
        write(days, area="d/t9")


@pytest.mark.parametrize(
    ("moment", "zh", "en"),
    [
        (datetime(2028, 2, 29, 15, 59, tzinfo=UTC), "2月29日23:59", "29 February 23:59"),
        (datetime(2028, 2, 29, 16, 0, tzinfo=UTC), "2月29日24:00", "29 February 24:00"),
        (datetime(2028, 2, 29, 16, 1, tzinfo=UTC), "3月1日00:01", "1 March 00:01"),
        (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), "12月31日24:00", "31 December 24:00"),
    ],
)
def test_moment_of_midnight_ends_the_day_before(moment, zh, en):
    assert (zh, en) == (desk().moment(moment), desk(language="en").moment(moment))


def test_midnight_of_a_day_whose_clocks_change_is_that_of_its_own_zone():
    new_york = desk(zone="America/New_York", calendar={"country": "US"})
    first, next_day = new_york.midnight(date(2026, 3, 8)), new_york.midnight(date(2026, 3, 9))

    assert timedelta(hours=23) == next_day.astimezone(UTC) - first.astimezone(UTC)
    assert "8 March 24:00" == Desk(None, new_york.settings, Scope(""), NAMES, NOW, "en").moment(next_day.astimezone(UTC))


@pytest.mark.parametrize(
    ("day", "zh", "en"),
    [
        (date(2028, 2, 29), "2028年2月29日 星期二", "Tuesday, 29 February 2028"),
        (date(2026, 11, 1), "2026年11月1日 星期日", "Sunday, 1 November 2026"),
    ],
)
def test_whole_day_has_its_year_and_weekday(day, zh, en):
    assert (zh, en) == (desk().whole_day(day), desk(language="en").whole_day(day))


def test_today_is_the_day_of_the_desk_s_own_zone():
    late = datetime(2026, 1, 9, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai"))

    assert date(2026, 1, 9) == Desk(None, Settings(), Scope(""), NAMES, late).today


@pytest.mark.parametrize(
    ("area", "zh", "en"), [("", "全区", "The whole district"), ("d", "全区", "The whole district"), ("d/t1", "甲街道", "甲街道")]
)
def test_area_of_a_district_is_the_whole(area, zh, en):
    assert (zh, en) == (desk(area=area).area, desk(area=area, language="en").area)


def test_area_without_a_name_is_called_by_its_code():
    assert "t2" == desk(area="d/t2").area


@pytest.mark.parametrize(
    ("levels", "leading"),
    [
        (("priority", "priority", "elevated", "watch", None), ["g1", "g2"]),
        (("watch", "routine"), ["g1"]),
        (("routine", "routine"), []),
        ((None, None), []),
    ],
)
def test_leading_grids_are_those_of_the_highest_level_but_routine(days, levels, leading):
    days.publish(at_levels(*levels))

    assert leading == [row.grid_id for row in read_list(desk(days.engine)).leading]


def test_unrated_grids_are_those_without_a_score_alone(days):
    days.publish(at_levels("priority", "routine", None, None))
    area_list = read_list(desk(days.engine))

    assert ["g4", "g3"] == [row.grid_id for row in area_list.unrated]
    assert {"d/t1/g2": "示例g2网格"} == area_list.level_of("routine")
    assert {} == area_list.level_of("watch")


def test_list_of_an_area_holds_its_own_grids_alone(days):
    days.publish(listed("g2", "g1"))
    own = read_list(desk(days.engine, "d/t1"))

    assert ["g1"] == [row.grid_id for row in own.leading]
    assert {"d/t1/g1": "示例g1网格"} == own.level_of("priority")
    assert () == read_list(desk(days.engine, "d/t9")).rows


def test_read_list_of_a_day_or_target_without_one_is_none(days):
    days.publish(listed("g1"))

    assert AS_OF == read_list(desk(days.engine), AS_OF, "escalation").as_of
    assert [None, None] == [read_list(desk(days.engine), AS_OF + timedelta(days=1)), read_list(desk(days.engine), AS_OF, "overdue")]


def test_days_listed_hold_both_ends_and_each_day_once(days):
    for day in (0, 0, 2, 5):
        days.publish(listed("g1"), days=day)
    ends = AS_OF, AS_OF + timedelta(days=2)

    assert list(ends) == days_listed(days.engine, "escalation", *ends)
    assert [] == days_listed(days.engine, "overdue", *ends)
    assert [] == days_listed(days.engine, "escalation", *reversed(ends))


def test_lists_may_come_from_memory_instead_of_the_ledger(days):
    days.publish(listed("g1"))
    kept = read_list(desk(days.engine)).listed

    assert AreaList(kept, Scope("d/t1")) == read_list(Desk(days.engine, Settings(), Scope("d/t1"), NAMES, NOW, take=lambda _: kept))


def test_gazetteer_of_a_list_knows_grids_of_every_area(days):
    days.publish(listed("g1"))

    assert {f"d/t{1 + (number - 1) % 2}/g{number}" for number in range(1, 7)} == set(
        gazetteer_of(days.engine, read_list(desk(days.engine)).listed).grids
    )
