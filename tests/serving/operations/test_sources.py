from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from features.database.engine import writing
from features.database.tables import feed
from serving.operations.sources import Source, read_sources
from serving.settings import Settings

NOW = datetime(2026, 1, 9, 6, tzinfo=UTC)
OLDEST_ON_TIME, LATE = NOW - timedelta(hours=72), NOW - timedelta(hours=73)


def test_sources_are_late_by_the_clock_or_without_a_record_and_ended_ones_are_left_out(engine) -> None:
    settings = Settings(serving={"data_late_after_hours": 72.0}, intake={"retired_sources": ["ended"]})
    moments = {"hotline": OLDEST_ON_TIME, "mediation": LATE, "new": None, "ended": LATE}
    with writing(engine) as connection:
        connection.execute(insert(feed), [{"name": name, "spec": "{}", "known_through": moment} for name, moment in moments.items()])

    expected = (Source("hotline", OLDEST_ON_TIME, 3, False), Source("mediation", LATE, 3, True), Source("new", None, 0, True))
    assert expected == read_sources(engine, NOW, settings)
