"""The peer of the benchmark, on cases worked out by hand; that it equals the panel is tested beside the measurement."""

import polars as pl
import pytest

from features.benchmark.polars_baseline import ENGINES, Engine, compared, peer_frame, peer_panel
from features.days import NEVER
from features.panel.feature import Feature, Kind
from tests.support.event_logs import Case, days, make_facts

CASES = (
    Case("a", 90, closed=95),
    Case("a", 60),
    Case("a", 94, category="contract", source="hotline", moves=(("escalated", 97),)),
    Case("b", 100),
)


def panel(as_of: int, engine: Engine = "in-memory") -> pl.DataFrame:
    facts = make_facts(CASES)
    return peer_panel(peer_frame(facts), facts, int(days(as_of)[0]), engine).sort("grid")


def feature(family: str, measure: str) -> Feature:
    return Feature("dispute", measure, family, "", Kind.DRIVER, "", "", "", value=abs)


def test_peer_frame_holds_one_row_per_case_with_the_day_of_each_step() -> None:
    frame = peer_frame(make_facts(CASES))
    first = int(days(0)[0])

    assert [0, 0, 0, 1] == frame["grid"].to_list()
    assert [60, 90, 94, 100] == (frame["known"] - first).to_list()
    assert [NEVER, 95 + first, NEVER, NEVER] == frame["closed"].to_list()
    assert [NEVER, NEVER, 97 + first, NEVER] == frame["escalated"].to_list()


@pytest.mark.parametrize("engine", ENGINES)
def test_peer_panel_counts_what_was_known_before_as_of(engine: Engine) -> None:
    rows = panel(100, engine)
    expected = {
        "dispute_count_grid_7d": 1,
        "dispute_count_grid_14d": 2,
        "dispute_count_grid_90d": 3,
        "dispute_contract_count_grid_28d": 1,
        "hotline_source_count_grid_28d": 1,
        "target_count_grid_7d": 1,
        "dispute_open_count_grid": 2,
        "dispute_open_over_30d_count_grid": 1,
        "dispute_open_age_mean_grid": (40 + 6) / 2,
        "dispute_closed_count_grid_28d": 1,
        "dispute_handling_days_mean_grid_90d": 5,
        "dispute_since_grid": 6,
        "target_since_grid": 3,
    }

    assert [0] == rows["grid"].to_list()
    assert expected == {name: rows[name][0] for name in expected}


@pytest.mark.parametrize(("as_of", "open_"), [(95, 3), (96, 2)], ids=["on the day of closing", "the day after"])
def test_peer_panel_case_is_open_through_the_day_of_its_closing(as_of: int, open_: int) -> None:
    assert open_ == panel(as_of)["dispute_open_count_grid"][0]


def test_peer_panel_forgets_what_was_closed_a_year_ago_and_not_what_is_open() -> None:
    rows = panel(461)

    assert (0, 2) == (rows["dispute_closed_count_grid_28d"][0], rows["dispute_open_count_grid"][0])
    assert rows["target_since_grid"][0] == 364


def test_compared_columns_are_whole_families_and_the_counts_of_history() -> None:
    features = (feature("counts", "count"), feature("backlog", "open_count"), feature("history", "count"), feature("history", "ratio"))

    assert features[:3] == compared((*features, feature("trends", "ratio")))
