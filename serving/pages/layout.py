"""Layout of every page: language, theme, who reads it, security headers, and the built styles and scripts."""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from secrets import randbelow, token_hex
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup

from features.errors import NotReadyError
from serving.accounts.permissions import Actor, Right
from serving.accounts.sessions import csrf_token
from serving.documents.templates import html_environment
from serving.pages.translations import LANGUAGES, Language, Translator, translations
from serving.server.auth import COOKIE
from serving.text import ATTENTION, DISCLAIMER, NOTICES, SERVICE_ONLY, Text

STATIC = Path(str(files("serving.pages"))) / "static"


def asset(source: str) -> str:
    """Return the address of what was built from a source such as `src/yujing.css`.

    Raises:
        NotReadyError: the pages were not built.
    """
    return f"/static/{_manifest()[source]['file']}"


@cache
def _manifest() -> dict[str, dict[str, str]]:
    try:
        manifest: dict[str, dict[str, str]] = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise NotReadyError(
            "the pages must be built, found no static/manifest.json. Run `make .venv/ready`, or install the wheel."
        ) from error
    return manifest


Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
LANGUAGE_COOKIE, THEME_COOKIE = "yujing_language", "yujing_theme"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors {framed_by}; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY.format(framed_by="'none'"),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
MOST_PADDING = 32
"""Random bytes in a page: its compressed length tells nothing of the token in it, whatever somebody has it repeat from the address."""


@dataclass(frozen=True)
class Look:
    """Preferences of a reader."""

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
        "t": Translator(look.language),
        "look": look,
        "actor": actor,
        "csrf": csrf_token(secret) if secret else "",
        "area_name": lambda path: _area_name(request, path),
        "ends": lambda: _ends(request, actor),
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
    }
    padding = token_hex(randbelow(MOST_PADDING))
    content = _environment().get_template(template).render(about | context | {"padding": padding})
    return HTMLResponse(content, status, HEADERS | framing(request))


def render_part(template: str, **context: object) -> Markup:
    """Return a part of a page, for pages that share it."""
    return Markup(_environment().get_template(template).render(context))  # noqa: S704 - the template escapes what it shows


def _area_name(request: Request, path: str) -> str:
    """Return what one of the reader's own areas is called."""
    shelf, atlas = request.state.reading.shelf, request.app.state.site.atlas
    title: str = atlas.names(shelf.engine, shelf.current.head.ranking_id if shelf.current else "").title(path)
    return title


def _ends(request: Request, actor: Actor | None) -> list[Text]:
    """Return what a reader should know of the end of publishing: all that it has come, who can renew it that it will come soon."""
    if actor is None:
        return []
    renews = actor.may(Right.READ_MODELS) or actor.may(Right.ADMINISTER)
    return [each.words for each in request.state.reading.expiries() if each.has_passed or (renews and each.is_announced)]


def framing(request: Request) -> dict[str, str]:
    """Return the policy that lets the sites of the settings show a page in a frame; nothing where there are none."""
    sites: tuple[str, ...] = request.app.state.site.settings.serving.framed_by
    return {"Content-Security-Policy": POLICY.format(framed_by=" ".join(sites))} if sites else {}


def read_templates() -> None:
    """Read every template and every word, so that no page waits for them."""
    translations()
    for name in _environment().list_templates():
        _environment().get_template(name)


def day_text(day: date, t: Translator, *, weekday: bool = False) -> str:
    """Return a date in words.

    >>> day_text(date(2027, 1, 9), Translator("zh"), weekday=True)
    '2027年1月9日 周六'
    """
    said = t("day", year=day.year, month=day.month, day=day.day)
    return f"{said} {t(f'weekday_{day.weekday()}')}" if weekday else said


def moment_text(moment: datetime, t: Translator, zone: ZoneInfo) -> str:
    """Return a moment in words, in the deployment's zone."""
    local = moment.astimezone(zone)
    return t("moment", month=local.month, day=local.day, time=f"{local:%H:%M}")


def end_text(moment: datetime, t: Translator, zone: ZoneInfo) -> str:
    """Return the end of a stretch of time in words; midnight ends a day and begins none."""
    local = moment.astimezone(zone)
    if local.time() != time():
        return moment_text(moment, t, zone)
    last = local - timedelta(days=1)
    return t("moment", month=last.month, day=last.day, time="24:00")


@cache
def _environment() -> Environment:
    environment = html_environment("serving.pages")
    environment.globals |= {
        "asset": asset,
        "ATTENTION": ATTENTION,
        "NOTICES": NOTICES,
        "SERVICE_ONLY": SERVICE_ONLY,
        "STANDING": DISCLAIMER,
        "Right": Right,
        "THEMES": THEMES,
        "LANGUAGES": LANGUAGES,
    }
    return environment
