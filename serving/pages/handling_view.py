"""Handling of an alert in words: with whom it is, what is due by when, and what was done, by which unit and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from serving.alerts.feedback import visits_of_alert
from serving.alerts.lifecycle import REASONS, Action, due_at
from serving.alerts.schemas import Alert, AlertStep
from serving.maps.place_names import Gazetteer
from serving.pages.layout import moment_text
from serving.pages.page import Viewer
from serving.pages.translations import Translator
from serving.settings import Department

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """The next step of an alert and its term."""

    words: str
    """Next step and its term."""
    left: str
    """Time left, or time over."""
    overdue: bool


@dataclass(frozen=True)
class Handling:
    """Holder of an alert, and others that know of it."""

    holder: str
    others: tuple[str, ...]
    """Units that took a step, the holder aside."""
    due: Due | None


@dataclass(frozen=True)
class PastStep:
    """One line of the history."""

    action: str
    reason: str
    unit: str
    at: str


def names_of(viewer: Viewer) -> Gazetteer:
    """Return what the places of the newest list are called."""
    current = viewer.reading.shelf.current
    return viewer.site.atlas.names(viewer.engine, current.head.ranking_id if current else "")


def say_handling(viewer: Viewer, found: Alert, steps: Sequence[AlertStep], names: Gazetteer) -> Handling:
    """Say with whom an alert is, who else took part, and what is due."""
    holder = _unit(viewer, found.owner, found.department, names)
    involved = [name for step in steps if (name := _unit(viewer, step.unit, step.unit_department, names))]
    handed = [name for step in steps if (name := _unit(viewer, step.owner, step.department, names))]
    others = tuple(name for name in dict.fromkeys([*handed, *involved]) if name != holder)
    return Handling(holder, others, say_due(viewer, found))


def say_due(viewer: Viewer, found: Alert) -> Due | None:
    """Say the next step and its term; None where the alert has ended."""
    due = due_at(found.state, found.since, viewer.site.settings.alerts.due_hours)
    if due is None:
        return None
    t, left = viewer.t, due - viewer.now
    at = moment_text(due, t, viewer.site.settings.tz)
    return Due(t(f"due_{found.state}", at=at), say_left(left, t), left < timedelta())


def say_left(left: timedelta, t: Translator) -> str:
    """Say how much time is left, or how long a term is over.

    >>> say_left(timedelta(hours=5, minutes=40), Translator("zh")), say_left(timedelta(days=-2), Translator("zh"))
    ('剩余5小时', '已超时2天')
    """
    over, size = left < timedelta(), abs(left)
    amount = t("days", n=size // DAY) if size >= 2 * DAY else t("hours", n=max(size // HOUR, 1))
    return t("time_over" if over else "time_left", amount=amount)


def say_history(viewer: Viewer, steps: Sequence[AlertStep], names: Gazetteer) -> tuple[PastStep, ...]:
    """Say each step with its reason, the unit that took it and when."""
    return tuple(_past(viewer, step, names) for step in steps)


def say_visits(viewer: Viewer, found: Alert) -> tuple[str, ...]:
    """Say the visits that were recorded for an alert, the first one first."""
    return tuple(
        viewer.t("visit_recorded", found=viewer.t(f"found_{each.found}"), at=_moment(each.at, viewer))
        for each in visits_of_alert(viewer.engine, viewer.actor, found.alert_id)
    )


def unit_name(names: Gazetteer, path: str, t: Translator) -> str:
    """Name the unit of an area; of a topmost one without a name, the command centre.

    >>> unit_name(Gazetteer({}, {"990101/990101001/g1": "甲街道第1网格"}), "990101", Translator("zh"))
    '区级指挥中心'
    """
    return names.title(path) if "/" in path or path in names.areas else t("unit_whole")


def department_name(departments: Sequence[Department], code: str, t: Translator) -> str:
    """Return what a department is called, or its code where it is configured no more."""
    known = next((each for each in departments if each.code == code), None)
    return code if known is None else known.name if t.language == "zh" else known.name_en


def _past(viewer: Viewer, step: AlertStep, names: Gazetteer) -> PastStep:
    t = viewer.t
    reason = REASONS[Action(step.action)].get(step.reason) if step.action in set(Action) else None
    said = t.of(reason) if reason else ""
    if step.action == Action.HAND_OVER:
        said = t("handed_to", unit=_unit(viewer, step.owner, step.department, names), why=said)
    unit = _unit(viewer, step.unit, step.unit_department, names)
    return PastStep(t(f"did_{step.action}"), said, unit, _moment(step.at, viewer))


def _unit(viewer: Viewer, path: str | None, department: str | None, names: Gazetteer) -> str:
    if department:
        return department_name(viewer.site.settings.alerts.departments, department, viewer.t)
    if path is None:
        return ""
    return unit_name(names, path, viewer.t)


def _moment(moment: datetime, viewer: Viewer) -> str:
    return moment_text(moment, viewer.t, viewer.site.settings.tz)
