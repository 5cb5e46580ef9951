"""One alert on a phone: what is the matter, what may lawfully be done, and which button."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from serving.accounts.permissions import Actor, Scope
from serving.alerts.feedback import ReasonFeedback, verdicts
from serving.alerts.lifecycle import Action, reasons_for
from serving.alerts.queries import find_alert, history, not_alerted
from serving.alerts.rule import Outcome
from serving.alerts.schemas import Alert, SaidReason
from serving.alerts.transitions import areas_above, may_reach_departments, permitted_actions
from serving.maps.place_names import Gazetteer, PlaceName
from serving.pages.handling_view import Handling, PastStep, names_of, say_handling, say_history, say_visits, unit_name
from serving.pages.page import Viewer
from serving.pages.translations import Translator, fact
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
    """Choices for handing an alert over."""

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
    """Step, and the reasons to choose from."""
    hand_over: HandOver | None = None


@dataclass(frozen=True)
class Answers:
    """All buttons of one alert."""

    bar: tuple[Answer, ...]
    """Always in reach of the thumb."""
    panels: tuple[Panel, ...]


def answers(found: Alert, actor: Actor, names: Gazetteer, departments: Sequence[Department], t: Translator) -> Answers:
    """Return the buttons for an alert as it stands; none for those who may not answer."""
    permitted = permitted_actions(actor, found)
    forward = [answer for action in FORWARD if action in permitted for answer in _of(found, action, t)]
    calm = [answer for answer in forward if answer.action is Action.CLOSE][-1:] if found.state != "in_action" else []
    first = [answer for answer in forward if answer not in calm][:MOST_FORWARD]
    aside = list(_of(found, Action.NOT_NEEDED, t))[:1] if Action.NOT_NEEDED in permitted else []
    bar = (*first, *calm, *aside)
    hand_over = _hand_over(found, actor, names, departments, t) if Action.HAND_OVER in permitted else None
    return Answers(bar, tuple(_panels(found, permitted, bar, hand_over, t)))


def _panels(found: Alert, permitted: Sequence[Action], bar: Sequence[Answer], hand_over: HandOver | None, t: Translator) -> Iterator[Panel]:
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


def _of(found: Alert, action: Action, t: Translator) -> Iterator[Answer]:
    for code, words in reasons_for(found.state, action).items():
        yield Answer(action, code, t.of(words))


def _hand_over(found: Alert, actor: Actor, names: Gazetteer, departments: Sequence[Department], t: Translator) -> HandOver:
    reasons = tuple(_of(found, Action.HAND_OVER, t))
    if actor.scope.department:
        return HandOver((Choice(found.owner, unit_name(names, found.owner, t)),), (), (), reasons)
    areas = [path for path in areas_above(found.path) if path != found.owner or found.department]
    return HandOver(
        areas=tuple(Choice(path, unit_name(names, path, t)) for path in areas),
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


def _departments(found: Alert, departments: Sequence[Department], t: Translator) -> Iterator[Choice]:
    here = [each for each in departments if Scope(each.area).covers(found.path) and each.code != found.department]
    for each in sorted(here, key=lambda each: found.kind not in each.kinds):
        yield Choice(each.code, each.name if t.language == "zh" else each.name_en)


REASONS_SHOWN = 3
_NUMBER = re.compile(r"(?<!不足)(?<!under )(\d+(?:[–.]\d+)?(?:件|次|天|位)?)")


@dataclass(frozen=True)
class Said:
    """One reason, and what was answered to it."""

    group: str
    words: Markup
    verdicts: Mapping[ReasonFeedback, int]
    observable: bool
    """True where the field can see whether it is so."""


@dataclass(frozen=True)
class AlertView:
    """All that the page of one alert shows."""

    alert: Alert
    place: PlaceName
    often: Markup
    reasons: tuple[Said, ...]
    deeds: tuple[tuple[str, str], ...]
    """Recommended actions, and their legal basis."""
    changes: tuple[str, ...]
    """Changes since the list before."""
    notes: tuple[str, ...]
    answers: Answers
    handling: Handling
    visits: tuple[str, ...]
    """Visits that were recorded for this alert, with what was found and when."""
    past: Sequence[PastStep]
    needs_note: bool
    """True where lists have named the grid again and again without a remark by a person."""
    key: str
    """Idempotency key of the forms on this copy of the page."""
    today: date


def view_alert(viewer: Viewer, alert_id: str, key: str) -> AlertView:
    """Put the page of one alert together.

    Raises:
        NotFoundError: there is no such alert within reach.
    """
    alert, t = find_alert(viewer.engine, viewer.actor, alert_id), viewer.t
    names, steps = names_of(viewer), history(viewer.engine, viewer.actor, alert_id)
    handling = say_handling(viewer, alert, steps, names)
    given = verdicts(viewer.engine, viewer.actor, alert_id)
    text = alert.text
    notes = (*text.background, *text.notes, text.confidence)
    return AlertView(
        alert=alert,
        place=_place(viewer, alert),
        often=bold_numbers(t.of(text.frequency)),
        reasons=tuple(
            Said(each.group, bold_numbers(t.of(fact(each.words))), given.get(each.group, Counter()), is_observable(each))
            for each in text.reasons[:REASONS_SHOWN]
        ),
        deeds=tuple((t.of(each.words), t.of(each.legal_basis) if each.legal_basis else "") for each in text.suggestions),
        changes=tuple(t.of(change) for change in text.changes),
        notes=tuple(t.of(note) for note in notes),
        answers=answers(alert, viewer.actor, names, viewer.site.settings.alerts.departments, t),
        handling=handling,
        visits=say_visits(viewer, alert),
        past=say_history(viewer, steps, names),
        needs_note=_needs_note(viewer, alert.grid_id),
        key=key,
        today=viewer.local_now.date(),
    )


def is_observable(reason: SaidReason) -> bool:
    """Tell whether the field can see what a reason says: cases that it handles, not what a model expects."""
    return reason.line is None or reason.line.part in {"open", "closed"}


def bold_numbers(text: str) -> Markup:
    """Let figures stand out.

    >>> bold_numbers("近28天新增<5件")
    Markup('近<b>28天</b>新增&lt;<b>5件</b>')
    """
    parts = enumerate(_NUMBER.split(text))
    return Markup("").join(Markup("<b>{}</b>").format(part) if number % 2 else escape(part) for number, part in parts)


def _needs_note(viewer: Viewer, grid_id: str) -> bool:
    current = viewer.reading.shelf.current
    held = not_alerted(viewer.engine, viewer.scope, current.head.entry.origin.as_of) if current else {}
    return held.get(grid_id) is Outcome.NEEDS_NOTE


def _place(viewer: Viewer, alert: Alert) -> PlaceName:
    return names_of(viewer).place(alert.path)
