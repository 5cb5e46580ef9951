"""GET /changes: two days beside each other."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from serving.pages.changes_view import ChangesQuery, view_changes
from serving.pages.layout import day_text, render
from serving.pages.list_dates import find_day
from serving.pages.page import ListViewer, PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/changes")
def show_changes(request: Request, query: Annotated[ChangesQuery, Query()], viewer: ListViewer) -> Response:
    """Show by name which grids entered, left and kept the level priority between two lists, and what changed in them."""
    day = find_day(viewer.reading, query.date, query.target)
    view = view_changes(viewer, day, query)
    said_day, said_before = (day_text(shown, viewer.t) for shown in (day.as_of, view.before))
    return render(request, "changes.html", viewer.actor, view=view, query=query, day=day, said_day=said_day, said_before=said_before)
