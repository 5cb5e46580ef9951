"""/reports: reports of months and quarters: made, found again, taken as files, and what the meeting decided entered.

/reports/template: the office's own Word template, chosen by an analyst.

GET /brief: the brief of the day or week on a page, and as a file for printing.
"""

from datetime import UTC, date
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from features.errors import NotFoundError, UsageError
from features.targets import DEFAULT_TARGET
from serving import audit
from serving.accounts.permissions import Right
from serving.alerts.recommended_actions import DEEDS
from serving.api.routes.reports import find_report, reports_for
from serving.briefs.briefs import WRITERS
from serving.briefs.desk import Desk
from serving.documents.files import PDF_TYPE, to_pdf
from serving.documents.paper import Paper, picture_urls, to_html
from serving.documents.word import FILE, MAX_BYTES, WORD_TYPE, keep_template, kept_template, remove_template, to_word
from serving.operations.jobs import PageJob, run_program
from serving.pages.layout import HEADERS, render
from serving.pages.page import ListViewer, PageRoute, Viewer, viewer_with
from serving.settings import BriefKind
from serving.situation_report.archive import NO_REPORT, area_of_reports, enter_decisions, report_name
from serving.situation_report.period import period_code, read_period
from serving.situation_report.wording import CENTRE, kind_name, lead_name
from serving.verification.statement import Account, account_paper, kept_accounts, read_account, read_archive

Reader = Annotated[Viewer, Depends(viewer_with(Right.EXPORT))]
Name = Annotated[str, Path(max_length=100)]
WHOLE = ""
"""Area of a report about everything."""
PERIODS = 6
"""Months, and quarters, that can be chosen."""

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
    audit.note(viewer.engine, viewer.actor.account_id, f"report.template_{step}", FILE, viewer.now)
    return RedirectResponse("/reports/template", HTTPStatus.SEE_OTHER)


def _page(request: Request, viewer: Viewer, fault: UsageError | None = None) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    kept = kept_template(viewer.site.home) is not None
    return render(request, "office_template.html", viewer.actor, status, kept=kept, fault=fault, megabytes=MAX_BYTES >> 20)


class TakeQuery(BaseModel):
    """In which form."""

    model_config = ConfigDict(extra="forbid")

    form: Literal["pdf", "docx", "html"] = "pdf"


class AccountQuery(BaseModel):
    """In which form."""

    model_config = ConfigDict(extra="forbid")

    form: Literal["pdf", "zip"] = "pdf"


class NewReport(BaseModel):
    """Fields of the form."""

    model_config = ConfigDict(extra="ignore")

    period: str = Field(pattern=r"^\d{4}(-\d\d|Q[1-4])$")
    what: Literal["report", "verification"] = "report"


@router.get("/reports")
def show_reports(request: Request, viewer: Reader) -> Response:
    """Show what is kept, what is being made, and what can be made."""
    area, making = area_of_reports(viewer.scope, viewer.reading.shelf.current), viewer.site.report_jobs.last
    return render(
        request,
        "reports.html",
        viewer.actor,
        reports=reports_for(viewer.actor, viewer.reading),
        may_make=area is not None and bool(viewer.site.program),
        accounts=_accounts(viewer),
        sees_whole=area == WHOLE,
        making=making if making and making.subject == area else None,
        making_name=_name(making.name, viewer) if making else "",
        periods=_periods(viewer.local_now.date()),
        now=viewer.now,
        may_choose_template=may_choose_template(viewer),
    )


@router.post("/reports")
def make_report(viewer: Reader, form: Annotated[NewReport, Form()]) -> Response:
    """Begin a report of the reader's own area, or the account of the lists, which is of the whole."""
    area = area_of_reports(viewer.scope, viewer.reading.shelf.current)
    if area is None or not viewer.site.program or (form.what == "verification" and area != WHOLE):
        raise NotFoundError(NO_REPORT)
    target, period = _target(viewer), read_period(form.period)
    name = report_name(period_code(period), target, area)
    options = [form.what, "--month" if period.months == 1 else "--quarter", form.period, "--target", target]
    command = (*viewer.site.program, *options, *(["--area", area] if area else []))
    viewer.site.report_jobs.start(PageJob(form.period, area, viewer.now), lambda job: run_program(command, job))
    audit.note(viewer.engine, viewer.actor.account_id, f"{form.what}.make", name, viewer.now)
    return RedirectResponse("/reports", HTTPStatus.SEE_OTHER)


@router.get("/reports/{name}")
def show_report(request: Request, name: Name, viewer: Reader) -> Response:
    """Show a report, and the form for what the meeting decided about its topics."""
    report = find_report(name, viewer.actor, viewer.reading)
    departments = viewer.site.settings.alerts.departments
    leads = {lead: lead_name(lead, departments) for lead in (*(each.name for each in departments), CENTRE.zh)}
    paper = report.paper(viewer.t.language)
    return render(
        request,
        "report.html",
        viewer.actor,
        report=report,
        paper=paper,
        leads=leads,
        deeds=DEEDS,
        kind_name=kind_name,
        plots=picture_urls(paper),
    )


@router.get("/reports/{name}/file")
def take_report(name: Name, query: Annotated[TakeQuery, Query()], viewer: Reader) -> Response:
    """Return a report as PDF, Word or HTML file."""
    paper = find_report(name, viewer.actor, viewer.reading).paper(viewer.t.language)
    content, kind = _write(paper, query.form, viewer)
    disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(paper.title)}.{query.form}"}
    return Response(content, media_type=kind, headers=HEADERS | disposition)


@router.post("/reports/{name}/decisions")
def decide(
    name: Name, viewer: Reader, lead: Annotated[list[str], Form(max_length=20)], action: Annotated[list[str], Form(max_length=20)]
) -> Response:
    """Enter who leads and what is done about each topic, as the meeting decided; both in the order of the topics."""
    report = find_report(name, viewer.actor, viewer.reading)
    chosen = zip(report.topics, lead, action, strict=False)
    decisions = {
        topic.kind: (_one_of(leader, viewer, topic.lead), deed if deed in DEEDS else topic.action) for topic, leader, deed in chosen
    }
    enter_decisions(viewer.reading.home, name, decisions)
    audit.note(viewer.engine, viewer.actor.account_id, "report.decide", name, viewer.now)
    return RedirectResponse(f"/reports/{name}", HTTPStatus.SEE_OTHER)


@router.get("/verifications/{name}")
def show_account(request: Request, name: Name, viewer: Reader) -> Response:
    """Show the account of a month to an account of the whole."""
    paper = account_paper(_find_account(name, viewer), viewer.t.language)
    return render(request, "list_account.html", viewer.actor, paper=paper, name=name)


@router.get("/verifications/{name}/file")
def take_account(name: Name, query: Annotated[AccountQuery, Query()], viewer: Reader) -> Response:
    """Return the account as a PDF of half a sheet, or its signed archive for recomputing."""
    account = _find_account(name, viewer)
    is_archive = query.form == "zip"
    content = read_archive(viewer.reading.home, name) if is_archive else to_pdf(account_paper(account, viewer.t.language))
    audit.note(viewer.engine, viewer.actor.account_id, "verification.read", name, viewer.now)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.account.{query.form}"'}
    return Response(content, media_type="application/zip" if is_archive else PDF_TYPE, headers=HEADERS | disposition)


def _name(period_code: str, viewer: Viewer) -> str:
    period = read_period(period_code)
    return period.name if viewer.t.language == "zh" else period.name_en


def _sees_part(viewer: Viewer) -> bool:
    return area_of_reports(viewer.scope, viewer.reading.shelf.current) != WHOLE


def _accounts(viewer: Viewer) -> list[Account]:
    """Return the accounts that are kept, for whoever sees the whole."""
    if _sees_part(viewer):
        return []
    return [read_account(viewer.reading.home, name) for name in kept_accounts(viewer.reading.home)]


def _find_account(name: str, viewer: Viewer) -> Account:
    if _sees_part(viewer):
        raise NotFoundError(NO_REPORT)
    return read_account(viewer.reading.home, name)


def _one_of(lead: str, viewer: Viewer, otherwise: str) -> str:
    """Return a lead that can be chosen; units alone, never a person."""
    known = {each.name for each in viewer.site.settings.alerts.departments} | {CENTRE.zh}
    return lead if lead in known else otherwise


def _write(paper: Paper, form: str, viewer: Viewer) -> tuple[bytes, str]:
    if form == "pdf":
        return to_pdf(paper), PDF_TYPE
    if form == "docx":
        return to_word(paper, viewer.now.astimezone(UTC), kept_template(viewer.site.home)), WORD_TYPE
    return to_html(paper), "text/html; charset=utf-8"


def _periods(today: date) -> list[str]:
    """Return the codes of the last whole months and quarters, the newest first."""
    month = read_period(f"{today:%Y-%m}")
    quarter = read_period(f"{today.year}Q{(today.month + 2) // 3}")
    return [period_code(each.before(each.months * back)) for each in (month, quarter) for back in range(1, PERIODS + 1)]


def _target(viewer: Viewer) -> str:
    current = viewer.reading.shelf.current
    return current.head.entry.origin.target if current else DEFAULT_TARGET


class BriefQuery(BaseModel):
    """Brief to show."""

    model_config = ConfigDict(extra="forbid")

    kind: BriefKind = "daily"


@router.get("/brief")
def show_brief(request: Request, query: Annotated[BriefQuery, Query()], viewer: ListViewer) -> Response:
    """Show the brief of the reader's own area."""
    return render(request, "brief.html", viewer.actor, paper=_write_brief(viewer, query.kind), kind=query.kind, kinds=tuple(WRITERS))


@router.get("/brief/file")
def take_brief(query: Annotated[BriefQuery, Query()], viewer: ListViewer) -> Response:
    """Return the same as a PDF of one A4 page."""
    paper = _write_brief(viewer, query.kind)
    name = quote(f"{paper.title}{viewer.local_now.date()}.pdf")
    disposition = {"Content-Disposition": f"inline; filename*=UTF-8''{name}"}
    return Response(to_pdf(paper), media_type=PDF_TYPE, headers=HEADERS | disposition)


def _write_brief(viewer: Viewer, kind: BriefKind) -> Paper:
    current = viewer.reading.shelf.current
    names = viewer.site.atlas.names(viewer.engine, current.head.ranking_id if current else "")
    take = viewer.reading.shelf.take
    return WRITERS[kind](Desk(viewer.engine, viewer.site.settings, viewer.scope, names, viewer.local_now, viewer.t.language, take))
