"""/admin: accounts, tokens and the rule of alerts, for administrators."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from features.errors import UsageError
from serving.accounts.accounts import Grant, NewAccount, accounts, create_account
from serving.accounts.permissions import Right, Scope
from serving.accounts.sessions import (
    LONGEST_TOKEN,
    USUAL_TOKEN,
    bound_sessions,
    issue_token,
    make_wall,
    revoke_session,
    revoke_token,
    tokens,
)
from serving.alerts.webhooks import resend
from serving.pages.admin_view import Trial, read_rule, try_rule
from serving.pages.handling_view import names_of
from serving.pages.layout import moment_text, render
from serving.pages.list_query import area_tree
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.pages.routes.accounts import ROLES, granted, picked_scope

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Administrator = Annotated[Viewer, Depends(viewer_with(Right.ADMINISTER))]
Text = Annotated[str, Form(max_length=500)]
SOON = timedelta(days=7)
"""Time before the end of a token from which the page warns of it."""


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
    days: Annotated[int, Form(ge=1, le=LONGEST_TOKEN.days)] = USUAL_TOKEN.days,
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
def add_account(request: Request, viewer: Administrator, name: Text, grant: Annotated[Grant, Depends(granted)]) -> Response:
    """Make an account and show its one-time password, this once."""
    new = NewAccount(name, grant.role, grant.scope, unit=grant.unit or "", more_scopes=grant.more_scopes)
    try:
        _, password = create_account(viewer.engine, new, viewer.actor.account_id, viewer.now)
    except UsageError:
        return _page(request, viewer, fault="admin_name_taken", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, viewer, once=("one_time", name, password))


@router.post("/admin/walls")
def add_wall(
    request: Request, viewer: Administrator, name: Text, picked: Annotated[Scope, Depends(picked_scope)], address: Text = ""
) -> Response:
    """Make a wall screen and show its link, this once."""
    new = (name, picked, address.strip() or None)
    try:
        secret = make_wall(viewer.engine, new, viewer.actor.account_id, viewer.now)
    except UsageError:
        return _page(request, viewer, fault="admin_name_taken", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    site = f"{request.url.scheme}://{request.url.netloc}{viewer.site.settings.serving.root_path}"
    return _page(request, viewer, once=("wall_link", name, f"{site}/wall/{secret}"))


@router.post("/admin/sessions/{session_id}/revoke")
def end_session(viewer: Administrator, session_id: str) -> Response:
    """End a session that is bound to a device."""
    revoke_session(viewer.engine, session_id, viewer.actor.account_id, viewer.now)
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
    known, names, zone = accounts(viewer.engine), names_of(viewer), viewer.site.settings.tz
    held = [(each, token) for each in known for token in tokens(viewer.engine, each.actor.account_id)]
    return render(
        request,
        "admin.html",
        viewer.actor,
        status,
        accounts=[(each, moment_text(each.signed_in_at, viewer.t, zone) if each.signed_in_at else "—") for each in known],
        tokens=held,
        ending=[token for _, token in held if viewer.now < token.ends_at <= viewer.now + SOON],
        soon=viewer.now + SOON,
        names=names,
        tree=area_tree(names),
        devices=[(each, moment_text(each.seen_at, viewer.t, zone)) for each in bound_sessions(viewer.engine)],
        now=viewer.now,
        longest=LONGEST_TOKEN.days,
        usual=USUAL_TOKEN.days,
        trial=trial,
        roles=ROLES,
        departments=viewer.site.settings.alerts.departments,
        upkeep=viewer.reading.health(),
        overdue=viewer.reading.overdue(viewer.now),
        rule=read_rule(viewer.engine, viewer.site.settings.alerts),
        once=once,
        fault=fault,
    )
