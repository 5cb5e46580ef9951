"""/admin: accounts, tokens and the rule of alerts, for administrators."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from features.errors import NotFoundError, UsageError
from serving.accounts.accounts import NewAccount, accounts, create_account, disable_account, reset_password
from serving.accounts.changes import change_account, enable_account
from serving.accounts.devices import bound_sessions, make_wall, revoke_session
from serving.accounts.permissions import Right, Role, Scope
from serving.accounts.tokens import LONGEST, USUAL, issue_token, revoke_token, tokens
from serving.alerts.webhooks import resend
from serving.operations.health import read_operational_health
from serving.pages.admin_view import Trial, read_rule, try_rule
from serving.pages.layout import moment_text, render
from serving.pages.page import PageRoute, Viewer, viewer_with

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Administrator = Annotated[Viewer, Depends(viewer_with(Right.ADMINISTER))]
Text = Annotated[str, Form(max_length=500)]


@router.get("/admin")
def show_admin(request: Request, viewer: Administrator) -> Response:
    """Show the accounts and the rule."""
    return _page(request, viewer)


@router.get("/admin/rule")
def try_changed_rule(request: Request, viewer: Administrator) -> Response:
    """Show what a changed rule would have led to; nothing is saved."""
    current = viewer.reading.shelf.current
    target = current.head.entry.origin.target if current else ""
    try:
        trial = try_rule(viewer.engine, viewer.site.settings.alerts, dict(request.query_params), target)
    except UsageError:
        return _page(request, viewer, fault="admin_rule_wrong", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, viewer, trial=trial)


@router.post("/admin/letters/resend")
def send_again(viewer: Administrator, receiver: Annotated[str, Form(max_length=40)]) -> Response:
    """Let a receiver be told again what it did not take."""
    resend(viewer.engine, receiver, viewer.actor.account_id, viewer.now)
    return RedirectResponse("/admin", HTTPStatus.SEE_OTHER)


@router.post("/admin/tokens")
def add_token(
    request: Request,
    viewer: Administrator,
    account: Annotated[str, Form(max_length=64)],
    label: Annotated[str, Form(min_length=1, max_length=100)],
    days: Annotated[int, Form(ge=1, le=LONGEST.days)] = USUAL.days,
) -> Response:
    """Issue a token for a program and show it, this once."""
    ends_at = viewer.now + timedelta(days=days)
    secret = issue_token(viewer.engine, account, label, ends_at, viewer.now, viewer.actor.account_id)
    return _page(request, viewer, once=("token_once", label, secret))


@router.post("/admin/tokens/{account_id}/{token_id}/revoke")
def end_token(viewer: Administrator, account_id: str, token_id: str) -> Response:
    """End a token at once."""
    revoke_token(viewer.engine, account_id, token_id, viewer.actor.account_id, viewer.now)
    return RedirectResponse("/admin", HTTPStatus.SEE_OTHER)


@router.post("/admin/accounts")
def add_account(
    request: Request, viewer: Administrator, name: Text, role: Annotated[Role, Form()], scope: Text = "", department: Text = ""
) -> Response:
    """Make an account and show its one-time password, this once."""
    new = NewAccount(name, role, Scope(scope.strip("/ "), department))
    try:
        _, password = create_account(viewer.engine, new, viewer.actor.account_id, viewer.now)
    except UsageError:
        return _page(request, viewer, fault="admin_name_taken", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, viewer, once=("one_time", name, password))


@router.post("/admin/walls")
def add_wall(request: Request, viewer: Administrator, name: Text, scope: Text = "", address: Text = "") -> Response:
    """Make a wall screen and show its link, this once."""
    new = (name, Scope(scope.strip("/ ")), address.strip() or None)
    try:
        secret = make_wall(viewer.engine, new, viewer.actor.account_id, viewer.now)
    except UsageError:
        return _page(request, viewer, fault="admin_name_taken", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, viewer, once=("wall_link", name, f"{request.base_url}wall/{secret}"))


@router.post("/admin/sessions/{session_id}/revoke")
def end_session(viewer: Administrator, session_id: str) -> Response:
    """End a session that is bound to a device."""
    revoke_session(viewer.engine, session_id, viewer.actor.account_id, viewer.now)
    return RedirectResponse("/admin", HTTPStatus.SEE_OTHER)


@router.post("/admin/accounts/{account_id}/password")
def renew_password(request: Request, viewer: Administrator, account_id: str) -> Response:
    """Give an account a new one-time password and show it, this once."""
    name = next((each.actor.name for each in accounts(viewer.engine) if each.actor.account_id == account_id), None)
    if name is None:
        raise NotFoundError("No such account.")
    password = reset_password(viewer.engine, account_id, viewer.actor.account_id, viewer.now)
    return _page(request, viewer, once=("one_time", name, password))


@router.post("/admin/accounts/{account_id}/disable")
def end_account(viewer: Administrator, account_id: str) -> Response:
    """Let an account in no more."""
    disable_account(viewer.engine, account_id, viewer.actor.account_id, viewer.now)
    return RedirectResponse("/admin", HTTPStatus.SEE_OTHER)


@router.post("/admin/accounts/{account_id}/enable")
def let_account_in_again(viewer: Administrator, account_id: str) -> Response:
    """Let a disabled account in again."""
    enable_account(viewer.engine, account_id, viewer.actor.account_id, viewer.now)
    return RedirectResponse("/admin", HTTPStatus.SEE_OTHER)


@router.post("/admin/accounts/{account_id}/change")
def give_other_role(
    request: Request, viewer: Administrator, account_id: str, role: Annotated[Role, Form()], scope: Text = "", department: Text = ""
) -> Response:
    """Give an account another role, area or department."""
    grant = (role, Scope(scope.strip("/ "), department))
    try:
        change_account(viewer.engine, account_id, grant, viewer.actor.account_id, viewer.now)
    except UsageError:
        return _page(request, viewer, fault="admin_change_wrong", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return RedirectResponse("/admin", HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    viewer: Viewer,
    *,
    once: tuple[str, str, str] | None = None,
    fault: str | None = None,
    trial: Trial | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    known = accounts(viewer.engine)
    return render(
        request,
        "admin.html",
        viewer.actor,
        status,
        accounts=known,
        tokens=[(each, token) for each in known for token in tokens(viewer.engine, each.actor.account_id)],
        devices=[(each, moment_text(each.seen_at, viewer.t, viewer.site.settings.tz)) for each in bound_sessions(viewer.engine)],
        now=viewer.now,
        longest=LONGEST.days,
        usual=USUAL.days,
        trial=trial,
        roles=tuple(role for role in Role if role is not Role.WALL),
        departments=viewer.site.settings.alerts.departments,
        upkeep=read_operational_health(viewer.engine, viewer.reading.limits, viewer.reading.now()),
        overdue=viewer.reading.overdue(viewer.now),
        rule=read_rule(viewer.engine, viewer.site.settings.alerts),
        once=once,
        fault=fault,
    )
