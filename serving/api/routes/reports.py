"""GET /v1/reports: the situation analyses that were written, for accounts of exactly their area."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from features.errors import NotFoundError
from serving import audit
from serving.accounts.permissions import Actor, Right
from serving.documents.paper import Language, to_html
from serving.server.auth import needs
from serving.server.dependencies import AppState, ReadingOf
from serving.server.errors import described
from serving.situation_report.archive import NO_REPORT, KeptReport, area_of_reports, kept_reports, read_report

router = APIRouter(prefix="/v1", tags=["reports"])

Exporter = Annotated[Actor, Depends(needs(Right.EXPORT))]
InLanguage = Annotated[Language, Query(description="Language of the file; a report that 0.1.0 wrote is in Chinese only")]
HTML = {"description": "One file that asks nobody for anything", "content": {"text/html": {"schema": {"type": "string"}}}}


class Report(BaseModel):
    """One situation analysis."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

    name: str = Field(description="Month or quarter, and target", examples=["2026-10-escalation"])
    written_at: datetime = Field(description="Moment at which it was written last, UTC", examples=["2026-11-02T01:00:00Z"])


class ReportPage(BaseModel):
    """All that are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: list[Report] = Field(description="The latest period first")


@router.get("/reports")
def list_reports(actor: Exporter, reading: ReadingOf) -> ReportPage:
    """List the analyses of one's own area, the whole or a township; accounts of smaller areas see none."""
    return ReportPage(items=[Report.model_validate(each) for each in reports_for(actor, reading)])


@router.get(
    "/reports/{name}", name="read_report", response_class=HTMLResponse, responses=described(HTTPStatus.NOT_FOUND) | {HTTPStatus.OK: HTML}
)
def take_report(
    name: Annotated[str, Path(max_length=100)], actor: Exporter, reading: ReadingOf, language: InLanguage = "zh"
) -> HTMLResponse:
    """Return one analysis as a file; counts under five are masked in it."""
    paper = find_report(name, actor, reading).paper(language)
    return HTMLResponse(to_html(paper), headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(paper.title)}.html"})


def reports_for(actor: Actor, reading: AppState) -> list[KeptReport]:
    """Return the analyses that an account may take away."""
    area = area_of_reports(actor.scope, reading.shelf.current)
    return [each for each in kept_reports(reading.home) if each.area == area]


def find_report(name: str, actor: Actor, reading: AppState) -> KeptReport:
    """Return one of them, and write down who reads it.

    Raises:
        NotFoundError: none of that name is kept for this account.
    """
    report = read_report(reading.home, name)
    if report.area != area_of_reports(actor.scope, reading.shelf.current):
        raise NotFoundError(NO_REPORT)
    audit.note(reading.shelf.engine, actor.account_id, "report.read", name, reading.now())
    return report
