"""A program that publishes a hand-made list and raises its alerts, for the tests that kill it."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from features.database.engine import open_database, writing
from features.storage.home import Home
from serving.rankings.entries import Body, Entry, Origin
from serving.rankings.ledger import Also, publish
from tests.serving.alerts import conftest
from tests.serving.alerts.conftest import Days
from tests.support.traced import Job, do_jobs


def publish_apart(engine: Engine, origin: Origin, body: Body, published_at: object, also: Also) -> Entry:
    """The broken variant: the alerts of a list are raised in a transaction of their own."""
    entry = publish(engine, origin, body, published_at)
    with writing(engine) as connection:
        also(connection, entry)
    return entry


def prepare(job: Job) -> Callable[[], Entry]:
    """Return what publishes the list of the day after the first."""
    if job["apart"]:
        conftest.publish = publish_apart
    return lambda: Days(open_database(Home(Path(job["home"])).database_url)).publish(days=1)


if __name__ == "__main__":
    do_jobs(prepare)
