"""A connection to PostgreSQL that breaks in the COMMIT of a step or a list leaves no doubt: whoever repeats it learns what happened."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, func, select

from features.database.alert_tables import alert, alert_transition
from features.database.engine import open_database, reading
from features.errors import StoreError
from serving.alerts.lifecycle import REASONS, Action
from serving.alerts.transitions import TransitionRequest, take_step
from serving.rankings.ledger import entries, verify
from tests.serving.alerts.conftest import COMMAND, NOW, Days
from tests.support.cut_connections import Relay, relayed

pytestmark = pytest.mark.dialect("postgresql")
DELIVERED = pytest.mark.parametrize("delivered", [False, True])


@pytest.fixture
def relayed_days(days: Days) -> Iterator[tuple[Relay, Days]]:
    """Lists on a database that is reached by way of a relay; one is out."""
    days.publish()
    with relayed(days.engine.url.render_as_string(hide_password=False)) as (relay, url):
        opened = open_database(url)
        yield relay, Days(opened)
        opened.dispose()


def count(engine: Engine, column: object) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count(column))).scalar_one()


@DELIVERED
def test_take_step_cut_in_its_commit_and_repeated_is_taken_once(relayed_days: tuple[Relay, Days], *, delivered: bool) -> None:
    relay, days = relayed_days
    one, *_ = days.alerts()
    step = TransitionRequest(Action.ACKNOWLEDGE, next(iter(REASONS[Action.ACKNOWLEDGE])), one.version, "key-1")
    before = count(days.engine, alert_transition.c.alert_id)

    relay.cut_at_commit(delivered=delivered)
    with pytest.raises(StoreError, match="nothing is stored twice"):
        take_step(days.engine, COMMAND, one.alert_id, step, NOW)
    between = count(days.engine, alert_transition.c.alert_id)
    answers = [take_step(days.engine, COMMAND, one.alert_id, step, NOW) for _ in range(2)]

    assert before + delivered == between
    assert [one.version + 1] * 2 == [answer.version for answer in answers]
    assert before + 1 == count(days.engine, alert_transition.c.alert_id)


@DELIVERED
def test_publish_cut_in_its_commit_and_repeated_is_published_once(relayed_days: tuple[Relay, Days], *, delivered: bool) -> None:
    relay, days = relayed_days
    raised = count(days.engine, alert.c.alert_id)

    relay.cut_at_commit(delivered=delivered)
    with pytest.raises(StoreError, match="nothing is stored twice"):
        days.publish(days=1)
    between = len(entries(days.engine))
    again = days.publish(days=1)

    assert 1 + delivered == between
    assert (again, 2) == (verify(days.engine), len(entries(days.engine)))
    assert raised == count(days.engine, alert.c.alert_id)
