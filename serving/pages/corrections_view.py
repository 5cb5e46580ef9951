"""View of corrections: how far each is decided, and what the list that followed an accepted one changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from features.errors import NotFoundError
from serving.accounts.permissions import Right
from serving.alerts.corrections import Correction, CorrectionStep, list_corrections
from serving.alerts.lifecycle import REASONS, Action
from serving.maps.place_names import PlaceName
from serving.pages.layout import moment_text
from serving.pages.page import Viewer
from serving.pages.translations import Translator, count, often, ranks
from serving.rankings.ledger import find, read_row
from serving.rankings.schemas import GridRow
from serving.text import ATTENTION


@dataclass(frozen=True)
class Change:
    """One figure that differs."""

    name: str
    before: str
    now: str


def changes(before: GridRow, now: GridRow, t: Translator) -> tuple[Change, ...]:
    """Say what differs between two rows of the same grid."""
    said = (Change(name, then, since) for name, then, since in [*_open_cases(before, now, t), *_scores(before, now, t)])
    return tuple(each for each in said if each.before != each.now)


def _open_cases(before: GridRow, now: GridRow, t: Translator) -> Iterator[tuple[str, str, str]]:
    for age, (old, new) in enumerate(zip(before.open_cases, now.open_cases, strict=False)):
        yield f"{t('open_of_age')} {t(f'waiting_{age}')}", count(old, t), count(new, t)


def _scores(before: GridRow, now: GridRow, t: Translator) -> Iterator[tuple[str, str, str]]:
    if now.score and before.score:
        yield t("of_hundred"), often(before.score.risk, t), often(now.score.risk, t)
        yield t("rank"), ranks(before.score, t), ranks(now.score, t)
        yield t("level"), t.of(ATTENTION[before.score.attention_level]), t.of(ATTENTION[now.score.attention_level])


MOST = 200
"""Corrections of one page."""


@dataclass(frozen=True)
class Contested:
    """One correction, said."""

    correction: Correction
    place: PlaceName
    reason: str
    steps: tuple[tuple[str, str], ...]
    """History, the first step first."""
    due: str | None
    overdue: bool
    changes: tuple[Change, ...] | None
    """Change in the list that followed; None where none has, or the reader may not see lists."""
    answers: tuple[CorrectionStep, ...]
    """Steps that the reader may take."""


def view_corrections(viewer: Viewer) -> tuple[Contested, ...]:
    """Say the corrections in reach: those with a step to come first, the one due soonest at the top, then the last that are done."""
    found = list_corrections(viewer.engine, viewer.actor)
    waiting = sorted((each for each in found if each.due_at), key=lambda each: (each.due_at, each.id))
    done = sorted((each for each in found if each.due_at is None), key=lambda each: -each.id)
    return say([*waiting, *done][:MOST], viewer)


def of_grid(viewer: Viewer, grid_id: str) -> tuple[Contested, ...]:
    """Say the corrections of one grid, the newest first."""
    return say([each for each in reversed(list_corrections(viewer.engine, viewer.actor)) if each.grid_id == grid_id], viewer)


def say(corrections: Iterable[Correction], viewer: Viewer) -> tuple[Contested, ...]:
    """Say corrections in the reader's words."""
    current = viewer.reading.shelf.current
    names = viewer.site.atlas.names(viewer.engine, current.head.ranking_id if current else "")
    return tuple(
        Contested(
            correction=each,
            place=names.place(each.path),
            reason=viewer.t.of(REASONS[Action.DATA_WRONG][each.reason]),
            steps=tuple(_steps(each, viewer)),
            due=_moment(each.due_at, viewer) if each.due_at else None,
            overdue=each.overdue(viewer.now),
            changes=_changes(each, viewer),
            answers=_answers(each, viewer),
        )
        for each in corrections
    )


def _steps(correction: Correction, viewer: Viewer) -> Iterable[tuple[str, str]]:
    decided = "correction_accepted" if correction.accepted else "correction_refused"
    taken = (
        ("correction_entered", correction.at),
        ("correction_acknowledged", correction.acknowledged_at),
        (decided, correction.decided_at),
        ("correction_rescored", correction.rescored_at),
    )
    return ((viewer.t(key), _moment(at, viewer)) for key, at in taken if at)


def _changes(correction: Correction, viewer: Viewer) -> tuple[Change, ...] | None:
    if not (correction.before and correction.after and viewer.actor.may(Right.READ_LISTS)):
        return None
    rows = [_row(name, correction.grid_id, viewer) for name in (correction.before, correction.after)]
    return changes(rows[0], rows[1], viewer.t) if rows[0] and rows[1] else None


def _row(name: str, grid_id: str, viewer: Viewer) -> GridRow | None:
    """Return the row of a grid on a list; None where it is not on it, or the list waits for its release."""
    try:
        body = read_row(viewer.engine, viewer.scope, find(viewer.engine, name), "grid", grid_id)
    except NotFoundError:
        return None
    return GridRow.model_validate_json(body) if body else None


def _answers(correction: Correction, viewer: Viewer) -> tuple[CorrectionStep, ...]:
    if correction.decided_at or not viewer.actor.may(Right.DECIDE_CORRECTIONS):
        return ()
    acknowledgement = () if correction.acknowledged_at else (CorrectionStep.ACKNOWLEDGED,)
    return acknowledgement if correction.own else (*acknowledgement, CorrectionStep.ACCEPTED, CorrectionStep.REFUSED)


def _moment(moment: datetime, viewer: Viewer) -> str:
    return moment_text(moment, viewer.t, viewer.site.settings.tz)
