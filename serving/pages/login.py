"""The login page: by password, through the identity provider, or both."""

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse

from serving.pages.frame import render
from serving.pages.page_route import inside


def login_page(request: Request, goal: str, failed: str | None = None, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    """Return it with the ways in that the settings leave open; `goal` is where its reader goes then, `failed` the key of a fault."""
    oidc = request.app.state.site.settings.oidc
    return render(
        request,
        "login.html",
        status=status,
        next=inside(goal),
        failed=failed,
        by_identity=bool(oidc.site),
        administrators_only=not oidc.passwords,
    )
