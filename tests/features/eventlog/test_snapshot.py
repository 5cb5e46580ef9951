"""The event log as it is read: its columns, and what a snapshot without further tables holds."""

import polars as pl
import pytest

from features.eventlog.covariates import COVARIATE_SCHEMA
from features.eventlog.snapshot import RECORD_SCHEMA, Feed
from features.schema import Action, EventType
from features.undertakings.undertaking import EFFORT_SCHEMA, VERSION_SCHEMA
from tests.support.event_logs import Case, make_log, moment


def test_record_schema_knows_every_action_and_type_and_no_other_word() -> None:
    actions, types = RECORD_SCHEMA["action"], RECORD_SCHEMA["event_type"]

    assert (list(Action), list(EventType)) == (actions.categories.to_list(), types.categories.to_list())
    with pytest.raises(pl.exceptions.InvalidOperationError):
        pl.Series(["quarrel"], dtype=pl.String).cast(types)


def test_snapshot_without_further_tables_has_their_columns() -> None:
    log = make_log([Case("a", 1)])

    assert (VERSION_SCHEMA, EFFORT_SCHEMA, COVARIATE_SCHEMA) == (log.undertakings.schema, log.effort.schema, log.covariates.schema)


def test_feed_declares_nothing_unless_said_otherwise() -> None:
    feed = Feed("ledger", moment(1))

    assert ((), {}, (), "apart", ()) == (feed.rules, feed.targets, feed.categories, feed.bursts, feed.shared_with)
