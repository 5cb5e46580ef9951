"""The login page: by password, through the identity provider, or both."""

from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from serving.access.provider import DOOR
from serving.pages.frame import render
from serving.pages.page_route import inside


def login_page(request: Request, goal: str, failed: str | None = None, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    """Return it with the ways in that the settings leave open; `goal` is where its reader goes then, `failed` the key of a fault."""
    oidc, goal = request.app.state.site.settings.oidc, inside(goal)
    return render(
        request,
        "login.html",
        status=status,
        next=goal,
        here=f"{DOOR}?{urlencode({'next': goal})}",
        failed=failed,
        by_identity=bool(oidc.public_url),
        administrators_only=not oidc.password_login,
    )
