"""/admin/accounts and /admin/import: one account after the other, or all of a file; /admin/settings: what is set, and where."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Request, Response
from fastapi.responses import RedirectResponse

from features.errors import NotFoundError, UsageError
from serving.accounts.accounts import Account, Grant, accounts, change_account, disable_account, enable_account, reset_password
from serving.accounts.import_accounts import (
    ONE_TIME_HEADER,
    ImportedRow,
    Outcome,
    count_outcomes,
    decode_table,
    import_accounts,
    one_time_rows,
)
from serving.accounts.passwords import clear_attempts
from serving.accounts.permissions import Right, Role, Scope
from serving.exports import table_to_csv
from serving.pages.admin_view import read_settings
from serving.pages.handling_view import names_of
from serving.pages.layout import HEADERS, moment_text, render
from serving.pages.list_query import area_tree
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.settings import Department

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Administrator = Annotated[Viewer, Depends(viewer_with(Right.ADMINISTER))]
Text = Annotated[str, Form(max_length=500)]
ROLES = tuple(role for role in Role if role is not Role.WALL)
"""Roles that an administrator gives; a wall screen is made apart."""


async def picked_scope(scope: Text = "", code: Text = "", department: Text = "") -> Scope:
    """Return the scope of a form: the area that was picked, unless a code is written."""
    return Scope((code.strip("/ ") or scope).strip("/ "), department)


async def granted(
    role: Annotated[Role, Form()],
    picked: Annotated[Scope, Depends(picked_scope)],
    more: Annotated[str, Form(max_length=5_000)] = "",
    unit: Annotated[str | None, Form(max_length=100)] = None,
) -> Grant:
    """Return what a form gives an account; its further areas stand one a line."""
    further = tuple(line.strip("/ ") for line in more.splitlines() if line.strip("/ "))
    return Grant(role, picked, further, unit)


@router.get("/admin/accounts/{account_id}")
def show_account(request: Request, viewer: Administrator, account_id: str) -> Response:
    """Show one account and what can be done with it."""
    return _page(request, viewer, account_id)


@router.post("/admin/accounts/{account_id}/password")
def renew_password(request: Request, viewer: Administrator, account_id: str) -> Response:
    """Give an account a new one-time password and show it, this once."""
    _account(viewer, account_id)
    password = reset_password(viewer.engine, account_id, viewer.actor.account_id, viewer.now)
    return _page(request, viewer, account_id, password=password)


@router.post("/admin/accounts/{account_id}/unlock")
def unlock(viewer: Administrator, account_id: str) -> Response:
    """Forget the failed logins of an account."""
    clear_attempts(viewer.engine, _account(viewer, account_id).actor, viewer.actor.account_id, viewer.now)
    return _back(account_id)


@router.post("/admin/accounts/{account_id}/disable")
def end_account(viewer: Administrator, account_id: str) -> Response:
    """Let an account in no more."""
    disable_account(viewer.engine, account_id, viewer.actor.account_id, viewer.now)
    return _back(account_id)


@router.post("/admin/accounts/{account_id}/enable")
def let_account_in_again(viewer: Administrator, account_id: str) -> Response:
    """Let a disabled account in again."""
    enable_account(viewer.engine, account_id, viewer.actor.account_id, viewer.now)
    return _back(account_id)


@router.post("/admin/accounts/{account_id}/change")
def give_other_role(request: Request, viewer: Administrator, account_id: str, grant: Annotated[Grant, Depends(granted)]) -> Response:
    """Give an account another role, other areas or another department."""
    try:
        change_account(viewer.engine, account_id, grant, viewer.actor.account_id, viewer.now)
    except UsageError:
        return _page(request, viewer, account_id, fault="admin_change_wrong", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _back(account_id)


@router.get("/admin/import")
def show_import(request: Request, viewer: Administrator) -> Response:
    """Ask for a file of accounts."""
    return _import_page(request, viewer, (), b"")


@router.post("/admin/import")
def take_in_accounts(
    request: Request,
    viewer: Administrator,
    file: Annotated[bytes, File()] = b"",
    content: Annotated[str, Form(max_length=1_000_000)] = "",
    wanted: Annotated[Literal["try", "page", "csv"], Form()] = "try",
) -> Response:
    """Say what becomes of every row of a file, or store the accounts and hand out their one-time passwords, this once."""
    taken, decision = file or content.encode(), (viewer.actor.account_id, viewer.now)
    try:
        rows = import_accounts(viewer.engine, taken, _departments(viewer), decision, dry_run=wanted == "try")
    except UsageError:
        return _import_page(request, viewer, (), b"", fault="import_no_table")
    if wanted == "csv" and one_time_rows(rows):
        headers = HEADERS | {"Content-Disposition": 'attachment; filename="one-time-passwords.csv"'}
        return Response(table_to_csv(ONE_TIME_HEADER, one_time_rows(rows)), media_type="text/csv; charset=utf-8", headers=headers)
    return _import_page(request, viewer, rows, taken)


@router.get("/admin/settings")
def show_settings(request: Request, viewer: Administrator) -> Response:
    """Show every setting with where it was set."""
    lines = read_settings(viewer.site.settings, viewer.site.home.config)
    return render(request, "settings.html", viewer.actor, lines=lines)


def _import_page(request: Request, viewer: Viewer, rows: tuple[ImportedRow, ...], taken: bytes, fault: str | None = None) -> Response:
    """Show rows with their outcome; the content goes along for the next step while nothing is stored."""
    counts = count_outcomes(rows) if rows else None
    good = counts is not None and not counts[Outcome.REFUSED]
    text = decode_table(taken) if good and not any(row.password for row in rows) else ""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault or (rows and not good) else HTTPStatus.OK
    context = {"rows": rows, "counts": counts, "content": text, "fault": fault, "departments": _departments(viewer)}
    return render(request, "import.html", viewer.actor, status, **context)


def _departments(viewer: Viewer) -> tuple[Department, ...]:
    return viewer.site.settings.alerts.departments


def _account(viewer: Viewer, account_id: str) -> Account:
    found = next((each for each in accounts(viewer.engine) if each.actor.account_id == account_id), None)
    if found is None:
        raise NotFoundError("an account must be named, found none of that id. List the accounts.")
    return found


def _back(account_id: str) -> Response:
    return RedirectResponse(f"/admin/accounts/{account_id}", HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    viewer: Viewer,
    account_id: str,
    *,
    password: str | None = None,
    fault: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    holder, names, zone = _account(viewer, account_id), names_of(viewer), viewer.site.settings.tz
    return render(
        request,
        "account.html",
        viewer.actor,
        status,
        holder=holder,
        area=names.title(holder.actor.scope.path) if holder.actor.scope.path else None,
        signed_in=moment_text(holder.signed_in_at, viewer.t, zone) if holder.signed_in_at else None,
        tree=area_tree(names),
        roles=ROLES,
        departments=_departments(viewer),
        password=password,
        fault=fault,
    )
