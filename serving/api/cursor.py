"""Cursors: where the next page of one particular list begins."""

import base64
import binascii
from typing import Self

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.rows import Level


class Cursor(BaseModel):
    """A place on one list; opaque to whoever carries it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ranking_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    level: Level
    parent: str | None
    offset: int = Field(ge=0)

    def encode(self) -> str:
        """Return the cursor as it travels in an address."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what `encode` returned.

        Raises:
            RequestValidationError: it is no cursor of ours.
        """
        try:
            return cls.model_validate_json(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), strict=True)
        except (ValidationError, binascii.Error, ValueError) as error:
            fault = {"type": "cursor", "loc": ("query", "cursor"), "msg": "A cursor must be used as it was given", "input": None}
            raise RequestValidationError([fault]) from error
