"""Cursors: where the next page of one particular list begins, signed, for one scope and a quarter of an hour."""

import base64
import hashlib
import hmac
from datetime import datetime
from http import HTTPStatus
from typing import Self

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError

from serving.rankings.schemas import Level

VALID_SECONDS = 15 * 60
STAMP_SECONDS = 5 * 60
"""Cursors of one page given within this time are the same, so that the page is."""
SIGNATURE_BYTES = 16


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
