"""GET /corrections: what is contested, and the answers to it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from serving.accounts.permissions import Right
from serving.alerts.corrections import CorrectionStep, answer_correction
from serving.pages.corrections_view import view_corrections
from serving.pages.layout import render
from serving.pages.page import PageRoute, Viewer, viewer_with

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Viewer, Depends(viewer_with(Right.READ_CORRECTIONS))]
Deciding = Annotated[Viewer, Depends(viewer_with(Right.DECIDE_CORRECTIONS))]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/corrections")
def show_corrections(request: Request, viewer: Reader) -> Response:
    """Show what is contested in reach, what is overdue first."""
    return render(request, "corrections.html", viewer.actor, view=view_corrections(viewer))


@router.post("/corrections/{number}")
def answer(viewer: Deciding, number: Number, step: Annotated[CorrectionStep, Form()]) -> Response:
    """Acknowledge a correction, or accept or refuse it."""
    answer_correction(viewer.engine, viewer.actor, number, step, viewer.now)
    return RedirectResponse("/corrections", HTTPStatus.SEE_OTHER)
