"""Answers put together from published bytes: the rows of a list are never serialised again. Cursors say where their next page begins.

A cursor is signed, for one list, one scope and a quarter of an hour.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Self
from zoneinfo import ZoneInfo

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, ValidationError

from features.days import day_number, midnight
from serving.rankings.entries import Entry
from serving.rankings.schemas import Level
from serving.server.list_cache import Head
from serving.text import NOTICES

JSON_TYPE = "application/json"
UNCHANGED: dict[int | str, dict[str, object]] = {304: {"description": "Unchanged"}}
"""Further answers of a route that uses `respond`, for its `responses=`."""
NOTICES_JSON = b"[" + b",".join(notice.model_dump_json().encode() for notice in NOTICES) + b"]"

VALID_SECONDS = 15 * 60
STAMP_SECONDS = 5 * 60
"""Cursors of one page given within this time are the same, so that the page is."""
SIGNATURE_BYTES = 16


@dataclass(frozen=True)
class Freshness:
    """When a list counts as stale."""

    zone: ZoneInfo
    after: timedelta

    def stale(self, entry: Entry, now: datetime) -> bool:
        """Tell whether a newer list is overdue: the age counts from publication, or from the end of its day if that came first."""
        end_of_day = midnight(day_number(entry.origin.as_of) + 1, self.zone)
        return now - min(entry.published_at, end_of_day) > self.after


@dataclass(frozen=True)
class ShownList:
    """A list as seen by one request, which keeps it from beginning to end."""

    head: Head
    stale: bool

    def headers(self) -> dict[str, str]:
        """Return what every answer from a list says about it."""
        return {
            "X-Ranking-Id": self.head.ranking_id,
            "X-Data-Through": self.head.entry.origin.data_through.astimezone(UTC).isoformat(),
            "X-Stale": _json(self.stale).decode(),
            "Cache-Control": "private, no-cache",
        }

    def json(self, **parts: object) -> bytes:
        """Return the JSON of an answer: the list's head and notices, then the parts; bytes go in as they are."""
        about = {"ranking": self.head.json, "stale": self.stale, "notices": NOTICES_JSON}
        return b"{" + b",".join(b'"%s":%s' % (name.encode(), _json(part)) for name, part in (about | parts).items()) + b"}"


def json_list(parts: Iterable[bytes]) -> bytes:
    """Join JSON values into one array."""
    return b"[" + b",".join(parts) + b"]"


@dataclass(frozen=True)
class JsonAnswer:
    """Answer with part of a list."""

    content: bytes
    key: str
    """Tells this part from every other part of the same list; equal keys mean equal bytes."""
    media_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


def respond(request: Request, shown: ShownList, answer: JsonAnswer) -> Response:
    """Return 200 with the answer, or 304 where the reader holds the same already."""
    part = hashlib.blake2b(f"{shown.stale} {answer.key}".encode(), digest_size=8).hexdigest()
    etag = f'"{shown.head.ranking_id}-{part}"'
    headers = {"ETag": etag, **shown.headers(), **answer.headers}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(answer.content, headers=headers, media_type=answer.media_type)


def _json(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()


class Cursor(BaseModel):
    """A place on one list; opaque to whoever carries it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ranking_id: str
    scope: str
    """Path of the scope it was given for."""
    level: Level
    node: str | None
    offset: int

    def sign(self, key: bytes, now: datetime) -> str:
        """Return the cursor as it travels in an address."""
        stamp = int(now.timestamp()) // STAMP_SECONDS
        content = f"{stamp} {self.model_dump_json()}".encode()
        return base64.urlsafe_b64encode(_signature(key, content) + content).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str, key: bytes, now: datetime) -> Self:
        """Read what `sign` returned.

        Raises:
            RequestValidationError: it is no cursor of ours.
            HTTPException: it was one, and is too old (410).
        """
        try:
            signed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            signature, content = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
            if not hmac.compare_digest(signature, _signature(key, content)):
                raise wrong_cursor()
            stamp, _, place = content.decode().partition(" ")
            cursor = cls.model_validate_json(place)
        except (ValidationError, ValueError) as error:
            raise wrong_cursor() from error
        if now.timestamp() - int(stamp) * STAMP_SECONDS > VALID_SECONDS:
            raise HTTPException(HTTPStatus.GONE, "A cursor is good for a quarter of an hour. Start again from the first page.")
        return cursor


def wrong_cursor(detail: str = "A cursor must be used as it was given") -> RequestValidationError:
    """Return the error that answers a cursor of someone else, or of nobody."""
    return RequestValidationError([{"type": "cursor", "loc": ("query", "cursor"), "msg": detail, "input": None}])


def _signature(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, b"cursor " + content, hashlib.sha256)[:SIGNATURE_BYTES]
