"""The command screen: where to go first, whether today is unusual, what is still open, and whether the data can be trusted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Engine, select

from features.database.alert_tables import OPEN_STATES, alert
from features.database.engine import reading
from features.database.tables import feed
from features.errors import NotFoundError
from serving.accounts.permissions import Scope
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import State
from serving.maps.binary import MOST_SHAPES
from serving.maps.place_names import Gazetteer
from serving.pages.list_dates import ShownDay
from serving.pages.map_view import CanvasView, Ground, MapView, Mark, map_areas, map_grids, map_many
from serving.pages.page import Viewer
from serving.pages.ranked_lists import Before, Line, Sayer, lines, numbered
from serving.pages.trend_chart import TrendDrawing, draw_trend, poisson_band, read_weeks
from serving.pages.undertakings_view import UndertakingLine, look_ahead
from serving.rankings.schemas import AreaRow, GridRow, Level, Score
from serving.server.list_cache import PublishedList


@dataclass(frozen=True)
class Source:
    """One source."""

    name: str
    through: datetime | None
    days_behind: int
    """Whole days that its newest record lies before the end of the list's data; 0 where it is on time."""


def read_sources(engine: Engine, data_through: datetime, allowance: timedelta) -> tuple[Source, ...]:
    """Return all sources by name; one that is behind the data of a list by more than the allowance counts as late."""
    with reading(engine) as connection:
        rows = connection.execute(select(feed.c.name, feed.c.known_through).order_by(feed.c.name)).all()
    return tuple(Source(row.name, row.known_through, _behind(row.known_through, data_through, allowance)) for row in rows)


def _behind(through: datetime | None, data_through: datetime, allowance: timedelta) -> int:
    late = data_through - through if through else allowance + timedelta(days=1)
    return late.days if late > allowance else 0


AGES = (1, 3, 7, 14)
"""Days up to which each age group but the last reaches."""


@dataclass(frozen=True)
class AgeGroup:
    """Alerts of one age."""

    key: str
    """Key of its name in the catalogue."""
    unanswered: int
    total: int


def open_alerts(engine: Engine, scope: Scope, now: datetime) -> tuple[AgeGroup, ...]:
    """Count the open alerts of a scope by the time since they were raised, the youngest first."""
    query = select(alert.c.path, alert.c.raised_at, alert.c.state).where(alert.c.state.in_(OPEN_STATES))
    with reading_within(engine, scope) as connection:
        rows = [row for row in connection.execute(query) if scope.covers(row.path)]
    ages = [(sum(now - row.raised_at > timedelta(days=days) for days in AGES), row.state) for row in rows]
    return tuple(_group(number, [state for age, state in ages if age == number]) for number in range(len(AGES) + 1))


def _group(number: int, states: Sequence[str]) -> AgeGroup:
    return AgeGroup(f"age_{number}", states.count(State.PUBLISHED), len(states))


LEVELS: tuple[Level, ...] = ("district", "township", "community")
"""Level of an area by the number of codes in its path, from one on."""


@dataclass(frozen=True)
class Area:
    """A part of the district that is shown."""

    node: str
    """Its path; empty is all that the reader may see of everything."""
    rows: Sequence[bytes]
    """Its grids, by rank."""
    below: Mapping[Level, Sequence[AreaRow]]
    """Its areas by level, itself included."""

    @property
    def level(self) -> Level | None:
        """What it is; None for the whole."""
        return LEVELS[min(self.node.count("/"), 2)] if self.node else None

    @property
    def own(self) -> AreaRow | None:
        """Its own sums; None where the list has none."""
        found = [row for rows in self.below.values() for row in rows if row.path == self.node]
        return found[0] if found else None


@dataclass(frozen=True)
class Totals:
    """The four figures, and the counts of the legend."""

    expected: float
    band: tuple[float, float]
    grids: int
    levels: Mapping[str, int]
    """Grids by class of colour."""
    entered: int | None
    """Grids at level priority that were not on the list before; None where there was none."""
    left: int | None


@dataclass(frozen=True)
class CommandView:
    """All that the template shows."""

    area: Area
    crumbs: tuple[tuple[str, str], ...]
    """Path and name of the areas that lead here."""
    shown_level: Level
    levels: tuple[Level, ...]
    totals: Totals
    map: MapView | CanvasView
    chronic: tuple[Line, ...]
    rising: tuple[Line, ...]
    trend: TrendDrawing | None
    waiting: tuple[AgeGroup, ...]
    sources: tuple[Source, ...]
    ahead: tuple[UndertakingLine, ...]
    """What begins within 30 days in the area."""
    children: tuple[tuple[AreaRow, str], ...]
    """Areas one level down, in the order of their codes, and their names."""


def view_command(viewer: Viewer, day: ShownDay, node: str | None, level: Level | None, late_after: timedelta) -> CommandView:
    """Put the screen together for an area, the reader's own by default.

    Raises:
        NotFoundError: the list has no such area, or the reader may not see it.
    """
    area = find_area(viewer.scope, day, node)
    names = viewer.site.atlas.names(viewer.engine, day.listed.head.ranking_id)
    engine, entry = viewer.engine, day.entry
    before = viewer.reading.shelf.on(day.previous, entry.origin.target) if day.previous else None
    compared = Before(engine, viewer.scope, before.head.entry if before else None)
    sayer = Sayer(day.listed, names, compared, viewer.t)
    chronic, rising = lines(_scored(area.rows, "chronic"), sayer), lines(_scored(area.rows, "rising"), sayer)
    ground = Ground(engine, viewer.site.atlas, entry.ranking_id, names, viewer.t)
    levels = _levels(area, ground)
    shown = level if level in levels else levels[-1]
    earlier = before.within(Scope(area.node), "grid") if before else None
    return CommandView(
        area=area,
        crumbs=_crumbs(area, viewer.scope, names),
        shown_level=shown,
        levels=levels,
        totals=_totals(area, earlier),
        map=_map(ground, day.listed, area, shown, numbered(chronic, rising)),
        chronic=chronic,
        rising=rising,
        trend=_trend(viewer, day, area),
        waiting=open_alerts(engine, viewer.scope.meet(Scope(area.node)) or viewer.scope, viewer.now),
        sources=read_sources(engine, entry.origin.data_through, late_after),
        ahead=look_ahead(viewer, viewer.scope.meet(Scope(area.node)) or viewer.scope, day.as_of),
        children=tuple((row, names.area(row.path)) for row in _children(area)),
    )


def find_area(scope: Scope, day: ShownDay, node: str | None) -> Area:
    """Return an area of a list; without one the widest that the reader may see and that is more than a wrapper of one district.

    Raises:
        NotFoundError: the list has no such area, or the reader may not see it.
    """
    wanted = scope.meet(Scope(scope.path if node is None else node))
    rows = day.listed.within(scope, "grid", wanted.path) if wanted else ()
    if wanted is None or not rows or (node is not None and wanted.path != node):
        raise NotFoundError("No such area is on this list.")
    read: dict[Level, Sequence[AreaRow]] = {
        level: [AreaRow.model_validate_json(row) for row in day.listed.within(scope, level, wanted.path)] for level in LEVELS
    }
    path = wanted.path
    if not path and len(read["district"]) == 1:
        path = read["district"][0].path
    return Area(path, rows, read)


def _scored(rows: Sequence[bytes], mark: Literal["chronic", "rising"]) -> Iterator[tuple[GridRow, Score]]:
    """Yield the rated grids with a mark, by rank, read one by one as far as they are asked for."""
    written = f'"{mark}":true'.encode()  # rows are stored as they were written, and most of many thousand need not be read
    for row in map(GridRow.model_validate_json, (row for row in rows if written in row)):
        if row.score and getattr(row.score, mark):
            yield row, row.score


def _levels(area: Area, ground: Ground) -> tuple[Level, ...]:
    """Return the levels below an area that can be drawn, from the top; the finest is shown first."""
    inside = {level: sum(row.path != area.node for row in area.below[level]) for level in LEVELS}
    below = tuple(level for level, count in inside.items() if 0 < count <= MOST_SHAPES)
    return (*below, "grid") if len(area.rows) <= MOST_SHAPES or ground.has_polygons(area.node) or not below else below


def _map(ground: Ground, listed: PublishedList, area: Area, level: Level, marks: Mapping[str, Mark]) -> MapView | CanvasView:
    if level != "grid":
        return map_areas(ground, area.node, level, area.below[level])
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
        band=poisson_band(expected) if expected else (0.0, 0.0),
        grids=len(area.rows),
        levels=counts,
        entered=None if then is None else len(now - then),
        left=None if then is None else len(then - now),
    )


def _priority(rows: Sequence[bytes]) -> set[str]:
    """Return the grids at level priority, which stand first."""
    found: set[str] = set()
    for row in map(GridRow.model_validate_json, rows):
        if row.score is None or row.score.attention_level != "priority":
            break
        found.add(row.grid_id)
    return found


def _trend(viewer: Viewer, day: ShownDay, area: Area) -> TrendDrawing | None:
    if area.own is None or not area.own.weekly_escalations or area.level is None:
        return None
    return draw_trend(read_weeks(viewer.engine, viewer.scope, day.entry, area.own, area.level))


def _crumbs(area: Area, scope: Scope, names: Gazetteer) -> tuple[tuple[str, str], ...]:
    codes = area.node.split("/") if area.node else []
    paths = ["/".join(codes[:depth]) for depth in range(1, len(codes) + 1)]
    return tuple((path, names.area(path)) for path in paths if scope.covers(path))


def _children(area: Area) -> Sequence[AreaRow]:
    depth = area.node.count("/") + 1 if area.node else 0
    return [row for row in area.below[LEVELS[depth]] if row.path != area.node] if depth < len(LEVELS) else ()
