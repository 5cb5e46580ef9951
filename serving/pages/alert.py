"""One alert on a phone: what is the matter, what may lawfully be done, and which button."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from serving.alerts.alert import Alert
from serving.alerts.feedback import Verdict, verdicts
from serving.alerts.rule import Outcome
from serving.alerts.store import find_alert, history, not_alerted
from serving.pages.answers import Answers, answers
from serving.pages.gazetteer import PlaceName
from serving.pages.handling_view import Handling, PastStep, names_of, say_handling, say_history, say_visits
from serving.pages.phrases import fact
from serving.pages.viewer import Viewer

REASONS_SHOWN = 3
_NUMBER = re.compile(r"(?<!不足)(?<!under )(\d+(?:[–.]\d+)?(?:件|次|天|位)?)")
_LAW = re.compile(r"^(?P<deed>.*?)\((?P<law>《.*》.*)\)[。]?$")


@dataclass(frozen=True)
class Said:
    """One reason, and what was answered to it."""

    group: str
    words: Markup
    verdicts: Mapping[Verdict, int]


@dataclass(frozen=True)
class AlertView:
    """All that the page of one alert shows."""

    alert: Alert
    place: PlaceName
    often: Markup
    reasons: tuple[Said, ...]
    deeds: tuple[tuple[str, str], ...]
    """What may be done, and its legal basis."""
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
    notes = (*text.background, *text.certainty[:-2], *text.certainty[-1:], *text.changes)
    return AlertView(
        alert=alert,
        place=_place(viewer, alert),
        often=bold_numbers(t.of(text.certainty[-2])),
        reasons=tuple(
            Said(each.group, bold_numbers(t.of(fact(each.words))), given.get(each.group, Counter()))
            for each in text.reasons[:REASONS_SHOWN]
        ),
        deeds=tuple(_deed(t.of(each.words)) for each in text.suggestions),
        notes=tuple(t.of(note) for note in notes),
        answers=answers(alert, viewer.actor, names, viewer.site.settings.alerts.departments, t),
        handling=handling,
        visits=say_visits(viewer, alert),
        past=say_history(viewer, steps, names),
        needs_note=_needs_note(viewer, alert.grid_id),
        key=key,
        today=viewer.local_now.date(),
    )


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


def _deed(words: str) -> tuple[str, str]:
    """Take an action and its legal basis apart.

    >>> _deed("由人民调解员及时调解(《人民调解法》第17条)。")
    ('由人民调解员及时调解', '《人民调解法》第17条')
    """
    found = _LAW.match(words)
    return (found["deed"], found["law"]) if found else (words, "")
