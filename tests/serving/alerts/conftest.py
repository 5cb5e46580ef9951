"""A ledger with alerts, without a model: lists are made by hand and published as the daily run would."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert

from features.database.engine import writing
from features.database.tables import grid
from serving.accounts.permissions import Actor, Role, Scope
from serving.alerts.queries import Wanted, list_alerts
from serving.alerts.raising import Raising
from serving.alerts.rule import RankedGrids
from serving.alerts.schemas import Alert
from serving.rankings.entries import Entry, Origin, to_body
from serving.rankings.ledger import publish
from serving.rankings.schemas import GridRow
from serving.settings import AlertSettings
from tests.support.killing import Forked, forked_program
from tests.support.made_alerts import make_row

ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = date(2026, 1, 9)
NOW = datetime(2026, 1, 9, 6, tzinfo=ZONE)
QUIET = AlertSettings(enter_share=0.25, leave_share=0.25, per_township=9, exploration_share=0, blind_review_share=0)

COMMAND = Actor("acommand", "centre", Role.COMMAND, Scope(""))
TOWNSHIP = Actor("atown", "town", Role.TOWNSHIP, Scope("d/t1"))
WORKER = Actor("aworker", "worker", Role.GRID_WORKER, Scope("d/t1/g1"))
STRANGER = Actor("astranger", "other", Role.TOWNSHIP, Scope("d/t2"))
LABOUR = Actor("alabour", "labour", Role.DEPARTMENT, Scope("", "labour"))
DISTRICT = Actor("adistrict", "district", Role.COMMAND, Scope("d"))
ANALYST = Actor("aanalyst", "analyst", Role.ANALYST, Scope(""))


class Days:
    """Publishes hand-made lists on a database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def rows(self) -> list[GridRow]:
        """Return eight grids of two townships; g1 is first, and with the default settings g1 and g2 are alerted."""
        return [make_row(f"g{n}", n, township=f"d/t{1 + (n - 1) % 2}") for n in range(1, 9)]

    def publish(
        self,
        rows: list[GridRow] | None = None,
        days: int = 0,
        settings: AlertSettings = QUIET,
        now: datetime | None = None,
        as_of: date | None = None,
    ) -> Entry:
        """Publish a list of a later day, in the morning of that day."""
        rows = rows or self.rows()
        as_of = as_of or AS_OF + timedelta(days=days)
        now = now or NOW + timedelta(days=days)
        known = datetime(2026, 1, 9, tzinfo=ZONE) + timedelta(days=days)
        origin = Origin(as_of, "escalation", 14, "m" * 64, "1", 1, known, "0.1.0", 0)
        body = to_body({"grid": {row.grid_id: row for row in rows}})
        return publish(
            self.engine,
            origin,
            body,
            now,
            Raising(RankedGrids(rows), lambda ids: {row.grid_id: row.explanation for row in rows if row.grid_id in ids}, settings, ZONE),
        )

    def alerts(self, actor: Actor = COMMAND, **wanted: object) -> list[Alert]:
        return list_alerts(self.engine, actor, Wanted(**wanted), limit=500)


@pytest.fixture
def days(engine: Engine) -> Days:
    with writing(engine) as connection:
        places = [{"grid_id": f"g{n}", "name": "", "parent_path": f"d/t{1 + (n - 1) % 2}"} for n in range(4, 9)]
        connection.execute(insert(grid), places)
    return Days(engine)


@pytest.fixture
def raise_alerts(days: Days) -> Callable[[int], None]:
    """Return a function that raises so many alerts on one list."""

    def publish(count: int) -> None:
        grids = [f"k{number}" for number in range(count)]
        with writing(days.engine) as connection:
            connection.execute(insert(grid), [{"grid_id": grid_id, "name": "", "parent_path": "d/t1"} for grid_id in grids])
        settings = QUIET.model_copy(update={"enter_share": 1.0, "leave_share": 1.0, "per_township": count})
        days.publish([make_row(grid_id, rank) for rank, grid_id in enumerate(grids, start=1)], settings=settings)

    return publish


@pytest.fixture(scope="module")
def program() -> Iterator[Forked]:
    """A program to be killed."""
    with forked_program() as program:
        yield program


@pytest.fixture
def asked() -> Callable[..., object]:
    """Return a function that asks for a step under a new key each time."""
    from serving.alerts.lifecycle import REASONS, Action
    from serving.alerts.transitions import TransitionRequest

    numbers: Iterator[int] = iter(range(10**9))

    def ask(action: str, version: int = 1, **given: object) -> TransitionRequest:
        stated = {"reason": next(iter(REASONS[Action(action)])), "key": f"key-{next(numbers)}"}
        return TransitionRequest(action=Action(action), version=version, **stated | given)

    return ask
