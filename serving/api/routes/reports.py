"""GET /v1/reports: the situation analyses that were written, for those who see the whole."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from serving.accounts.permissions import EVERYTHING, Actor, Right
from serving.audit import audit_log
from serving.server.auth import needs
from serving.server.dependencies import AppState, ReadingOf
from serving.server.errors import described
from serving.situation_report.archive import KeptReport, kept_reports, read_report

router = APIRouter(prefix="/v1", tags=["reports"])

Exporter = Annotated[Actor, Depends(needs(Right.EXPORT))]
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
    """List the analyses of months and quarters; an account of a part sees none, for each is about the whole."""
    return ReportPage(items=[Report.model_validate(each) for each in reports_for(actor, reading)])


@router.get(
    "/reports/{name}", name="read_report", response_class=HTMLResponse, responses=described(HTTPStatus.NOT_FOUND) | {HTTPStatus.OK: HTML}
)
def take_report(name: Annotated[str, Path(max_length=100)], actor: Exporter, reading: ReadingOf) -> HTMLResponse:
    """Return one analysis as a file; counts under five are masked in it."""
    content = read_report(reading.home, name if _sees_all(actor, reading) else "")
    audit_log.note(reading.shelf.engine, actor.account_id, "report.read", name, reading.now())
    return HTMLResponse(content, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.html"})


def reports_for(actor: Actor, reading: AppState) -> list[KeptReport]:
    """Return the analyses that an account may take away."""
    return kept_reports(reading.home) if _sees_all(actor, reading) else []


def _sees_all(actor: Actor, reading: AppState) -> bool:
    """Tell whether an account's area holds every district of the newest list."""
    if actor.scope == EVERYTHING:
        return True
    listed = reading.shelf.current
    if listed is None:
        return False
    districts = listed.within(EVERYTHING, "district")
    return bool(districts) and listed.within(actor.scope, "district") == districts
