"""View of undertakings: those under way and ahead, what such were followed by, and what helped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from features.undertakings.undertaking import KIND_WORDS, SUB_KIND_WORDS, UndertakingKind, words_of
from serving.accounts.permissions import Right, Scope
from serving.maps.place_names import Gazetteer
from serving.pages.page import Viewer
from serving.pages.translations import Translator
from serving.text import Text
from serving.undertakings.register import Placed, Review, begun_or_ahead, list_undertakings, read_review, say_followed, say_helped

AHEAD = timedelta(days=30)
ENDED = timedelta(days=90)
"""Undertakings that ended longer ago are not shown."""
STAGES = ("announced", "underway", "ended")
"""In the order in which they are shown; within one, what is nearest to today first."""
MOST_PLACES = 3
SHOWN = 6
"""Undertakings ahead that a panel names."""


@dataclass(frozen=True)
class UndertakingLine:
    """One undertaking, said."""

    undertaking_id: str
    title: str
    where: str
    start_at: date
    end_at: date | None
    stage: str
    """Key of the words: announced, underway or ended."""
    checks: tuple[str, ...]
    """Keys of what a project lacks before its start."""
    followed: str
    """Estimates of what followed such undertakings."""
    may_end: bool


@dataclass(frozen=True)
class UndertakingsView:
    """All that the page shows."""

    lines: tuple[UndertakingLine, ...]
    unprepared: tuple[UndertakingLine, ...]
    """Projects that begin without a risk assessment or a hearing."""
    helped: tuple[tuple[str, str], ...]
    """Treatments, and whether they helped."""
    reviewed: date | None
    choices: tuple[tuple[str, str, str], ...]
    """Kind, sub-kind and their words, for the form."""


def view_undertakings(viewer: Viewer) -> UndertakingsView:
    """Say the undertakings of one's own area, by start."""
    today = viewer.local_now.date()
    placed = [each for each in list_undertakings(viewer.engine, viewer.actor, today) if _is_recent(each, today)]
    review = read_review(viewer.engine)
    lines = tuple(
        sorted(_lines(viewer, placed, review, today), key=lambda line: (STAGES.index(line.stage), abs((line.start_at - today).days)))
    )
    return UndertakingsView(
        lines=lines,
        unprepared=tuple(line for line in lines if line.checks and line.stage == "announced"),
        helped=_helped(review, viewer.t) if viewer.actor.may(Right.READ_MODELS) else (),
        reviewed=review.as_of if review else None,
        choices=_choices(viewer.t) if viewer.actor.may(Right.UNDERTAKE) else (),
    )


def look_ahead(viewer: Viewer, scope: Scope, today: date) -> tuple[UndertakingLine, ...]:
    """Say what is public and begins within 30 days in a scope, the next one first."""
    placed = [each for each in begun_or_ahead(viewer.engine, scope, today) if today <= each.undertaking.start_at <= today + AHEAD]
    return _lines(viewer, placed[:SHOWN], read_review(viewer.engine), today)


def _lines(viewer: Viewer, placed: Sequence[Placed], review: Review | None, today: date) -> tuple[UndertakingLine, ...]:
    current = viewer.reading.shelf.current
    names = viewer.site.atlas.names(viewer.engine, current.head.ranking_id if current else "")
    return tuple(_line(each, viewer, names, review, today) for each in placed)


def _line(placed: Placed, viewer: Viewer, names: Gazetteer, review: Review | None, today: date) -> UndertakingLine:
    one, t = placed.undertaking, viewer.t
    stage = "announced" if today < one.start_at else "ended" if one.end_at is not None and one.end_at <= today else "underway"
    campaign_or_treatment = one.kind in {UndertakingKind.CAMPAIGN, UndertakingKind.TREATMENT}
    estimate = review.of("followed", one.kind, one.sub_kind) if review else None
    return UndertakingLine(
        undertaking_id=one.undertaking_id,
        title=" · ".join(filter(None, (t.of(_text(one.kind, one.sub_kind)), one.name))),
        where=_where(placed, names, t),
        start_at=one.start_at,
        end_at=one.end_at,
        stage=stage,
        checks=_checks(placed),
        followed="" if campaign_or_treatment else t.of(say_followed(estimate)),
        may_end=stage != "ended" and viewer.actor.may(Right.UNDERTAKE) and placed.lies_in(viewer.scope),
    )


def _where(placed: Placed, names: Gazetteer, t: Translator) -> str:
    if not placed.paths:
        return t("whole")
    shown = [names.title(path) for path in placed.paths[:MOST_PLACES]]
    further = len(placed.paths) - len(shown)
    return t("undertaking_places_joint").join(shown) + (t("undertaking_further", n=further) if further else "")


def _checks(placed: Placed) -> tuple[str, ...]:
    one = placed.undertaking
    if one.kind != UndertakingKind.PROJECT:
        return ()
    missing = (("undertaking_not_assessed", one.assessed), ("undertaking_not_heard", one.heard))
    return tuple(key for key, done in missing if not done)


def _helped(review: Review | None, t: Translator) -> tuple[tuple[str, str], ...]:
    """Say what helped; going there always has a line, which may be that it cannot be told."""
    known = {key: estimate for key, estimate in (review.estimates if review else {}).items() if key.startswith("helped/treatment/")}
    treatments = [(t.of(_text(*key.split("/")[1:])), t.of(say_helped(estimate))) for key, estimate in sorted(known.items())]
    return (*treatments, (t("undertaking_acting"), t.of(say_helped(review.of("helped", "acting") if review else None))))


def _choices(t: Translator) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (kind, sub_kind, f"{t.of(_text(kind))} · {t.of(_text(kind, sub_kind))}")
        for kind in KIND_WORDS
        for sub_kind in (*SUB_KIND_WORDS[kind], "other")
    )


def _text(kind: str, sub_kind: str | None = None) -> Text:
    zh, en = words_of(kind, sub_kind)
    return Text(zh=zh, en=en)


def _is_recent(placed: Placed, today: date) -> bool:
    end = placed.undertaking.end_at
    return (end is None or end > today - ENDED) and placed.undertaking.start_at <= today + timedelta(days=365)
