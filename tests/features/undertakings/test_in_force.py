"""Which version of an undertaking holds on which day, and on which grids."""

import numpy as np
import polars as pl
import pytest

from features.days import NEVER
from features.undertakings.in_force import Undertakings, place_undertakings
from features.undertakings.undertaking import VERSION_SCHEMA, no_versions
from tests.support.event_logs import Plan, days

ZONE = "Asia/Shanghai"
GRIDS = {name: np.array([place], np.int32) for place, name in enumerate("abcd")} | {"T1": np.array([0, 1, 2], np.int32)}
EVERYWHERE = np.arange(4, dtype=np.int32)


def place(*plans: Plan) -> tuple[tuple[tuple[str, str], ...], Undertakings]:
    rows = pl.DataFrame([plan.row(ZONE) for plan in plans], schema=VERSION_SCHEMA, orient="row").sort("undertaking_id", "version")
    return place_undertakings(rows, GRIDS, EVERYWHERE, ZONE)


def held(laid: Undertakings) -> list[tuple[int, int]]:
    """Return (known, until) of each row in days since the first day."""
    first = int(days(0)[0])
    until = [NEVER if day == NEVER else day - first for day in laid.until_day.tolist()]
    return list(zip((laid.known_day - first).tolist(), until, strict=True))


def test_place_undertakings_of_none_are_none() -> None:
    kinds, laid = place_undertakings(no_versions(), GRIDS, EVERYWHERE, ZONE)

    assert ((), 0) == (kinds, len(laid.grid))


def test_place_undertakings_area_covers_its_grids_each_once() -> None:
    assert [0, 1, 2] == place(Plan("T1;b", 10))[1].grid.tolist()


def test_place_undertakings_place_that_is_gone_covers_none() -> None:
    assert ((), 0) == ((kinds := place(Plan("gone", 10)))[0], len(kinds[1].grid))


def test_place_undertakings_everything_covers_all_grids_except_for_a_period() -> None:
    kinds, laid = place(Plan("", 10, kind="shock", sub_kind="fire", name="s"), Plan("", 10, kind="period", sub_kind="exam", name="e"))

    assert ((("shock", "fire"),), [0, 1, 2, 3]) == (kinds, laid.grid.tolist())


def test_place_undertakings_period_of_some_grids_is_kept() -> None:
    assert [3] == place(Plan("d", 10, kind="period", sub_kind="event"))[1].grid.tolist()


@pytest.mark.parametrize(
    ("public", "known", "held_from"), [(3, 5, 5), (5, 3, 5), (3, 3.99, 3)], ids=["entered later", "public later", "evening"]
)
def test_place_undertakings_holds_from_the_later_of_public_day_and_entry(public: int, known: float, held_from: int) -> None:
    assert [(held_from, NEVER)] == held(place(Plan("a", 10, public=public, known=known))[1])


def test_place_undertakings_later_version_replaces_the_earlier_from_its_day() -> None:
    laid = place(Plan("a", 10, 20, known=1), Plan("a", 10, 30, known=5, version=2))[1]

    assert [(1, 5), (5, NEVER)] == held(laid)
    assert days(20, 30).tolist() == laid.end_day.tolist()
    assert 1 == len(set(laid.number.tolist()))


def test_place_undertakings_version_that_was_replaced_on_its_day_never_held() -> None:
    assert [(5, NEVER)] == held(place(Plan("a", 10, known=5.1), Plan("a", 11, known=5.9, version=2))[1])


def test_place_undertakings_version_public_only_after_a_later_one_never_held() -> None:
    """A newer version of what was to become public on day 9 became public on day 4."""
    laid = place(Plan("a", 10, public=9, known=1), Plan("a", 12, public=4, known=4, version=2))[1]

    assert [(4, NEVER)] == held(laid)


def test_place_undertakings_withdrawal_ends_what_was_known() -> None:
    assert [(1, 5)] == held(place(Plan("a", 10, known=1), Plan("a", 10, known=5, version=2, withdrawn=True))[1])


def test_place_undertakings_without_an_end_lasts() -> None:
    assert [NEVER] == place(Plan("a", 10))[1].end_day.tolist()


def test_place_undertakings_rows_stand_by_grid_and_kinds_in_order() -> None:
    kinds, laid = place(Plan("T1", 10, name="a"), Plan("b", 10, kind="campaign", sub_kind="screening", name="b"))

    assert (("campaign", "screening"), ("project", "construction")) == kinds
    assert [(0, 1), (1, 1), (1, 0), (2, 1)] == list(zip(laid.grid.tolist(), laid.kind.tolist(), strict=True))
