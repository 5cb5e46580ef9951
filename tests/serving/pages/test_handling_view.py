"""Handling in words: time left, units, departments and what is due."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from serving.alerts.lifecycle import State
from serving.maps.place_names import Gazetteer
from serving.pages.handling_view import department_name, say_due, say_left, unit_name
from serving.pages.translations import Translator
from serving.settings import DEPARTMENTS, Settings
from tests.serving.alerts.conftest import NOW

ZH, EN = Translator("zh"), Translator("en")
NAMES = Gazetteer({"d/t1": "甲街道", "d/t1/c1": "滨河社区"}, {"d/t1/c1/g1": "甲街道滨河社区第1网格", "d/t1/c1/g2": "甲街道滨河社区第2网格"})


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(minutes=5), "剩余1小时"),
        (timedelta(hours=47, minutes=59), "剩余47小时"),
        (timedelta(days=2), "剩余2天"),
        (timedelta(minutes=-1), "已超时1小时"),
        (timedelta(days=-3), "已超时3天"),
    ],
)
def test_time_left_is_said_in_hours_below_two_days(left, expected):
    assert expected == say_left(left, ZH)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("d", "区级指挥中心"), ("", "区级指挥中心"), ("d/t1", "甲街道"), ("d/t1/c1/g1", "甲街道滨河社区第1网格"), ("d/t9", "t9")],
)
def test_unit_is_called_by_its_area_and_the_topmost_by_its_office(path, expected):
    assert expected == unit_name(NAMES, path, ZH)


def test_department_is_called_by_its_name_and_by_its_code_once_it_is_configured_no_more():
    labour = DEPARTMENTS[0]

    assert (labour.name, labour.name_en) == tuple(department_name(DEPARTMENTS, labour.code, t) for t in (ZH, EN))
    assert "dissolved" == department_name(DEPARTMENTS, "dissolved", ZH)


def viewer(now: datetime):
    return SimpleNamespace(t=ZH, now=now, site=SimpleNamespace(settings=Settings()))


@pytest.mark.parametrize(("seconds", "overdue"), [(0, False), (1, True)])
def test_due_turns_overdue_with_the_second_after_its_term(seconds, overdue):
    hours = Settings().alerts.due_hours.acknowledge
    due = say_due(viewer(NOW + timedelta(hours=hours, seconds=seconds)), SimpleNamespace(state=State.PUBLISHED, since=NOW))

    assert due is not None
    assert overdue is due.overdue
    assert due.left.startswith("已超时" if overdue else "剩余")


@pytest.mark.parametrize("state", [State.CLOSED, State.EXPIRED, State.NOT_NEEDED])
def test_alert_that_has_ended_has_nothing_due(state):
    assert say_due(viewer(NOW), SimpleNamespace(state=state, since=NOW)) is None
