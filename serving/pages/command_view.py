"""The command screen: where to go first, whether today is unusual, what is still open, and whether the data can be trusted."""

from dataclasses import dataclass

from serving.accounts.permissions import Scope
from serving.alerts.worklist import AreaBacklog
from serving.operations.sources import Source, read_sources
from serving.pages.board import Board, view_board
from serving.pages.board_query import BoardQuery
from serving.pages.list_dates import ShownDay
from serving.pages.page import Viewer
from serving.pages.undertakings_view import UndertakingLine, look_ahead
from serving.pages.waiting import Waiting, read_waiting
from serving.rankings.schemas import AreaRow
from serving.undertakings.register import newest_numbers


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
        sources=read_sources(viewer.engine, viewer.now, viewer.site.settings),
        fresh=day.next is not None or not viewer.reading.freshness.stale(day.entry, viewer.now),
        ahead=_look_ahead(viewer, day, viewer.scope.meet(Scope(board.area.node)) or viewer.scope),
    )


def _look_ahead(viewer: Viewer, day: ShownDay, scope: Scope) -> tuple[UndertakingLine, ...]:
    """Return what begins within 30 days; requests share it until an undertaking or an estimate is entered."""
    entered = newest_numbers(viewer.engine)
    key = ("ahead", entered, day.entry.ranking_id, scope, viewer.actor.role, viewer.t.language)
    return viewer.site.kept.get(key, lambda: look_ahead(viewer, scope, day.as_of))
