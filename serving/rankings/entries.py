"""An entry of the ledger: one published list, what it was made from, and the hash that chains it to the one before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from serving.audit import hash_entry
from serving.rankings.schemas import Count, Level, Row

ID_LENGTH = 16
"""Hexadecimal digits of the entry's hash by which a list is named."""


@dataclass(frozen=True)
class Origin:
    """Origin of a list: everything needed to compute it again."""

    as_of: date
    target: str
    horizon_days: int
    model_hash: str
    model_version: str
    sequence: int
    """Last sequence number of the event log that was used."""
    data_through: datetime
    """Moment of the last report that was known."""
    code_version: str
    seed: int


@dataclass(frozen=True)
class Entry:
    """One published list, without its rows."""

    id: int
    """1, 2, 3, ...: place in the chain."""
    origin: Origin
    revision: int
    """0 for the first list of a date, target and horizon."""
    published_at: datetime
    body_hash: str
    previous_hash: str

    @property
    def hash(self) -> str:
        """SHA-256 over all of the above."""
        return hash_entry(asdict(self))

    @property
    def ranking_id(self) -> str:
        """Name of the list: the first digits of its hash."""
        return self.hash[:ID_LENGTH]


@dataclass(frozen=True)
class PublishedRow:
    """One row as it was published."""

    place: str
    """grid_id, or path of the area."""
    body: str
    """JSON of the row."""


ENCODER = json.JSONEncoder(ensure_ascii=False)

Body = dict[Level, list[PublishedRow]]
"""All rows of a list, per level in published order."""


def to_body(rows: Mapping[Level, Mapping[str, Row]]) -> Body:
    """Serialise rows, given per level by place; these bytes are what is hashed, stored and served."""
    return {level: [PublishedRow(place, row.model_dump_json()) for place, row in placed.items()] for level, placed in rows.items()}


def hash_body(body: Body) -> str:
    """Return the SHA-256 over every row with its level and position."""
    digest = hashlib.sha256()
    for level in sorted(body):
        for position, row in enumerate(body[level]):
            digest.update(ENCODER.encode([level, position, row.place, row.body]).encode())
    return digest.hexdigest()


class Frozen(BaseModel):
    """Body of an answer: immutable, without fields that nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class ListHead(Frozen):
    """Head of a published list: its subject and what it was made from."""

    ranking_id: str = Field(description="Name of the list", examples=["3f2c9a0d51b7e846"])
    as_of: date = Field(description="Date of the list; only what was known before its local midnight counts", examples=["2026-01-09"])
    target: str = Field(description="What is predicted", examples=["escalation"])
    horizon_days: int = Field(ge=1, description="Days ahead, from as_of on", examples=[14])
    revision: Count = Field(description="0 for the first list of the date, one more for each that replaced it", examples=[0])
    published_at: datetime = Field(description="Moment of publication, UTC", examples=["2026-01-08T22:00:00Z"])
    data_through: datetime = Field(description="Moment through which the data are complete, UTC", examples=["2026-01-08T16:00:00Z"])
    model_version: str = Field(description="Number of the model in the registry", examples=["7"])
    model_hash: str = Field(description="SHA-256 of the model's manifest", examples=["9a" * 32])
    sequence: Count = Field(description="Last sequence number of the event log that was used", examples=[341194])
    code_version: str = Field(description="Version of the program", examples=["0.2.0"])
    seed: int = Field(description="Seed that broke ties", examples=[0])

    @classmethod
    def of(cls, entry: Entry) -> "ListHead":
        """Return the head of an entry of the ledger."""
        return cls(ranking_id=entry.ranking_id, revision=entry.revision, published_at=entry.published_at, **vars(entry.origin))
