"""Rows of cases before delivery."""

import numpy as np
import polars as pl
import pytest

from features.schema import EventType
from features.simulation.arrivals import FIRST_HOUR, LAST_HOUR, Arrivals
from features.simulation.cases import CASE_SCHEMA, HANDLING, TIMES, burst, calls_about, choose, dispute_cases, mean_burst, other_cases
from features.simulation.dispute_numbers import Recording
from features.simulation.disputes import Fates, Records

KINDS = ("neighbor", "contract")


def arrivals(count: int, time: float = 3.5) -> Arrivals:
    return Arrivals(np.arange(count), np.arange(count) % 2, np.full(count, time))


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def records(recorded: list[bool], shown: list[bool], by_campaign: list[bool] | None = None) -> Records:
    """Return records closed on day 9 of disputes reported on day 4, infinity where they are not shown."""
    no = np.zeros(len(shown), np.bool_)
    reported = np.where(shown, 4.0, np.inf)
    never = np.full(len(shown), np.inf)
    return Records(
        np.array(recorded), np.array(by_campaign or no), np.full(len(shown), 3.5), reported, reported, reported + 60, never,
        np.where(shown, 9.0, np.inf), no, never, never,
    )  # fmt: skip


def test_choose_keeps_the_shares() -> None:
    drawn = choose({"a": 0.75, "b": 0.25, "c": 0.0}, 4000, rng()).value_counts().sort("")

    assert ["a", "b"] == drawn[""].to_list()
    assert 0.75 == pytest.approx(drawn["count"][0] / 4000, abs=0.03)


def test_dispute_cases_are_those_that_are_shown_with_their_number() -> None:
    cases = dispute_cases(arrivals(3), KINDS, records([True, False, True], [True, False, True]), Recording(), rng())

    assert CASE_SCHEMA == cases.schema
    assert [(0, "neighbor"), (2, "neighbor")] == cases.select("dispute", "category").rows()


def test_dispute_cases_what_never_happens_is_null() -> None:
    (case,) = dispute_cases(arrivals(1), KINDS, records([True], [True]), Recording(), rng()).to_dicts()

    assert (4.0, 9.0, None, None) == tuple(case[name] for name in ("reported_at", "resolved_at", "escalated_at", "reopened_at"))


def test_dispute_cases_that_surfaced_by_escalating_come_from_the_police_to_the_county() -> None:
    cases = dispute_cases(arrivals(20), KINDS, records([False] * 20, [True] * 20), Recording(self_found=1.0), rng())

    assert ({"police"}, {"county"}, {False}) == (set(cases["source"]), set(cases["level"]), set(cases["self_found"]))


@pytest.mark.parametrize(("share", "by_campaign"), [(1.0, False), (0.0, True)], ids=["on a round", "in a campaign"])
def test_dispute_cases_found_by_staff_say_so(share: float, by_campaign: bool) -> None:
    cases = dispute_cases(arrivals(20), KINDS, records([True] * 20, [True] * 20, [by_campaign] * 20), Recording(self_found=share), rng())

    assert ({True}, {"grid_worker"}) == (set(cases["self_found"]), set(cases["source"]))


@pytest.mark.parametrize(("share", "low", "high"), [(1.0, 5, 1000), (0.0, 1, 4)], ids=["groups", "few people"])
def test_dispute_cases_groups_are_five_or_more(share: float, low: int, high: int) -> None:
    people = dispute_cases(arrivals(200), KINDS, records([True] * 200, [True] * 200), Recording(group_share=share), rng())["people"]

    assert low <= people.min() <= people.max() <= high


@pytest.mark.parametrize("event_type", list(HANDLING))
def test_other_cases_of_every_type_are_whole_and_in_order(event_type: EventType) -> None:
    cases = other_cases(event_type, arrivals(50), KINDS, Recording(invalid=0.0), rng())

    assert CASE_SCHEMA == cases.schema
    assert {event_type.value} == set(cases["event_type"])
    assert cases.select((pl.col("occurred_at") < pl.col("reported_at")) & (pl.col("reported_at") < pl.col("resolved_at"))).to_series().all()
    assert (event_type is EventType.PETITION) == (cases["deadline_at"].null_count() == 0)


def test_other_cases_that_are_invalid_are_withdrawn_instead_of_resolved() -> None:
    cases = other_cases(EventType.HAZARD, arrivals(20), KINDS, Recording(invalid=1.0), rng())

    assert (20, 0) == (cases["resolved_at"].null_count(), cases["withdrawn_at"].null_count())


def test_other_cases_take_longer_than_their_term_as_often_as_they_should() -> None:
    cases = other_cases(EventType.SERVICE_REQUEST, arrivals(4000), KINDS, Recording(closed_late=0.09, invalid=0.0), rng())
    late = cases.select(pl.col("resolved_at") - pl.col("reported_at") > HANDLING[EventType.SERVICE_REQUEST].term_days).to_series().mean()

    assert 0.09 == pytest.approx(late, abs=0.015)


def test_burst_records_stay_on_the_day_in_office_hours() -> None:
    time = burst(arrivals(300), Recording(), rng()).time

    assert {3} == set(np.floor(time).tolist())
    assert FIRST_HOUR / 24 <= (time - 3).min() <= (time - 3).max() <= LAST_HOUR / 24


def test_burst_gives_each_incident_one_record_at_least_and_no_more_than_the_most() -> None:
    size = np.bincount(burst(arrivals(3000), Recording(burst_exponent=1.5, burst_most=7), rng()).part)

    assert (1, 7) == (size.min(), size.max())


def test_mean_burst_is_what_bursts_come_to() -> None:
    rules = Recording(burst_exponent=2.5, burst_most=10)

    assert mean_burst(rules) == pytest.approx(len(burst(arrivals(20_000), rules, rng())) / 20_000, rel=0.03)


def test_calls_about_come_while_the_dispute_lasts_and_no_longer_than_two_months() -> None:
    no, count = np.zeros(400, np.bool_), 400
    lasts = np.where(np.arange(count) % 2, 10.0, 500.0)
    found = calls_about(arrivals(count), Fates(no, no, no, lasts, lasts, no), 2.0, rng())
    short = found.part % 2 == 1

    assert 3.5 <= found.time.min()
    assert (found.time[short].max() <= 10.0) & (found.time[~short].max() <= 63.5)
    assert 2.0 == pytest.approx(len(found) / count, abs=0.3)


def test_times_of_a_case_are_columns_of_it() -> None:
    assert set(TIMES) <= set(CASE_SCHEMA)
