"""Feeds: the clock rules and targets of each source file, and through when its records are complete."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine, insert, select, update

from features.database.engine import reading, writing
from features.database.tables import feed
from features.eventlog.sequence import lock_sequence
from features.eventlog.snapshot import Feed
from features.targets import Bursts, Rule, Target


class FeedSpec(BaseModel):
    """The part of a source file that is needed when its records are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Rule, ...] = ()
    targets: dict[str, Target] = Field(default_factory=dict)
    categories: tuple[str, ...] = ()
    bursts: Bursts = "apart"
    """Feeds that an older version declared stay as they were read then."""
    shared_with: tuple[str, ...] = ()
    """Feeds that send the same events under ids of their own."""


def declare_feed(engine: Engine, name: str, spec: FeedSpec) -> None:
    """Store the rules and targets of a feed, in place of those it had."""
    with writing(engine) as connection:
        lock_sequence(connection)
        ensure_feed(connection, name)
        connection.execute(update(feed).where(feed.c.name == name).values(spec=spec.model_dump(mode="json")))


def declared_targets(engine: Engine) -> set[str]:
    """Return the names of the targets that source files declared."""
    with reading(engine) as connection:
        specs = connection.execute(select(feed.c.spec)).scalars().all()
    return {name for spec in specs for name in FeedSpec.model_validate(spec).targets}


def ensure_feed(connection: Connection, name: str) -> None:
    """Let the feed be there; a new one has neither rules nor targets. The caller holds the counter row."""
    if connection.execute(select(feed.c.name).where(feed.c.name == name)).first() is None:
        connection.execute(insert(feed).values(name=name, spec=FeedSpec().model_dump(mode="json")))


def advance_feed(connection: Connection, name: str, known_at: datetime) -> None:
    """Move the moment through which a feed is complete, never back."""
    earlier = feed.c.known_through.is_(None) | (feed.c.known_through < known_at)
    connection.execute(update(feed).where(feed.c.name == name, earlier).values(known_through=known_at))


def read_feeds(connection: Connection, known_through: Mapping[str, datetime]) -> dict[str, Feed]:
    """Return the feeds that have records, complete through the given moments."""
    stored = connection.execute(select(feed.c.name, feed.c.spec).order_by(feed.c.name)).all()
    specs = {name: FeedSpec.model_validate(spec) for name, spec in stored if name in known_through}
    return {
        name: Feed(name, known_through[name], spec.rules, spec.targets, spec.categories, spec.bursts, spec.shared_with)
        for name, spec in specs.items()
    }
