"""/reports/template: the office's own Word template, chosen by an analyst."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, File, Request, Response, UploadFile
from fastapi.responses import FileResponse, RedirectResponse

from features.errors import NotFoundError, UsageError
from serving.accounts.permissions import Right
from serving.audit import audit_log
from serving.documents.word import FILE, MAX_BYTES, WORD_TYPE, keep_template, kept_template, remove_template
from serving.pages.layout import HEADERS, render
from serving.pages.page import PageRoute, Viewer, viewer_with

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SLACK = 4096
"""Bytes of a form around the file."""


def may_choose_template(viewer: Viewer) -> bool:
    """Tell whether an account chooses the template that all Word files are written into."""
    return viewer.actor.may(Right.TRAIN)


Office = Annotated[Viewer, Depends(viewer_with(Right.TRAIN))]


@router.get("/reports/template")
def show_template(request: Request, viewer: Office) -> Response:
    """Show what a template is for, whether there is one, and the form for another."""
    return _page(request, viewer)


@router.get("/reports/template/file")
def take_template(viewer: Office) -> Response:
    """Return the template that is kept."""
    path = kept_template(viewer.site.home)
    if path is None:
        raise NotFoundError("No template is kept. Choose one on the page of reports.")
    return FileResponse(path, headers=HEADERS, media_type=WORD_TYPE, filename=path.name)


@router.post("/reports/template", max_body_size=MAX_BYTES + SLACK)
def choose_template(request: Request, viewer: Office, file: Annotated[UploadFile, File()]) -> Response:
    """Keep a template in place of the one before."""
    try:
        keep_template(viewer.site.home, file.file.read())
    except UsageError as error:
        return _page(request, viewer, error)
    return _noted(viewer, "choose")


@router.post("/reports/template/remove")
def throw_template_away(viewer: Office) -> Response:
    """Go back to plain Word files."""
    remove_template(viewer.site.home)
    return _noted(viewer, "remove")


def _noted(viewer: Viewer, step: str) -> Response:
    audit_log.note(viewer.engine, viewer.actor.account_id, f"report.template_{step}", FILE, viewer.now)
    return RedirectResponse("/reports/template", HTTPStatus.SEE_OTHER)


def _page(request: Request, viewer: Viewer, fault: UsageError | None = None) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    kept = kept_template(viewer.site.home) is not None
    return render(request, "office_template.html", viewer.actor, status, kept=kept, fault=fault, megabytes=MAX_BYTES >> 20)
