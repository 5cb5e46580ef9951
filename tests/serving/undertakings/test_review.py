"""Grids of a monthly review: the ones that lot chose, those it could have chosen, and what followed in each."""

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import Engine, select

from features.database.alert_tables import alert
from features.database.bulk import insert_rows
from features.database.engine import reading, writing
from features.database.tables import grid, undertaking_review
from features.days import day_number
from features.facts.facts import Facts
from serving.alerts.raising import Raising
from serving.alerts.rule import RankedGrids
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from serving.rankings.schemas import GridRow
from serving.settings import AlertSettings
from serving.undertakings.review import Window, random_slots, review_monthly
from tests.support.event_logs import FIRST, Case, Plan, make_facts
from tests.support.made_alerts import make_row
from training.learning.folds import Gap

ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = date(2026, 1, 9)
DAY = day_number(AS_OF)
GRIDS = {f"g{n}": f"d/t{1 + (n - 1) % 2}" for n in range(1, 9)}
"""Odd ones lie in the first township, even ones in the second."""
BY_LOT = AlertSettings(enter_share=0.25, leave_share=0.25, per_township=2, exploration_share=0.5, blind_review_share=0)
"""Two grids by score, and one by lot in each township."""
BY_SCORE = BY_LOT.model_copy(update={"exploration_share": 0.0})
RIPE = Window(horizon_days=14, ripe_until=DAY + 60, cool_down_days=7)
ESCALATED = {"g3": 1, "g4": 2, "g7": 1}
"""Escalations in the window of the list."""


@pytest.fixture
def ledger(engine: Engine) -> Engine:
    """An event log that knows the grids."""
    with writing(engine) as connection:
        later = [grid_id for grid_id in GRIDS if grid_id > "g3"]
        insert_rows(connection, grid, pl.DataFrame({"grid_id": later, "name": "", "parent_path": "d"}))
    return engine


def publish_list(engine: Engine, order: str = "12345678", days: int = 0, settings: AlertSettings = BY_LOT) -> None:
    """Publish a list of a day in this order of grids, and raise its alerts."""
    rows: list[GridRow] = [make_row(f"g{n}", rank, township=GRIDS[f"g{n}"]) for rank, n in enumerate(order, start=1)]
    as_of = AS_OF + timedelta(days=days)
    now = datetime.combine(as_of, datetime.min.time(), ZONE) + timedelta(hours=6)
    origin = Origin(as_of, "escalation", 14, "m" * 64, "1", 1, now - timedelta(hours=6), "0.1.0", 0)
    explained = {row.grid_id: row.explanation for row in rows}
    raising = Raising(RankedGrids(rows), lambda ids: {grid_id: explained[grid_id] for grid_id in ids}, settings, ZONE)
    publish(engine, origin, to_body({"grid": {row.grid_id: row for row in rows}}), now, raising)


def drawn_by_lot(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return set(connection.execute(select(alert.c.grid_id).where(alert.c.chosen_by == "random")).scalars())


def facts_with(plans: tuple[Plan, ...] = ()) -> Facts:
    """Return facts in which grids saw `ESCALATED` on the third day of the window, and one escalation before it."""
    day = DAY - day_number(FIRST) + 3
    cases = [Case(grid_id, day - 2, moves=(("escalated", day),)) for grid_id, count in ESCALATED.items() for _ in range(count)]
    before = [Case(grid_id, 5, moves=(("escalated", day - 9.0),)) for grid_id in GRIDS]
    return make_facts([*cases, *before], grids=GRIDS, undertakings=plans, known_through=day + 100)


def looked_at(engine: Engine, window: Window = RIPE) -> list[tuple[int, bool, float]]:
    """Return township, whether lot chose it, and escalations of each grid that is looked at, sorted."""
    slots = random_slots(engine, facts_with(), window)
    assert slots is not None
    assert set(slots.as_of.tolist()) == {DAY}
    columns = slots.unit, slots.drawn, slots.escalations
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def expected_of(engine: Engine, pools: tuple[str, str]) -> list[tuple[int, bool, float]]:
    """Return the same for pools of grids by township."""
    chosen = drawn_by_lot(engine)
    return sorted((unit, f"g{n}" in chosen, float(ESCALATED.get(f"g{n}", 0))) for unit, pool in enumerate(pools) for n in pool)


def test_random_slots_are_the_grids_below_the_threshold_with_what_followed(ledger: Engine) -> None:
    publish_list(ledger)

    assert len(drawn_by_lot(ledger)) == 2
    assert looked_at(ledger) == expected_of(ledger, ("357", "468"))


def test_random_slots_leave_out_grids_with_an_open_alert(ledger: Engine) -> None:
    publish_list(ledger, "34125678", days=-10, settings=BY_SCORE)
    publish_list(ledger)

    assert looked_at(ledger) == expected_of(ledger, ("57", "68"))


def test_random_slots_leave_out_grids_that_cool_down(ledger: Engine) -> None:
    """Their alerts ended three days before the list: lot could not have gone there, and they escalate more."""
    publish_list(ledger, "34125678", days=-17, settings=BY_SCORE)
    publish_list(ledger)

    assert looked_at(ledger) == expected_of(ledger, ("57", "68"))


def test_random_slots_take_grids_back_after_the_cool_down(ledger: Engine) -> None:
    publish_list(ledger, "34125678", days=-21, settings=BY_SCORE)
    publish_list(ledger, days=-7, settings=BY_SCORE)  # ends the alerts of the one before
    publish_list(ledger)

    assert looked_at(ledger) == expected_of(ledger, ("357", "468"))


@pytest.mark.parametrize(("ripe_until", "known"), [(DAY + 13, False), (DAY + 14, True)])
def test_random_slots_of_a_list_count_once_its_window_is_over(ledger: Engine, ripe_until: int, known: bool) -> None:
    publish_list(ledger)

    slots = random_slots(ledger, facts_with(), Window(14, ripe_until, 7))

    assert (slots is not None) is known


@pytest.mark.parametrize(("later", "known"), [(730, True), (731, False)])
def test_random_slots_of_more_than_two_years_ago_are_left_out(ledger: Engine, later: int, known: bool) -> None:
    publish_list(ledger)

    slots = random_slots(ledger, facts_with(), Window(14, DAY + 14 + later, 7))

    assert (slots is not None) is known


def test_random_slots_without_lot_are_none(ledger: Engine) -> None:
    publish_list(ledger, settings=BY_SCORE)

    assert random_slots(ledger, facts_with(), RIPE) is None


def stored(engine: Engine) -> list[tuple[date, dict[str, object]]]:
    with reading(engine) as connection:
        rows = connection.execute(select(undertaking_review.c.as_of, undertaking_review.c.body).order_by(undertaking_review.c.id)).all()
    return [
        (as_of, {key: {name: value for name, value in told.items() if value} for key, told in json.loads(body).items()})
        for as_of, body in rows
    ]


def review(engine: Engine, facts: Facts) -> bool:
    return review_monthly(engine, facts, Gap(14, 7), AlertSettings(), datetime(2026, 5, 1, tzinfo=ZONE))


def test_review_monthly_stores_each_month_once(ledger: Engine) -> None:
    publish_list(ledger)
    facts = facts_with()

    assert [review(ledger, facts), review(ledger, facts)] == [True, False]
    assert stored(ledger) == [(date(2026, 4, 16), {"helped/acting": {"cannot_tell": "few_drawn"}})]


def test_review_monthly_next_month_is_stored_beside_the_first(ledger: Engine) -> None:
    publish_list(ledger)
    done = [review_monthly(ledger, facts_with(), Gap(14, days), AlertSettings(), datetime(2026, 5, 1, tzinfo=ZONE)) for days in (30, 7)]

    assert done == [True, True]
    assert [as_of for as_of, _ in stored(ledger)] == [date(2026, 3, 24), date(2026, 4, 16)]


def test_review_monthly_tells_treatments_apart_from_what_was_begun(ledger: Engine) -> None:
    plans = (
        Plan("g1", 100, kind="treatment", sub_kind="estate_treatment", name="t"),
        Plan("g2", 100, 200, name="p"),
        Plan("d", 100, 130, kind="campaign", sub_kind="screening", name="c"),
    )

    assert review(ledger, facts_with(plans))
    assert stored(ledger)[0][1] == {
        "helped/treatment/estate_treatment": {"cannot_tell": "few_treated"},
        "followed/project/construction": {"cannot_tell": "few_treated"},
    }


def test_review_monthly_of_nothing_stores_nothing(ledger: Engine) -> None:
    assert (review(ledger, facts_with()), stored(ledger)) == (False, [])
