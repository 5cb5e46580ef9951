"""Undertakings in words: where they lie, what a project lacks, and how long an ended one is shown."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from features.undertakings.undertaking import KIND_WORDS, Undertaking, sub_kinds_of
from serving.accounts.permissions import Scope
from serving.maps.place_names import Gazetteer
from serving.pages.translations import Translator
from serving.pages.undertakings_view import ENDED, MOST_PLACES, _checks, _choices, _helped, _is_recent, _line, _where
from serving.undertakings.register import Estimate, Placed, Review
from tests.serving.alerts.conftest import STRANGER, TOWNSHIP, WORKER

T = Translator("zh")
TODAY = date(2026, 1, 9)
PROJECT = Undertaking(
    "U1", "project", "construction", "d/t1", TODAY, TODAY + timedelta(days=5), name="滨河路改造", assessed=True, heard=False
)
NAMES = Gazetteer({f"d/t{number}": f"{name}街道" for number, name in enumerate("甲乙丙丁", start=1)}, {})


def line(one: Undertaking, actor=TOWNSHIP, review: Review | None = None):
    viewer = SimpleNamespace(t=T, actor=actor, scope=actor.scope)
    return _line(Placed(one, ("d/t1",)), viewer, NAMES, review, TODAY)


@pytest.mark.parametrize(
    ("start", "end", "stage"),
    [(1, None, "announced"), (0, None, "underway"), (-9, 1, "underway"), (-9, 0, "ended"), (-9, -1, "ended")],
)
def test_stage_goes_by_half_open_days(start, end, stage):
    days = replace(PROJECT, start_at=TODAY + timedelta(days=start), end_at=None if end is None else TODAY + timedelta(days=end))

    assert stage == line(days).stage


def test_line_says_kind_and_name_and_may_be_ended_in_its_area_by_right_alone():
    assert "施工项目 · 滨河路改造" == line(PROJECT).title
    assert (True, False, False) == tuple(line(PROJECT, actor).may_end for actor in (TOWNSHIP, STRANGER, WORKER))
    assert not line(replace(PROJECT, start_at=TODAY - timedelta(days=9), end_at=TODAY)).may_end


@pytest.mark.parametrize(
    ("one", "checks"),
    [
        (PROJECT, ("undertaking_not_heard",)),
        (replace(PROJECT, assessed=None, heard=None), ("undertaking_not_assessed", "undertaking_not_heard")),
        (replace(PROJECT, heard=True), ()),
        (replace(PROJECT, kind="campaign", sub_kind="screening"), ()),
    ],
)
def test_project_lacks_what_is_not_known_to_be_done(one, checks):
    assert checks == _checks(Placed(one, ()))


def test_places_are_named_up_to_a_few_and_counted_beyond():
    paths = tuple(f"d/t{number}" for number in range(1, 5))

    assert T("whole") == _where(Placed(PROJECT, ()), NAMES, T)
    assert "甲街道" == _where(Placed(PROJECT, paths[:1]), NAMES, T)
    assert _where(Placed(PROJECT, paths), NAMES, T).endswith(T("undertaking_further", n=len(paths) - MOST_PLACES))


@pytest.mark.parametrize(("ended_days_ago", "shown"), [(None, True), (-5, True), (ENDED.days - 1, True), (ENDED.days, False)])
def test_ended_one_is_shown_for_a_while(ended_days_ago, shown):
    end = None if ended_days_ago is None else TODAY - timedelta(days=ended_days_ago)

    assert shown is _is_recent(Placed(replace(PROJECT, start_at=TODAY - timedelta(days=200), end_at=end), ()), TODAY)


def test_what_followed_is_said_of_projects_and_not_of_treatments():
    review = Review(TODAY, {"followed/project/construction": Estimate(ratio=2.1, low=1.4, high=3.0, units=12, cases=60)})

    assert "2.1倍" in line(PROJECT, review=review).followed
    assert "" == line(replace(PROJECT, kind="treatment", sub_kind="mediation_station"), review=review).followed


def test_acting_on_alerts_always_has_a_line():
    helped = _helped(Review(TODAY, {"helped/treatment/mediation_station": Estimate(ratio=0.6, low=0.4, high=0.9, units=24)}), T)

    assert ["调解站点", T("undertaking_acting")] == [name for name, _ in helped]
    assert [T("undertaking_acting")] == [name for name, _ in _helped(None, T)]


def test_every_kind_can_be_chosen_with_each_of_its_own():
    chosen = {(kind, sub_kind) for kind, sub_kind, _ in _choices(T)}

    assert {(kind, sub_kind) for kind in KIND_WORDS for sub_kind in sub_kinds_of(kind, ())} == chosen


def test_scope_of_a_department_may_end_nothing():
    assert not Placed(PROJECT, ("d/t1",)).lies_in(Scope("", "labour"))
