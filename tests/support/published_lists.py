"""Lists one after another, each of whose rows says which list it belongs to."""

from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from serving.rankings.entries import Entry, Origin, to_body
from serving.rankings.ledger import Also, publish
from tests.support.townships import NOW, grid_rows

FIRST_DAY = date(2026, 1, 9)


def publish_day(engine: Engine, number: int, now: datetime = NOW, also: Also | None = None) -> Entry:
    """Publish the list of a day whose rows are named after it."""
    rows = {row.grid_id: row.model_copy(update={"name": f"list{number}"}) for row in grid_rows()}
    origin = Origin(FIRST_DAY + timedelta(days=number), "escalation", 14, "a" * 64, "1", 100, now, "0.1.0", 0)
    return publish(engine, origin, to_body({"grid": rows, "community": {}, "township": {}, "district": {}}), now, also)
