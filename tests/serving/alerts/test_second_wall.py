"""On PostgreSQL a query without any condition sees no row of another township, in any table whose rows have a place."""

import pytest
from sqlalchemy import Engine, create_engine, insert, select, text

import features.database.access_tables  # noqa: F401 - adds its tables to the MetaData
from features.database.alert_tables import delivery, rescore, sequel, visit
from features.database.engine import reading, writing
from features.database.tables import area, metadata
from features.errors import StoreError
from serving.accounts.permissions import Actor, Role, Scope
from serving.accounts.row_security import check_row_security, reading_within
from serving.alerts.corrections import About, CorrectionStep, answer_correction, contest
from serving.alerts.feedback import Feedback, ReasonFeedback, give_feedback
from serving.alerts.silences import SilenceReason, silence_area
from tests.serving.alerts.conftest import AS_OF, COMMAND, NOW, Days
from tests.serving.alerts.test_supervision import silenced
from tests.support.databases import Databases

pytestmark = pytest.mark.dialect("postgresql")

PLACING = {"path", "alert_id", "correction_id"}
WALLED = [table for table in metadata.sorted_tables if PLACING & set(table.c.keys()) and table is not delivery]
"""Tables that say which program was told; nobody is shown them, so they have no policy."""
TOWNSHIPS = ("d/t1", "d/t2")


def town(path: str) -> Actor:
    return Actor(f"a{path}", path, Role.TOWNSHIP, Scope(path))


@pytest.fixture
def lived(days: Days) -> Engine:
    """Two townships with an alert each, and everything that can happen to it."""
    days.publish()
    for number, path in enumerate(TOWNSHIPS, start=1):
        (raised,) = days.alerts(town(path))
        named = {"alert_id": raised.alert_id, "at": NOW}
        silence_area(days.engine, town(path), silenced(path, reason=SilenceReason.KNOWN_EVENT), NOW)
        contested = contest(days.engine, COMMAND, raised.alert_id, About.DATA, "count", NOW)
        answer_correction(days.engine, town(path), contested.id, CorrectionStep.ACCEPTED, NOW)
        agreed = Feedback(group=raised.text.reasons[0].group, verdict=ReasonFeedback.AGREES)
        give_feedback(days.engine, town(path), raised.alert_id, agreed, f"key-{number}", NOW)
        with writing(days.engine) as connection:
            connection.execute(insert(sequel), named | {"escalations": 1.0})
            connection.execute(insert(area), {"path": path, "name": f"street {number}", "stated": True})
            connection.execute(insert(rescore), {"correction_id": contested.id, "before_id": 1, "after_id": 1, "at": NOW})
            made = {"kind": "routine", "model_prompted": False, "found": "no", "visited_on": AS_OF, "actor_id": "a"}
            connection.execute(insert(visit), named | made | {"grid_id": raised.grid_id, "path": raised.path})
    return days.engine


def seen(engine: Engine, path: str) -> dict[str, set[str]]:
    """Return the rows of every table that a query without any condition sees within a scope."""
    with reading_within(engine, Scope(path)) as connection:
        return {table.name: {str(row) for row in connection.execute(select(table))} for table in WALLED}


def test_second_wall_shows_each_township_its_own_rows_of_every_table_and_no_others(lived: Engine) -> None:
    everything, one, other = seen(lived, ""), seen(lived, TOWNSHIPS[0]), seen(lived, TOWNSHIPS[1])
    above = {"ranking_row": {row for row in everything["ranking_row"] if "'district'" in row}}

    for name, rows in everything.items():
        assert one[name], name
        assert one[name] & other[name] == set(), name
        assert one[name] | other[name] == rows - above.get(name, set()), name


def test_second_wall_stands_before_every_table_whose_rows_have_a_place(engine: Engine) -> None:
    with reading(engine) as connection:
        guarded = set(connection.execute(text("SELECT tablename FROM pg_policies")).scalars())

    assert guarded == {table.name for table in WALLED}


def test_doctor_says_whom_the_second_wall_binds_and_who_can_dump_everything(engine: Engine) -> None:
    told = check_row_security(engine)

    assert told.startswith(f"row-level security on {len(WALLED)} tables binds owner_of_the_tables; pg_dump is whole by ")
    assert told.endswith("postgres alone, yujing backup by owner_of_the_tables")


def test_doctor_refuses_an_account_above_the_second_wall_and_an_owner_who_is_not_held_to_it(databases: Databases, engine: Engine) -> None:
    superuser = create_engine(databases.server_url.set(database=engine.url.database))
    with pytest.raises(StoreError, match="superuser or has BYPASSRLS"):
        check_row_security(superuser)
    superuser.dispose()
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE alert NO FORCE ROW LEVEL SECURITY"))
    with pytest.raises(StoreError, match="is not on alert"):
        check_row_security(engine)
