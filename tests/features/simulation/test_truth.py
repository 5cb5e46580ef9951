"""Truth of a simulation: what the target counts, whoever knew of it."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl

from features.simulation.arrivals import Arrivals
from features.simulation.disputes import Fates, Records
from features.simulation.district import District
from features.simulation.truth import true_disputes, true_escalations, true_expectations, true_intensities
from tests.features.simulation.small import SPAN, small_district

NEVER = np.inf
DISTRICT = small_district()


def told(*rows: dict[str, float | bool]) -> District:
    """Return a district with these disputes: each on day 1 in part 0, reported on day 2, all else never unless a row says so."""
    usual = {"reported": 2.0, "deadline": 62.0, "escalated": NEVER, "closed": 9.0, "reopened": NEVER, "strict": False}
    columns = {name: np.array([(usual | row)[name] for row in rows]) for name in usual}
    no, never = np.zeros(len(rows), np.bool_), np.full(len(rows), NEVER)
    fates = Fates(no, no, no, columns["closed"], columns["escalated"], columns["strict"])
    times = columns["reported"], columns["reported"], columns["deadline"], columns["escalated"], columns["closed"]
    records = Records(np.isfinite(columns["reported"]), no, columns["reported"] - 1, *times, no, columns["reopened"], never)
    arrivals = Arrivals(np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64), np.ones(len(rows)))
    return replace(DISTRICT, disputes=arrivals, fates=fates, records=records)


def ways(*rows: dict[str, float | bool]) -> list[tuple[int, str, bool]]:
    return true_escalations(told(*rows)).select("dispute", "way", "known_before").rows()


def test_true_escalations_of_what_was_settled_are_none() -> None:
    assert [] == ways({})


def test_true_escalations_handed_up_or_harm() -> None:
    assert [(0, "handed_up", True), (1, "harm", True)] == ways({"escalated": 5.0}, {"escalated": 6.0, "strict": True})


def test_true_escalations_of_what_was_reported_only_then_were_not_known_before() -> None:
    assert [(0, "handed_up", False), (1, "handed_up", False)] == ways(
        {"escalated": 5.0, "reported": 5.3}, {"escalated": 5.0, "reported": 5.0}
    )


def test_true_escalations_term_passes_while_open() -> None:
    assert [(0, "overdue", True)] == ways({"deadline": 20.0, "closed": 30.0})


def test_true_escalations_of_a_stretch_the_first_counts() -> None:
    assert [(0, "handed_up", True), (1, "overdue", True)] == ways(
        {"escalated": 15.0, "deadline": 20.0, "closed": 30.0}, {"escalated": 25.0, "deadline": 20.0, "closed": 30.0}
    )


def test_true_escalations_reopened_counts_once_more_and_what_comes_after_does_not() -> None:
    assert [(0, "handed_up", True), (0, "reopened", True)] == ways({"escalated": 5.0, "reopened": 12.0})
    assert [(0, "reopened", True)] == ways({"escalated": 40.0, "reopened": 12.0})


def test_true_escalations_after_the_last_day_are_none() -> None:
    assert [] == ways({"escalated": float(SPAN.days)})
    assert 1 == len(ways({"escalated": SPAN.days - 0.01}))


def test_true_disputes_in_the_case_file_have_its_id() -> None:
    ids = pl.DataFrame({"dispute": [1], "event_id": ["990101-0000007"]}, schema={"dispute": pl.Int64, "event_id": pl.String})
    found = true_disputes(told({}, {"escalated": 5.5}), ids)

    assert [None, "990101-0000007"] == found["event_id"].to_list()
    assert [None, datetime(2025, 1, 6, 12)] == found["escalated_at"].to_list()  # noqa: DTZ001 - local times of the file
    assert [datetime(2025, 1, 2)] * 2 == found["occurred_at"].to_list()  # noqa: DTZ001 - local times of the file


def test_true_intensities_are_weekly_by_the_grids_of_today() -> None:
    found = true_intensities(DISTRICT)

    assert SPAN.weeks * 6 == found.height
    assert set(DISTRICT.world.ground.grids["grid_id"]) == set(found["grid_id"])
    assert (found["disputes"] > 0).all()


def test_true_expectations_of_a_day_and_grid_are_three_and_what_the_log_could_tell() -> None:
    found = true_expectations(DISTRICT)
    names = ("escalation", "substantive", "strict")

    assert SPAN.days * 6 == found.height
    assert ["as_of", "grid_id", *names, *(f"{name}_knowable" for name in names)] == found.columns
    assert found.select((pl.col("substantive") <= pl.col("escalation") + 1e-6).all()).item()
