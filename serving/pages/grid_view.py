"""One grid: why it stands where it does, how sure that is, and what changed since the list before.

Its year is drawn on one axis of time (cases, levels of past lists, notices), and its explanation as bars.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from features.errors import NotFoundError
from serving.accounts.permissions import Scope
from serving.alerts.queries import alerts_of_grid
from serving.alerts.schemas import NOT_DUE, Alert
from serving.maps.drawing import Outlines, Sheet
from serving.maps.place_names import Gazetteer, PlaceName
from serving.pages.corrections_view import Change, Contested, changes, of_grid
from serving.pages.list_query import ListQuery, count_rated
from serving.pages.map_cache import draw_around
from serving.pages.map_view import Shape
from serving.pages.page import Viewer
from serving.pages.translations import LEVEL_CLASS, NOT_RATED, Translator, fact
from serving.pages.undertakings_view import UndertakingLine, look_ahead
from serving.rankings.entries import Entry
from serving.rankings.ledger import history
from serving.rankings.line_words import outcome_words, similar_words
from serving.rankings.schemas import Explanation, ExplanationLine, FactorExplanation, GridRow
from serving.text import Text

LISTS = 60
"""Past lists that are looked at."""
CONTESTED = 5
"""Corrections that are shown."""
SHEET = Sheet(400, 300)

WIDTH, LEFT, TOP, BASE = 780.0, 60.0, 30.0, 150.0
SPAN = timedelta(days=364)
FOUR_WEEKS = 4
NOTICES = 60
"""Notices that are looked at."""
FEW_HEIGHT = 14.0
"""Height of a bar that stands for one or two: the same for both."""

REASON_WIDTH, ROOM = 420.0, 112.0
"""Pixels of the drawing, and of the figure to the right of a bar."""


@dataclass(frozen=True)
class Bar:
    """Cases of four weeks; `low` and `high` differ where a week of them is masked, both None where all that is known is few."""

    x: float
    width: float
    height: float
    label: str
    few: bool


@dataclass(frozen=True)
class PastAlert:
    """One notice of the grid."""

    alert: Alert
    raised_on: date
    followed: str
    x: float


@dataclass(frozen=True)
class Year:
    """The drawing."""

    bars: tuple[Bar, ...]
    axis: tuple[tuple[float, str], ...]
    levels: tuple[tuple[float, str], ...]
    notices: tuple[PastAlert, ...]
    months: tuple[tuple[float, str], ...]


def draw_year(row: GridRow, lists: Sequence[tuple[Entry, GridRow]], notices: Sequence[PastAlert], as_of: date, t: Translator) -> Year:
    """Lay out the weeks of a grid's row, and how it stood on the lists of that year."""
    groups = [row.weekly_cases[max(end - FOUR_WEEKS, 0) : end] for end in range(len(row.weekly_cases), 0, -FOUR_WEEKS)][:13][::-1]
    sums = [(sum(week or 0 for week in group), group.count(None)) for group in groups]
    top = max([6, *(known + 2 * masked for known, masked in sums)])
    top += top % 2
    width = (WIDTH - LEFT) / 13
    first = 13 - len(sums)
    bars = tuple(_bar(known, masked, LEFT + (first + number) * width, (width, top), t) for number, (known, masked) in enumerate(sums))
    middle = top // 2
    months = tuple((place(day, as_of), t("month", n=day.month)) for day in _quarters(as_of))
    return Year(
        bars=bars,
        axis=tuple((BASE - level / top * (BASE - TOP), t("cases_in_chart", n=level)) for level in (0, middle, top)),
        levels=tuple((place(entry.origin.as_of, as_of), _level(past)) for entry, past in lists if entry.origin.as_of > as_of - SPAN),
        notices=tuple(notice for notice in notices if notice.x >= LEFT),
        months=months,
    )


def read_notices(viewer: Viewer, grid_id: str, as_of: date) -> tuple[PastAlert, ...]:
    """Return the last notices of a grid, the newest first."""
    zone, notices = viewer.site.settings.tz, []
    for each in alerts_of_grid(viewer.engine, viewer.actor, grid_id, NOTICES):
        day = each.raised_at.astimezone(zone).date()
        notices.append(PastAlert(each, day, viewer.t.of(each.sequel.words if each.sequel else NOT_DUE), place(day, as_of)))
    return tuple(notices)


def place(day: date, as_of: date) -> float:
    """Return where a day of the year before `as_of` stands on the axis."""
    return round(LEFT + (1 - (as_of - day) / SPAN) * (WIDTH - LEFT), 1)


def _bar(known: int, masked: int, x: float, scale: tuple[float, int], t: Translator) -> Bar:
    width, top = scale
    if masked and known == 0:
        label = t("few") if masked == 1 else f"{masked}–{2 * masked}"
        return Bar(x + 4, width - 8, FEW_HEIGHT, label, few=True)
    label = (f"{known + masked}–{known + 2 * masked}" if masked else str(known)) if known else t("none")
    return Bar(x + 4, width - 8, (known + masked) / top * (BASE - TOP), label, few=False)


def _level(row: GridRow) -> str:
    return LEVEL_CLASS[row.score.attention_level] if row.score else NOT_RATED


def _quarters(as_of: date) -> list[date]:
    """Return the first days of every third month of the year before."""
    months = [(as_of.year * 12 + as_of.month - 1) - back for back in (0, 3, 6, 9)]
    return [date(month // 12, month % 12 + 1, 1) for month in reversed(months)]


@dataclass(frozen=True)
class ReasonBar:
    """One line."""

    name: str
    expected: str
    """Escalations it adds, as they are written."""
    width: float
    is_rest: bool
    similar: str = ""
    """Number of ten like cases that escalated."""


@dataclass(frozen=True)
class ReasonBars:
    """The drawing; without bars where an older program published the list, whose reasons are words alone."""

    width: float
    bars: tuple[ReasonBar, ...]
    words: tuple[str, ...] = ()


def draw_reasons(explanation: Explanation | FactorExplanation, t: Translator) -> ReasonBars:
    """Lay out the published lines, the largest first, on an axis from nothing to the largest."""
    if isinstance(explanation, FactorExplanation):
        return ReasonBars(REASON_WIDTH, (), tuple(t.of(fact(reason.words)) for reason in explanation.reasons))
    most = max((line.expected for line in explanation.reasons), default=0.0) or 1.0
    bars = (
        ReasonBar(
            t.of(line.words),
            t("cases", n=f"{line.expected:.2f}"),
            round((REASON_WIDTH - ROOM) * line.expected / most, 1),
            line.part == "rest",
            _similar(line, t),
        )
        for line in explanation.reasons
    )
    return ReasonBars(REASON_WIDTH, tuple(bars))


def _similar(line: ExplanationLine, t: Translator) -> str:
    return "" if line.similar is None else t.of(similar_words(line.similar))


@dataclass(frozen=True)
class Neighbourhood:
    """The grid among its neighbours."""

    outlines: Outlines
    shapes: tuple[Shape, ...]
    names: tuple[tuple[float, float, str, str], ...]
    """x, y, class of level and short name."""


@dataclass(frozen=True)
class GridView:
    """All that the template shows."""

    row: GridRow
    entry: Entry
    place: PlaceName
    crumbs: tuple[tuple[str, str], ...]
    rated: int
    """Rated grids of the whole list, which every rank is out of."""
    reasons: ReasonBars | None
    outcomes: Text | None
    """The expected count by how cases would escalate."""
    changes: tuple[Change, ...]
    year: Year
    notices: tuple[PastAlert, ...]
    beside: Neighbourhood
    open_cases: tuple[tuple[str, int | None], ...]
    contested: tuple[Contested, ...]
    ahead: tuple[UndertakingLine, ...]
    """Undertakings that begin here within 30 days."""


class GridQuery(ListQuery):
    """List that a grid is shown of."""

    contested: bool = False
    """Whether something was contested just now."""


def view_grid(viewer: Viewer, grid_id: str, query: GridQuery) -> GridView:
    """Put the page of a grid together from the newest list it stands on.

    Raises:
        NotFoundError: no list in the reader's area has such a grid.
    """
    current = viewer.reading.shelf.current
    target = query.target or (current.head.entry.origin.target if current else "")
    found = history(viewer.engine, viewer.scope, grid_id, target, LISTS)
    if not found:
        raise NotFoundError("No such grid is on a published list.")
    lists = [(entry, GridRow.model_validate_json(body)) for entry, body in found]
    entry, row = lists[0]
    names = viewer.site.atlas.names(viewer.engine, entry.ranking_id)
    as_of = entry.origin.as_of
    notices = read_notices(viewer, grid_id, as_of)
    listed = viewer.reading.shelf.named(entry.ranking_id)
    return GridView(
        row=row,
        entry=entry,
        place=names.take_apart(row.name, row.township, row.community),
        crumbs=_crumbs(viewer, row, names),
        rated=viewer.site.kept.get(("rated", entry.ranking_id), partial(count_rated, listed)),
        reasons=draw_reasons(row.explanation, viewer.t) if row.explanation else None,
        outcomes=outcome_words(row.explanation.outcomes) if isinstance(row.explanation, Explanation) and row.explanation.outcomes else None,
        changes=changes(lists[1][1], row, viewer.t) if len(lists) > 1 else (),
        year=draw_year(row, lists, notices, as_of, viewer.t),
        notices=notices,
        beside=_neighbourhood(viewer, row, listed.within(viewer.scope, "grid", row.township), names, query),
        open_cases=tuple((viewer.t(f"waiting_{number}"), value) for number, value in enumerate(row.open_cases)),
        contested=of_grid(viewer, grid_id)[:CONTESTED],
        ahead=look_ahead(viewer, Scope(f"{row.community or row.township or row.district or ''}/{grid_id}".strip("/")), as_of),
    )


def _crumbs(viewer: Viewer, row: GridRow, names: Gazetteer) -> tuple[tuple[str, str], ...]:
    paths = [path for path in (row.district, row.township, row.community) if path and viewer.scope.covers(path)]
    return tuple((path, viewer.t("whole") if path == row.district else names.area(path)) for path in paths)


def _neighbourhood(viewer: Viewer, row: GridRow, rows: Sequence[bytes], names: Gazetteer, query: ListQuery) -> Neighbourhood:
    outlines = draw_around(viewer.engine, row.grid_id, SHEET)
    known = {each.grid_id: each for each in map(GridRow.model_validate_json, rows) if each.grid_id in outlines.shapes}
    if row.grid_id in known:  # drawn last, so that its border lies over those of the others
        known[row.grid_id] = known.pop(row.grid_id)
    shapes = tuple(Shape(outlines.shapes[grid_id], _level(each), each.name, query.grid_address(grid_id)) for grid_id, each in known.items())
    said = {grid_id: names.take_apart(each.name, each.township, each.community).grid for grid_id, each in known.items()}
    points = tuple((*outlines.marks[grid_id], _level(each), _number(said[grid_id])) for grid_id, each in known.items())
    return Neighbourhood(outlines, shapes, points)


def _number(name: str) -> str:
    """Return the number in a grid's name, for a map too small for words.

    >>> _number("第5网格")
    '5'
    """
    return "".join(letter for letter in name if letter.isdigit()) or name[:4]
