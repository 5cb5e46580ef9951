"""Buttons of an alert: what its reader may do next, in reach of the thumb, and the rest in panels."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from serving.accounts.permissions import Scope
from serving.alerts.lifecycle import Action, State
from serving.alerts.schemas import Alert
from serving.alerts.transitions import permitted_actions, take_step
from serving.maps.place_names import Gazetteer
from serving.pages.alert_view import MOST_FORWARD, Answers, answers, bold_numbers, is_observable
from serving.pages.translations import Translator
from serving.settings import DEPARTMENTS
from tests.serving.alerts.conftest import ANALYST, COMMAND, LABOUR, NOW, TOWNSHIP, WORKER, Days, asked, days  # noqa: F401 - fixtures
from tests.support.made_alerts import make_line

T = Translator("zh")
NAMES = Gazetteer(
    {"d/t1": "甲街道", "d/t1/c1": "滨河社区", "d/t1/c2": "乙社区"},
    {f"d/t1/c1/g{number}": f"甲街道滨河社区第{number}网格" for number in (1, 2)} | {"d/t1/c2/g3": "甲街道乙社区第3网格"},
)


@pytest.fixture
def raised(days: Days) -> Alert:  # noqa: F811 - the fixture
    days.publish()
    return days.alerts(WORKER)[0]


def offered(found: Alert, actor) -> Answers:
    return answers(found, actor, NAMES, DEPARTMENTS, T)


def actions(shown: Answers) -> set[Action]:
    in_panels = {answer.action for panel in shown.panels for _, group in panel.groups for answer in group}
    handed = {Action.HAND_OVER} if any(panel.hand_over for panel in shown.panels) else set()
    return {answer.action for answer in shown.bar} | in_panels | handed


@pytest.mark.parametrize("actor", [COMMAND, TOWNSHIP, WORKER], ids=lambda actor: actor.name)
def test_every_permitted_action_is_offered_and_no_other(raised, actor):
    assert set(permitted_actions(actor, raised)) == actions(offered(raised, actor))


def test_who_may_not_answer_has_no_button(raised):
    assert Answers((), ()) == offered(raised, ANALYST)


def test_bar_holds_the_next_step_and_few_buttons(raised):
    bar = offered(raised, WORKER).bar

    assert Action.ACKNOWLEDGE == bar[0].action
    assert len(bar) <= MOST_FORWARD + 2
    assert len(bar) == len({(answer.action, answer.reason) for answer in bar})


def test_no_button_stands_twice(raised):
    shown = offered(raised, COMMAND)
    in_panels = [(answer.action, answer.reason) for panel in shown.panels for _, group in panel.groups for answer in group]

    assert len(in_panels) == len(set(in_panels))
    assert [] == [answer for answer in shown.bar if (answer.action, answer.reason) in in_panels]


def test_step_that_was_taken_is_offered_no_more(raised, days: Days, asked):  # noqa: F811
    take_step(days.engine, WORKER, raised.alert_id, asked("acknowledge"), NOW)
    after = days.alerts(WORKER)[0]

    assert State.ACKNOWLEDGED == after.state
    assert Action.ACKNOWLEDGE not in actions(offered(after, WORKER))
    assert Action.START in actions(offered(after, WORKER))


def hand_over(found: Alert, actor):
    return next(panel.hand_over for panel in offered(found, actor).panels if panel.hand_over)


def test_grid_worker_hands_over_upwards_and_a_unit_that_directs_to_its_grids_too(raised):
    deep = raised.model_copy(update={"path": "d/t1/c1/g1", "owner": "d/t1/c1/g1"})
    worker, town = hand_over(deep, replace(WORKER, scope=Scope("d/t1/c1/g1"))), hand_over(deep, TOWNSHIP)

    assert {"d", "d/t1", "d/t1/c1"} == {choice.value for choice in worker.areas}
    assert ((), ["d/t1/c1/g2"]) == (worker.grids, [choice.value for choice in town.grids])


def test_department_that_answers_for_the_kind_stands_first(raised):
    kind = DEPARTMENTS[1].kinds[0]
    choices = [choice.value for choice in hand_over(raised.model_copy(update={"kind": kind}), COMMAND).departments]

    assert DEPARTMENTS[1].code == choices[0]
    assert {each.code for each in DEPARTMENTS} == set(choices)


def test_department_hands_back_to_the_unit_that_holds_the_alert(raised):
    handed = raised.model_copy(update={"department": "labour"})
    choices = hand_over(handed, LABOUR)

    assert ([raised.owner], (), ()) == ([choice.value for choice in choices.areas], choices.grids, choices.departments)


@pytest.mark.parametrize(("part", "observable"), [("open", True), ("closed", True), ("new", False), ("rest", False)])
def test_field_is_asked_about_cases_and_not_about_expectations(part, observable):
    assert observable is is_observable(SimpleNamespace(line=make_line(part)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("近28天新增5件", "近<b>28天</b>新增<b>5件</b>"),
        ("少量(不足3件)", "少量(不足3件)"),
        ("a few (under 3)", "a few (under 3)"),
        ("<i>2次</i>", "&lt;i&gt;<b>2次</b>&lt;/i&gt;"),
        ("约1.5–2倍", "约<b>1.5</b>–<b>2</b>倍"),
    ],
)
def test_figures_stand_out_and_texts_are_escaped(text, expected):
    assert expected == str(bold_numbers(text))
