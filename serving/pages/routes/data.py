"""/data: a ledger from upload to the log, and a model from training to the list, by an analyst without a shell.

GET /start: what is to be done until the first list stands; every page leads here until then.
"""

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Request, Response, UploadFile
from fastapi.responses import FileResponse, RedirectResponse

from features.database.engine import writing
from features.errors import ForbiddenError, InputRefusedError, NotFoundError, NotReadyError, StoreError, YujingError
from features.intake.inspection import inspect_file
from serving import audit
from serving.accounts.permissions import Right, Role
from serving.api.routes.scores import MAX_BYTES
from serving.intake.inspection_words import describe
from serving.intake.mapping import answers_of, keep_answers, propose_answers, read_kept
from serving.intake.uploads import Intake, Upload, discard, find_upload, hold, quarantine_reports
from serving.operations.jobs import PageJob, Work, run_program
from serving.pages import data_view
from serving.pages.data_view import view_start
from serving.pages.layout import HEADERS, render
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.server.auth import keep_wall_signed_in

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Viewer, Depends(viewer_with(Right.INGEST))]
Trainer = Annotated[Viewer, Depends(viewer_with(Right.TRAIN))]
Token = Annotated[str, Path(max_length=64)]
Target = Annotated[str, Form(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
REPORTS_SHOWN = 5
TRIAL, TAKE_IN = "trial", "take_in"

Visitor = Annotated[Viewer, Depends(viewer_with(None))]


async def _answers(request: Request) -> dict[str, str]:
    """Return the fields of a form whose names come from the file."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


Answered = Annotated[dict[str, str], Depends(_answers)]


def _of_the_whole(viewer: Viewer) -> Viewer:
    """Let only accounts of the whole change what all lists are made from."""
    if viewer.actor.scope.path:
        raise ForbiddenError("only accounts of the whole may take data in and train, this one has an area. Ask such an account.")
    return viewer


@router.get("/data")
def show_data(request: Request, viewer: Reader) -> Response:
    """Show the form for a file, the job that runs, and what may be trained and listed."""
    return _overview(request, viewer)


@router.post("/data/files", max_body_size=MAX_BYTES)
def upload(
    request: Request, viewer: Reader, file: Annotated[UploadFile, File()], grids: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Hold a file until it is mapped and taken in."""
    viewer = _of_the_whole(viewer)
    with_it = (grids.filename, grids.file) if grids and grids.filename else None
    try:
        held = hold(viewer.site.home, viewer.actor.account_id, (file.filename or "", file.file), with_it, viewer.now)
        _inspected(viewer, held)
    except StoreError:
        raise
    except YujingError as error:
        return _overview(request, viewer, error)
    return RedirectResponse(f"/data/files/{held.token}", HTTPStatus.SEE_OTHER)


@router.get("/data/files/{token}")
def show_file(request: Request, viewer: Reader, token: Token) -> Response:
    """Show what a file holds, how it is mapped, and what became of it when it was tried."""
    return _file_page(request, viewer, _held(viewer, token))


@router.post("/data/files/{token}/trial")
def try_file(request: Request, viewer: Reader, token: Token, answers: Answered) -> Response:
    """Keep the mapping and tell what would become of the rows; nothing is stored."""
    held = _held(_of_the_whole(viewer), token)
    keep_answers(held.source, answers)
    try:
        read_kept(held.source)
    except YujingError as error:
        return _file_page(request, viewer, held, error)
    return _start(viewer, PageJob(TRIAL, token, viewer.now), _intake(viewer).try_out(held), f"/data/files/{token}")


@router.post("/data/files/{token}/take_in")
def take_in(viewer: Reader, token: Token) -> Response:
    """Store the rows by the mapping that was tried."""
    held = _held(_of_the_whole(viewer), token)
    read_kept(held.source)
    return _start(viewer, PageJob(TAKE_IN, token, viewer.now), _intake(viewer).take_in(held), "/data")


@router.post("/data/files/{token}/discard")
def throw_away(viewer: Reader, token: Token) -> Response:
    """Remove the file."""
    discard(_held(viewer, token))
    return RedirectResponse("/data", HTTPStatus.SEE_OTHER)


@router.get("/data/quarantine/{name}")
def take_quarantine(viewer: Reader, name: Annotated[str, Path(max_length=200)]) -> Response:
    """Return a list of refused rows: numbers, columns and reasons, never a value."""
    path = next((path for path in quarantine_reports(_of_the_whole(viewer).site.home) if path.name == name), None)
    if path is None:
        raise NotFoundError("No such list of refused rows is kept.")
    return FileResponse(path, headers=HEADERS, media_type="text/csv", filename=name)


@router.post("/data/train")
def train(viewer: Trainer, target: Target) -> Response:
    """Train a model for a target, which registers it as the challenger."""
    return _start_program(viewer, "train", "train", "--target", target)


@router.post("/data/promote")
def promote(
    viewer: Trainer, target: Target, reason: Annotated[str, Form(min_length=1, max_length=200)], override: Annotated[bool, Form()] = False
) -> Response:
    """Put the challenger to use, against the gate only where that is said."""
    by = ("--reason", reason, "--by", viewer.actor.account_id, *(("--override",) if override else ()))
    return _start_program(viewer, "promote", "models", "promote", "--target", target, *by)


@router.post("/data/rank")
def rank(viewer: Trainer, target: Target, as_of: Annotated[date, Form()]) -> Response:
    """Publish the list of a day."""
    return _start_program(viewer, "rank", "rank", "--target", target, "--as-of", as_of.isoformat(), "--top", "0")


def _start_program(viewer: Viewer, name: str, *arguments: str) -> Response:
    program = _of_the_whole(viewer).site.program
    if not program:
        raise NotReadyError("models are trained and lists made by `yujing serve`, which knows its command line. Ask there.")

    def work(job: PageJob) -> None:
        run_program([*program, *arguments], job)
        viewer.reading.shelf.refresh()

    with writing(viewer.engine) as connection:
        audit.record(connection, viewer.actor.account_id, f"page.{name}", name, {"arguments": list(arguments)}, viewer.now)
    return _start(viewer, PageJob(name, "", viewer.now), work, "/data")


def _start(viewer: Viewer, job: PageJob, work: Work, back: str) -> Response:
    viewer.site.jobs.start(job, work)
    return RedirectResponse(back, HTTPStatus.SEE_OTHER)


def _intake(viewer: Viewer) -> Intake:
    return Intake(viewer.site.home, viewer.engine, viewer.site.settings, viewer.actor, viewer.reading.now)


def _held(viewer: Viewer, token: str) -> Upload:
    return find_upload(viewer.site.home, viewer.actor.account_id, token, viewer.now)


def _inspected(viewer: Viewer, held: Upload) -> data_view.Inspected:
    """Look at a held file; one that cannot be read is removed at once."""
    try:
        return data_view.Inspected(inspect_file(held.cases, viewer.site.settings.zone, viewer.local_now.date()))
    except InputRefusedError:
        discard(held)
        raise


def _overview(request: Request, viewer: Viewer, fault: YujingError | None = None) -> Response:
    job, t = viewer.site.jobs.last, viewer.t
    sees_whole = not viewer.actor.scope.path
    return render(
        request,
        "data.html",
        viewer.actor,
        HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK,
        job=data_view.shown_job(job, t),
        report=data_view.shown_report(job, _intake(viewer), t) if sees_whole and job and job.name == TAKE_IN else None,
        fault=data_view.fault_words(fault, t) if fault else None,
        detail=str(fault) if fault else "",
        targets=data_view.choosable_targets(viewer),
        today=viewer.local_now.date(),
        refused=[path.name for path in quarantine_reports(viewer.site.home)[:REPORTS_SHOWN]] if sees_whole else [],
        megabytes=MAX_BYTES >> 20,
    )


def _file_page(request: Request, viewer: Viewer, held: Upload, fault: YujingError | None = None) -> Response:
    seen, job, t = _inspected(viewer, held), viewer.site.jobs.last, viewer.t
    mine = job if job and job.subject == held.token else None
    answers = answers_of(held.source) if held.source.exists() else propose_answers(viewer.site.home, seen.inspection)
    return render(
        request,
        "data_file.html",
        viewer.actor,
        HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK,
        token=held.token,
        name=held.cases.name,
        lines=[t.of(text) for text in describe(seen.inspection)],
        form=data_view.mapping_form(seen, answers, t),
        job=data_view.shown_job(mine, t),
        report=data_view.shown_report(mine, _intake(viewer), t),
        fault=data_view.fault_words(fault, t) if fault else None,
        detail=str(fault) if fault else "",
    )


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
