"""What is contested: how far its answer is, and what the list that followed an accepted correction changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from features.errors import NotFoundError
from serving.access.actor import Right
from serving.alerts.corrections import Correction, CorrectionStep, list_corrections
from serving.alerts.life import REASONS, Action
from serving.ledger import find, read_row
from serving.lists.rows import GridRow
from serving.pages.changes import Change, changes
from serving.pages.frame import said_moment
from serving.pages.gazetteer import PlaceName
from serving.pages.viewer import Viewer

MOST = 200
"""Corrections of one page."""


@dataclass(frozen=True)
class Contested:
    """One correction, said."""

    correction: Correction
    place: PlaceName
    reason: str
    steps: tuple[tuple[str, str], ...]
    """What happened and when, the first step first."""
    due: str | None
    overdue: bool
    changes: tuple[Change, ...] | None
    """What the list that followed changed; None where none has, or the reader may not see lists."""
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
    return tuple(step for step in CorrectionStep if not (step is CorrectionStep.ACKNOWLEDGED and correction.acknowledged_at))


def _moment(moment: datetime, viewer: Viewer) -> str:
    return said_moment(moment, viewer.t, viewer.site.settings.tz)
