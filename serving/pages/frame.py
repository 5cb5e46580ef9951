"""What every page stands in: language, theme, who reads it, and headers that keep everything else out."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from http import HTTPStatus
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from serving.access.actor import Actor, Right
from serving.access.credentials import csrf_token
from serving.api.access import COOKIE
from serving.pages.assets import asset
from serving.pages.catalogue import LANGUAGES, Language, Speaker, catalogue
from serving.words import ATTENTION, NOTICES, SERVICE_ONLY, STANDING

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
LANGUAGE_COOKIE, THEME_COOKIE = "yujing_language", "yujing_theme"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


@dataclass(frozen=True)
class Look:
    """How a reader wants to see the pages."""

    language: Language
    theme: Theme

    @classmethod
    def of(cls, request: Request) -> "Look":
        """Return what the browser remembers; Chinese and light without."""
        language, theme = request.cookies.get(LANGUAGE_COOKIE), request.cookies.get(THEME_COOKIE)
        return cls(
            language=language if language in LANGUAGES else "zh",
            theme=theme if theme in THEMES else "light",
        )


def render(
    request: Request, template: str, actor: Actor | None = None, status: HTTPStatus = HTTPStatus.OK, **context: object
) -> HTMLResponse:
    """Return a page; its template also knows the speaker `t`, the look, who reads, and the token its forms send back."""
    look = Look.of(request)
    secret = request.cookies.get(COOKIE)
    about = {
        "t": Speaker(look.language),
        "look": look,
        "actor": actor,
        "csrf": csrf_token(secret) if secret else "",
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
    }
    content = _environment().get_template(template).render(about | context)
    return HTMLResponse(content, status, HEADERS)


def read_templates() -> None:
    """Read every template and every word, so that no page waits for them."""
    catalogue()
    for name in _environment().list_templates():
        _environment().get_template(name)


def said_day(day: date, t: Speaker, *, weekday: bool = False) -> str:
    """Return a date in words.

    >>> said_day(date(2027, 1, 9), Speaker("zh"), weekday=True)
    '2027年1月9日 周六'
    """
    said = t("day", year=day.year, month=day.month, day=day.day)
    return f"{said} {t(f'weekday_{day.weekday()}')}" if weekday else said


def said_moment(moment: datetime, t: Speaker, zone: ZoneInfo) -> str:
    """Return a moment in words, in the deployment's zone."""
    local = moment.astimezone(zone)
    return t("moment", month=local.month, day=local.day, time=f"{local:%H:%M}")


def said_end(moment: datetime, t: Speaker, zone: ZoneInfo) -> str:
    """Return the end of a stretch of time in words; midnight ends a day and begins none."""
    local = moment.astimezone(zone)
    if local.time() != time():
        return said_moment(moment, t, zone)
    last = local - timedelta(days=1)
    return t("moment", month=last.month, day=last.day, time="24:00")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("serving.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {
        "asset": asset,
        "ATTENTION": ATTENTION,
        "NOTICES": NOTICES,
        "SERVICE_ONLY": SERVICE_ONLY,
        "STANDING": STANDING,
        "Right": Right,
        "THEMES": THEMES,
        "LANGUAGES": LANGUAGES,
    }
    return environment
