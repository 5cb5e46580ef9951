"""/audit: the audit trail for auditors; that it was read is an entry of its own."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select

from features.database.alert_tables import alert
from features.database.engine import writing
from serving.accounts.permissions import EVERYTHING, Right
from serving.accounts.row_security import reading_within
from serving.alerts.queries import within
from serving.audit import audit_log
from serving.pages.layout import moment_text, render
from serving.pages.page import PageRoute, Viewer, viewer_with

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Auditor = Annotated[Viewer, Depends(viewer_with(Right.READ_AUDIT))]
ROWS = 100


@router.get("/audit")
def show_audit(request: Request, viewer: Auditor, before: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """Show the newest entries, or those before one of them."""
    entries = [each for each in audit_log.list_entries(viewer.engine, ROWS, before) if _in_reach(viewer, each.subject)]
    with writing(viewer.engine) as connection:
        audit_log.record(connection, viewer.actor.account_id, "audit.read", "audit", {"before": before}, viewer.now)
    rows = [(each, moment_text(each.at, viewer.t, viewer.site.settings.tz), _details(each.detail)) for each in entries]
    return render(request, "audit.html", viewer.actor, rows=rows, further=entries[-1].id if len(entries) == ROWS else None)


def _in_reach(viewer: Viewer, subject: str) -> bool:
    """Tell whether an auditor may read of a subject: those of a part of the whole read of its alerts and places alone."""
    if viewer.scope == EVERYTHING:
        return True
    with reading_within(viewer.engine, viewer.scope) as connection:
        found = connection.execute(select(alert.c.alert_id).where(alert.c.alert_id == subject, within(alert.c.path, viewer.scope))).first()
    return found is not None or viewer.scope.is_above(subject)


def _details(detail: str) -> str:
    return " · ".join(f"{name} {value}" for name, value in json.loads(detail).items() if value not in (None, ""))
