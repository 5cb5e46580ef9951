"""Idempotency: a request that is repeated under its key is answered as it was the first time, and does nothing more."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, insert, select

from features.database.alert_tables import answered
from features.errors import ConflictError

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True)
class Request:
    """Request under a key of the client's choice."""

    actor_id: str
    key: str
    content: str
    """Everything that was asked, as one text."""

    @property
    def hash(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(self.content.encode()).hexdigest()


def idempotent(connection: Connection, request: Request, model: type[Answer], now: datetime, do: Callable[[], Answer]) -> Answer:
    """Do what is asked and keep the answer, or return the answer that was given before; inside the caller's transaction.

    Raises:
        ConflictError: the key was used for another request.
    """
    query = select(answered).where(answered.c.actor_id == request.actor_id, answered.c.key == request.key)
    given = connection.execute(query).first()
    if given is None:
        answer = do()
        stored = {
            "actor_id": request.actor_id,
            "key": request.key,
            "request_hash": request.hash,
            "answer": answer.model_dump_json(),
            "at": now,
        }
        connection.execute(insert(answered), stored)
        return answer
    if given.request_hash != request.hash:
        raise ConflictError("an idempotency key must stand for one request, and this one stood for another. Choose a new key.")
    return model.model_validate_json(given.answer)
