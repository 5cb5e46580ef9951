"""The command screen: where to go first, whether today is unusual, what is still open, and whether the data can be trusted.

The board is what it shows of one list, made once for all who may see the same part of it; open alerts are those of the day that is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode

from markupsafe import Markup

from features.days import day_number, midnight
from serving.accounts.permissions import Scope
from serving.alerts.lifecycle import State
from serving.alerts.worklist import AreaBacklog, OpenAlert, backlog_below, open_at, open_now
from serving.maps.drawing import MOST_SHAPES
from serving.operations.health import Source, read_sources
from serving.pages.layout import render_part
from serving.pages.list_query import LEVELS, Area, BoardQuery, ShownDay, count_rated, find_area, name_crumbs
from serving.pages.map_view import CanvasView, Ground, MapView, Mark, map_areas, map_grids, map_many
from serving.pages.page import Viewer
from serving.pages.ranked_lists import LISTS, Before, ListName, Sayer, count_list, numbered, page_list, priority_rows
from serving.pages.time_charts import TrendDrawing, draw_trend, read_weeks
from serving.pages.undertakings_view import UndertakingLine, look_ahead
from serving.rankings.schemas import AreaRow, GridRow, Level, count_band
from serving.server.list_cache import PublishedList
from serving.undertakings.register import newest_numbers

AGES = (1, 3, 7, 14)
"""Days up to which each age group but the last reaches."""


@dataclass(frozen=True)
class AgeGroup:
    """Alerts of one age."""

    key: str
    """Key of its name in the catalogue."""
    unanswered: int
    total: int


@dataclass(frozen=True)
class Waiting:
    """Open alerts at one moment."""

    groups: tuple[AgeGroup, ...]
    """By the time since they were raised, the youngest first."""
    areas: tuple[AreaBacklog, ...]
    """By the areas one step down that have any, in the order of their codes."""
    overdue: int
    supervised: int
    past: bool
    """Whether the moment is the end of an earlier day."""

    @property
    def total(self) -> int:
        """All open alerts."""
        return sum(group.total for group in self.groups)


def read_waiting(viewer: Viewer, day: ShownDay, area: Area) -> Waiting:
    """Count the open alerts of an area: now under the newest list, at the end of its day under an earlier one."""
    scope = viewer.scope.meet(Scope(area.node)) or viewer.scope
    end = midnight(day_number(day.as_of) + 1, viewer.site.settings.tz)
    past = day.next is not None and end < viewer.now
    moment = end if past else viewer.now
    alerts = open_at(viewer.engine, scope, moment) if past else open_now(viewer.engine, scope)
    below = backlog_below(alerts, area.node.count("/") + 2 if area.node else 1, viewer.site.settings.alerts.due_hours, moment)
    return Waiting(
        groups=group_by_age(alerts, moment),
        areas=tuple(below),
        overdue=sum(row.overdue for row in below),
        supervised=sum(row.supervised for row in below),
        past=past,
    )


def group_by_age(alerts: Sequence[OpenAlert], moment: datetime) -> tuple[AgeGroup, ...]:
    """Count alerts by the time since they were raised."""
    ages = [(sum(moment - each.raised_at > timedelta(days=days) for days in AGES), each.state) for each in alerts]
    return tuple(_group(number, [state for age, state in ages if age == number]) for number in range(len(AGES) + 1))


def _group(number: int, states: Sequence[State]) -> AgeGroup:
    return AgeGroup(f"age_{number}", states.count(State.PUBLISHED), len(states))


@dataclass(frozen=True)
class Totals:
    """The figures of the headline and the legend."""

    expected: float
    band: tuple[float, float]
    grids: int
    levels: Mapping[str, int]
    """Grids by class of colour."""
    entered: int | None
    """Grids at level priority that had another on the list before; None where there was none."""
    left: int | None


@dataclass(frozen=True)
class Board:
    """All of the screen that follows from the list alone."""

    area: Area
    name: str
    """Name of the area."""
    crumbs: tuple[tuple[str, str], ...]
    shown_level: Level
    levels: tuple[Level, ...]
    totals: Totals
    rated: int
    """Rated grids of the whole list, which every rank is out of."""
    counts: Mapping[ListName, int]
    """Grids on each list."""
    pages: int
    """Pages of the list that is shown."""
    map_html: Markup
    """Texts that are long and the same for everybody, written once."""
    list_html: Markup
    trend: TrendDrawing | None
    children: tuple[tuple[AreaRow, str], ...]
    """Areas one level down, in the order of their codes, and their names."""


def view_board(viewer: Viewer, day: ShownDay, query: BoardQuery) -> Board:
    """Return the board of a list; requests for the same part of it by readers of the same scope share one.

    Raises:
        NotFoundError: the list has no such area, or the reader may not see it.
    """
    before = viewer.reading.shelf.on(day.previous, day.entry.origin.target) if day.previous else None
    key = ("board", day.entry.ranking_id, before and before.head.ranking_id, viewer.scope, query, viewer.t.language)
    return viewer.site.kept.get(key, lambda: _make(viewer, day, before, query))


def _make(viewer: Viewer, day: ShownDay, before: PublishedList | None, query: BoardQuery) -> Board:
    area = find_area(viewer.scope, day, query.area or None)
    names = viewer.site.atlas.names(viewer.engine, day.listed.head.ranking_id)
    ground = Ground(viewer.engine, viewer.site.atlas, day.entry.ranking_id, names, viewer.t, query)
    sayer = Sayer(day.listed, names, Before(viewer.engine, viewer.scope, before.head.entry if before else None), viewer.t)
    listed = page_list(area.rows, query.list_name, query.page, sayer)
    levels = _levels(area, ground)
    shown = query.level if query.level in levels else levels[-1]
    crumbs = name_crumbs(area, viewer.scope, names)
    board = Board(
        area=area,
        name=crumbs[-1][1] if len(crumbs) > 1 else viewer.t("whole"),
        crumbs=crumbs,
        shown_level=shown,
        levels=levels,
        totals=_totals(area, before.within(Scope(area.node), "grid") if before else None),
        rated=viewer.site.kept.get(("rated", day.entry.ranking_id), partial(count_rated, day.listed)),
        counts={name: count_list(area.rows, name) for name in LISTS},
        pages=listed.pages,
        map_html=Markup(),
        list_html=Markup(),
        trend=_trend(viewer, day, area),
        children=tuple((row, names.area(row.path)) for row in area.children),
    )
    about = {"board": board, "query": query, "link": query.address, "t": viewer.t}
    grids_address = f"/grids?{urlencode({'date': day.as_of, 'area': area.node, **query.target_named})}"
    drawing = _map(ground, day.listed, area, shown, numbered(listed.lines))
    return replace(
        board,
        map_html=render_part("parts/board_map.html", map=drawing, grids_address=grids_address, **about),
        list_html=render_part("parts/board_list.html", listed=listed, **about),
    )


def _levels(area: Area, ground: Ground) -> tuple[Level, ...]:
    """Return the levels below an area that can be drawn, from the top; the finest is shown first."""
    inside = {level: sum(row.path != area.node for row in area.below[level]) for level in LEVELS}
    below = tuple(level for level, count in inside.items() if 0 < count <= MOST_SHAPES)
    return (*below, "grid") if len(area.rows) <= MOST_SHAPES or ground.has_polygons(area.node) or not below else below


def _map(ground: Ground, listed: PublishedList, area: Area, level: Level, marks: Mapping[str, Mark]) -> MapView | CanvasView:
    if level != "grid":
        return map_areas(ground, area, level, marks)
    if len(area.rows) > MOST_SHAPES and ground.has_polygons(area.node):
        return map_many(ground, listed, area.node, marks)
    return map_grids(ground, area.node, [GridRow.model_validate_json(row) for row in area.rows], marks)


def _totals(area: Area, earlier: Sequence[bytes] | None) -> Totals:
    rows = [area.own] if area.own else next((rows for rows in area.below.values() if rows), ())
    expected = sum(row.expected_escalations for row in rows)
    not_rated = sum(row.not_rated for row in rows)
    counts = {"3": sum(row.priority for row in rows), "2": sum(row.elevated for row in rows), "1": sum(row.watch for row in rows)}
    counts |= {"0": len(area.rows) - not_rated - sum(counts.values()), "n": not_rated}
    now, then = _priority(area.rows), _priority(earlier) if earlier is not None else None
    return Totals(
        expected=expected,
        band=count_band(expected, max((row.variation for row in rows), default=0.0)),
        grids=len(area.rows),
        levels=counts,
        entered=None if then is None else len(now - then),
        left=None if then is None else len(then - now),
    )


def _priority(rows: Sequence[bytes]) -> set[str]:
    return {row.grid_id for row in priority_rows(rows)}


def _trend(viewer: Viewer, day: ShownDay, area: Area) -> TrendDrawing | None:
    if area.own is None or not area.own.weekly_escalations or area.level is None:
        return None
    return draw_trend(read_weeks(viewer.engine, viewer.scope, day.entry, area.own, area.level))


@dataclass(frozen=True)
class AreaLine:
    """One area of the table of areas."""

    name: str
    row: AreaRow
    backlog: AreaBacklog


@dataclass(frozen=True)
class CommandView:
    """All that the template shows: what follows from the list, and what changes from minute to minute."""

    board: Board
    waiting: Waiting
    areas: tuple[AreaLine, ...]
    """Areas one level down, in the order of their codes."""
    sources: tuple[Source, ...]
    fresh: bool
    """Whether the list is the one that should be there by now."""
    ahead: tuple[UndertakingLine, ...]
    """Undertakings that begin within 30 days in the area."""

    @property
    def on_time(self) -> int:
        """Sources whose data are as new as they should be; none while the list itself is old."""
        return sum(not source.late for source in self.sources)


def view_command(viewer: Viewer, day: ShownDay, query: BoardQuery) -> CommandView:
    """Put the screen together for an area, the reader's own by default.

    Raises:
        NotFoundError: the list has no such area, or the reader may not see it.
    """
    board = view_board(viewer, day, query)
    waiting = read_waiting(viewer, day, board.area)
    open_alerts = {row.path: row for row in waiting.areas}
    return CommandView(
        board=board,
        waiting=waiting,
        areas=tuple(AreaLine(name, row, open_alerts.get(row.path, AreaBacklog(row.path, 0, 0, 0))) for row, name in board.children),
        sources=read_sources(viewer.engine, viewer.now, viewer.site.settings.serving, viewer.site.settings.intake),
        fresh=day.next is not None or not viewer.reading.freshness.stale(day.entry, viewer.now),
        ahead=_look_ahead(viewer, day, viewer.scope.meet(Scope(board.area.node)) or viewer.scope),
    )


def _look_ahead(viewer: Viewer, day: ShownDay, scope: Scope) -> tuple[UndertakingLine, ...]:
    """Return what begins within 30 days; requests share it until an undertaking or an estimate is entered."""
    entered = newest_numbers(viewer.engine)
    key = ("ahead", entered, day.entry.ranking_id, scope, viewer.actor.role, viewer.t.language)
    return viewer.site.kept.get(key, lambda: look_ahead(viewer, scope, day.as_of))
