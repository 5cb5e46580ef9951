"""GET /brief: the brief of the day or week on a page, and as a file for printing."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from serving.briefs.briefs import WRITERS
from serving.briefs.desk import Desk
from serving.documents.paper import Paper
from serving.documents.pdf import PDF_TYPE, to_pdf
from serving.pages.layout import HEADERS, render
from serving.pages.page import ListViewer, PageRoute, Viewer
from serving.settings import BriefKind

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class BriefQuery(BaseModel):
    """Brief to show."""

    model_config = ConfigDict(extra="forbid")

    kind: BriefKind = "daily"


@router.get("/brief")
def show_brief(request: Request, query: Annotated[BriefQuery, Query()], viewer: ListViewer) -> Response:
    """Show the brief of the reader's own area."""
    return render(request, "brief.html", viewer.actor, paper=_write(viewer, query.kind), kind=query.kind, kinds=tuple(WRITERS))


@router.get("/brief/file")
def take_brief(query: Annotated[BriefQuery, Query()], viewer: ListViewer) -> Response:
    """Return the same as a PDF of one A4 page."""
    paper = _write(viewer, query.kind)
    name = quote(f"{paper.title}{viewer.local_now.date()}.pdf")
    disposition = {"Content-Disposition": f"inline; filename*=UTF-8''{name}"}
    return Response(to_pdf(paper), media_type=PDF_TYPE, headers=HEADERS | disposition)


def _write(viewer: Viewer, kind: BriefKind) -> Paper:
    current = viewer.reading.shelf.current
    names = viewer.site.atlas.names(viewer.engine, current.head.ranking_id if current else "")
    return WRITERS[kind](Desk(viewer.engine, viewer.site.settings, viewer.scope, names, viewer.local_now, viewer.t.language))
