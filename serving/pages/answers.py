"""Buttons of an alert: every step that a reader may take with it, one tap for the next step and for 无需处置, two for the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from serving.access.actor import Actor, Scope
from serving.alerts.alert import Alert
from serving.alerts.answering import permitted_actions
from serving.alerts.hand_over import areas_above, may_reach_departments
from serving.alerts.life import Action, reasons_for
from serving.pages.catalogue import Speaker
from serving.pages.gazetteer import Gazetteer
from serving.settings import Department

FORWARD = (Action.ACKNOWLEDGE, Action.START, Action.CLOSE)
MOST_FORWARD = 3
PANELS = {
    "panel_data_wrong": (Action.DATA_WRONG,),
    "panel_hand_over": (Action.HAND_OVER,),
    "panel_supervision": (Action.REQUEST_SUPERVISION, Action.SUPERVISE, Action.STRIKE_OFF),
    "panel_further": (*FORWARD, Action.NOT_NEEDED, Action.COMMENT, Action.REOPEN),
}
"""Panels under the bar, by the key of their title; what stands in the bar itself is left out of them."""


@dataclass(frozen=True)
class Answer:
    """One button: an action with its reason."""

    action: Action
    reason: str
    words: str


@dataclass(frozen=True)
class Choice:
    """One place or department that an alert can be handed to."""

    value: str
    words: str


@dataclass(frozen=True)
class HandOver:
    """What can be chosen when an alert is handed over."""

    areas: tuple[Choice, ...]
    grids: tuple[Choice, ...]
    """Other grids of the same community."""
    departments: tuple[Choice, ...]
    """Those that answer for the kind of the alert first."""
    reasons: tuple[Answer, ...]


@dataclass(frozen=True)
class Panel:
    """A group of buttons that opens with a tap."""

    title: str
    groups: tuple[tuple[str, tuple[Answer, ...]], ...]
    """What is done, and the reasons to choose from."""
    hand_over: HandOver | None = None


@dataclass(frozen=True)
class Answers:
    """All buttons of one alert."""

    bar: tuple[Answer, ...]
    """Always in reach of the thumb."""
    panels: tuple[Panel, ...]


def answers(found: Alert, actor: Actor, names: Gazetteer, departments: Sequence[Department], t: Speaker) -> Answers:
    """Return the buttons for an alert as it stands; none for those who may not answer."""
    permitted = permitted_actions(actor, found)
    forward = [answer for action in FORWARD if action in permitted for answer in _of(found, action, t)]
    calm = [answer for answer in forward if answer.action is Action.CLOSE][-1:] if found.state != "in_action" else []
    first = [answer for answer in forward if answer not in calm][:MOST_FORWARD]
    aside = list(_of(found, Action.NOT_NEEDED, t))[:1] if Action.NOT_NEEDED in permitted else []
    bar = (*first, *calm, *aside)
    hand_over = _hand_over(found, actor, names, departments, t) if Action.HAND_OVER in permitted else None
    return Answers(bar, tuple(_panels(found, permitted, bar, hand_over, t)))


def _panels(found: Alert, permitted: Sequence[Action], bar: Sequence[Answer], hand_over: HandOver | None, t: Speaker) -> Iterator[Panel]:
    for title, actions in PANELS.items():
        if title == "panel_hand_over":
            if hand_over:
                yield Panel(t(title), (), hand_over)
            continue
        left = [
            (action, tuple(answer for answer in _of(found, action, t) if answer not in bar)) for action in actions if action in permitted
        ]
        groups = tuple((t(f"do_{action}"), listed) for action, listed in left if listed)
        if groups:
            yield Panel(t(title), groups)


def _of(found: Alert, action: Action, t: Speaker) -> Iterator[Answer]:
    for code, words in reasons_for(found.state, action).items():
        yield Answer(action, code, t.of(words))


def _hand_over(found: Alert, actor: Actor, names: Gazetteer, departments: Sequence[Department], t: Speaker) -> HandOver:
    reasons = tuple(_of(found, Action.HAND_OVER, t))
    if actor.scope.department:
        return HandOver((Choice(found.owner, names.title(found.owner)),), (), (), reasons)
    areas = [path for path in areas_above(found.path) if path != found.owner or found.department]
    return HandOver(
        areas=tuple(Choice(path, names.title(path)) for path in areas),
        grids=tuple(Choice(path, names.title(path)) for path in _other_grids(found, actor, names)),
        departments=tuple(_departments(found, departments, t)) if may_reach_departments(actor) else (),
        reasons=reasons,
    )


def _other_grids(found: Alert, actor: Actor, names: Gazetteer) -> list[str]:
    community = Scope(found.path.rpartition("/")[0])
    if not actor.directs:
        return []
    beside = (path for path in names.grids if community.is_above(path) and actor.scope.covers(path))
    return sorted(path for path in beside if path not in (found.path, found.owner))


def _departments(found: Alert, departments: Sequence[Department], t: Speaker) -> Iterator[Choice]:
    here = [each for each in departments if Scope(each.area).covers(found.path) and each.code != found.department]
    for each in sorted(here, key=lambda each: found.kind not in each.kinds):
        yield Choice(each.code, each.name if t.language == "zh" else each.name_en)
