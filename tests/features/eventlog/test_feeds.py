"""Feeds: what a source file declared, and through when its records are complete."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, select

from features.database.engine import reading, writing
from features.database.tables import feed
from features.eventlog.feeds import FeedSpec, advance_feed, declare_feed, declared_targets, ensure_feed, read_feeds
from features.eventlog.snapshot import Feed
from features.targets import DeadlinePassed, Target, UnresolvedAfter

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SPEC = FeedSpec(
    rules=(DeadlinePassed(action="overdue", when="deadline_passed"), UnresolvedAfter(action="escalated", when="unresolved_after", days=30)),
    targets={"slow": Target(transitions=("overdue",), horizon_days=7)},
    categories=("noise",),
    bursts="join",
    shared_with=("hotline",),
)


def test_declare_feed_is_read_back_as_it_was_declared(engine: Engine) -> None:
    declare_feed(engine, "ledger", SPEC)
    with reading(engine) as connection:
        expected = Feed("ledger", NOW, SPEC.rules, SPEC.targets, ("noise",), "join", ("hotline",))
        assert {"ledger": expected} == read_feeds(connection, {"ledger": NOW})


def test_declare_feed_again_replaces_what_it_had(engine: Engine) -> None:
    declare_feed(engine, "ledger", SPEC)
    declare_feed(engine, "ledger", FeedSpec())

    assert set() == declared_targets(engine)


def test_declared_targets_are_those_of_all_feeds(engine: Engine) -> None:
    declare_feed(engine, "ledger", SPEC)
    declare_feed(engine, "hotline", FeedSpec(targets={"again": Target(transitions=("reopened",))}))

    assert {"slow", "again"} == declared_targets(engine)


def test_ensure_feed_that_is_there_keeps_its_rules(engine: Engine) -> None:
    declare_feed(engine, "ledger", SPEC)
    with writing(engine) as connection:
        ensure_feed(connection, "ledger")
        assert SPEC.rules == read_feeds(connection, {"ledger": NOW})["ledger"].rules


def test_read_feeds_without_records_are_left_out(engine: Engine) -> None:
    declare_feed(engine, "ledger", SPEC)
    declare_feed(engine, "empty", FeedSpec())
    with reading(engine) as connection:
        assert ["ledger"] == list(read_feeds(connection, {"ledger": NOW}))


def test_feed_spec_of_a_feed_that_an_older_version_declared_joins_no_bursts() -> None:
    assert "apart" == FeedSpec.model_validate({"rules": [], "targets": {}}).bursts


def test_feed_spec_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="zone"):
        FeedSpec.model_validate({"zone": "UTC"})


def test_advance_feed_never_goes_back(engine: Engine) -> None:
    moments = (NOW, NOW - timedelta(days=1), NOW + timedelta(seconds=1))
    with writing(engine) as connection:
        ensure_feed(connection, "ledger")
        ensure_feed(connection, "other")
        reached = []
        for moment in moments:
            advance_feed(connection, "ledger", moment)
            reached.append(connection.execute(select(feed.c.known_through).where(feed.c.name == "ledger")).scalar_one())
        untouched = connection.execute(select(feed.c.known_through).where(feed.c.name == "other")).scalar_one()

    assert [NOW, NOW, NOW + timedelta(seconds=1)] == reached
    assert untouched is None
