"""GET /start: what is to be done until the first list stands; every page leads here until then."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from serving.accounts.permissions import Role
from serving.pages.layout import render
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.pages.start_view import view_start
from serving.server.auth import keep_wall_signed_in

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Visitor = Annotated[Viewer, Depends(viewer_with(None))]


@router.get("/start")
def show_start(request: Request, viewer: Visitor) -> Response:
    """Show the steps to the first list; a wall screen looks again by itself."""
    view, is_wall = view_start(viewer), viewer.actor.role == Role.WALL
    if is_wall and view.listed:
        return RedirectResponse("/")
    page = render(request, "start.html", viewer.actor, view=view, is_wall=is_wall)
    if is_wall:
        keep_wall_signed_in(request, page, secure=viewer.site.settings.serving.behind_proxy)
    return page
