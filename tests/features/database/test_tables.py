"""Tables of event log, lists and undertakings."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, select, text

from features.database.all_tables import metadata
from features.database.engine import reading, writing
from features.database.tables import APPEND_ONLY, APPEND_ONLY_UNDERTAKINGS, UtcTime, feed
from features.errors import StoreError
from tests.features.database.filled import put


@pytest.mark.parametrize(
    ("moment", "microseconds"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))), 1_767_225_600_000_000),
        (datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 1),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
    ],
    ids=["epoch", "another zone", "microsecond", "before the epoch"],
)
def test_utc_time_is_stored_as_whole_microseconds_and_read_in_utc(moment: datetime, microseconds: int, engine: Engine) -> None:
    with writing(engine) as connection:
        put(connection, feed, {"name": "a", "known_through": moment})
        stored = connection.execute(text("SELECT known_through FROM feed")).scalar_one()
        read = connection.execute(select(feed.c.known_through)).scalar_one()

    assert (microseconds, moment, UTC) == (stored, read, read.tzinfo)


def test_utc_time_that_is_missing_stays_missing(engine: Engine) -> None:
    with writing(engine) as connection:
        put(connection, feed, {"name": "a", "known_through": None})
        assert connection.execute(select(feed.c.known_through)).scalar_one() is None


def test_utc_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        UtcTime().process_bind_param(datetime(2026, 1, 1), None)  # noqa: DTZ001 - the fault that is looked for


def test_rows_that_name_what_is_not_there_are_refused(engine: Engine) -> None:
    batch = metadata.tables["batch"]
    with pytest.raises(StoreError, match="nothing is stored twice"), writing(engine) as connection:
        put(connection, batch, {"key": "k", "feed": "unknown"})
    with reading(engine) as connection:
        assert [] == connection.execute(select(batch)).all()


@pytest.mark.parametrize("table", [*APPEND_ONLY, *APPEND_ONLY_UNDERTAKINGS], ids=lambda table: table.name)
def test_append_only_tables_never_let_an_update_follow_a_parent(table) -> None:
    assert [] == [key.target_fullname for key in table.foreign_keys if key.ondelete or key.onupdate]
