"""GET /docs: the description of the API, from files of this site alone."""

from fastapi import APIRouter, Request, Response

from serving.pages.layout import render
from serving.pages.page import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/docs")
def show_docs(request: Request) -> Response:
    """Show the API."""
    return render(request, "docs.html", title=request.app.title)
