"""/audit: the audit trail for auditors, filtered and as CSV; that it was read is an entry of its own, and so is each reading of names."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from features.database.engine import writing
from serving import audit
from serving.accounts.permissions import Right
from serving.exports import table_to_csv
from serving.pages.audit_view import HEADER, TOPICS, AuditFilter, in_words, read_entries, read_names
from serving.pages.handling_view import names_of
from serving.pages.layout import HEADERS, moment_text, render
from serving.pages.page import PageRoute, Viewer, viewer_with

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Auditor = Annotated[Viewer, Depends(viewer_with(Right.READ_AUDIT))]
Wanted = Annotated[AuditFilter, Query()]
ROWS, EXPORTED_ROWS = 100, 100_000


@router.get("/audit")
def show_audit(request: Request, viewer: Auditor, wanted: Wanted) -> Response:
    """Show the newest entries that fit, or those before one of them."""
    zone = viewer.site.settings.tz
    lines = [in_words(row, viewer.t, zone) for row in read_entries(viewer.engine, viewer.scope, wanted, zone, ROWS)]
    names = _record(viewer, "audit.read", wanted, {each for line in lines for each in (line.actor_id, line.subject)})
    places = names_of(viewer)
    return render(
        request,
        "audit.html",
        viewer.actor,
        rows=[(line, moment_text(line.at, viewer.t, zone), names.get(line.subject) or places.title(line.subject)) for line in lines],
        names=names,
        wanted=wanted,
        topics=TOPICS,
        areas=[(path, places.title(path)) for path in sorted(places.areas) if viewer.scope.covers(path)],
        query=urlencode(wanted.detail),
        further=lines[-1].id if len(lines) == ROWS else None,
    )


@router.get("/audit.csv")
def export_audit(viewer: Auditor, wanted: Wanted) -> Response:
    """Return the entries that fit as CSV, in the order in which they were written, each with its hash."""
    rows = read_entries(viewer.engine, viewer.scope, wanted, viewer.site.settings.tz, EXPORTED_ROWS)
    names = _record(viewer, "audit.export", wanted, {str(row["actor_id"]) for row in rows})
    stored = ("action", "subject", "detail", "entry_hash")
    cells = [(row["id"], row["at"], names.get(str(row["actor_id"]), row["actor_id"]), *(row[name] for name in stored)) for row in rows]
    headers = HEADERS | {"Content-Disposition": 'attachment; filename="yujing-audit.csv"'}
    return Response(table_to_csv(HEADER, reversed(cells)), media_type="text/csv; charset=utf-8", headers=headers)


def _record(viewer: Viewer, action: str, wanted: AuditFilter, actor_ids: set[str]) -> dict[str, str]:
    """Write down that the trail was read, and return login names by pseudonym where they were asked for, which is written down too."""
    reader, now = viewer.actor.account_id, viewer.now
    with writing(viewer.engine) as connection:
        audit.record(connection, reader, action, "audit", wanted.detail | {"before": wanted.before}, now)
        if not wanted.names:
            return {}
        names = read_names(connection, actor_ids)
        audit.record(connection, reader, "audit.read_names", "audit", {"accounts": sorted(names)}, now)
    return names
