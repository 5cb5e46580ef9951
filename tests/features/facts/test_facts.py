"""Facts: covariates laid on grids, feeds that report, and what each case and mark counts."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from features.days import NEVER, day_number
from features.eventlog.covariates import COVARIATE_SCHEMA, EVERY_GRID, no_covariates
from features.facts.facts import VALUE_UNIT, Reporters, no_reporters, place_covariates
from tests.support.event_logs import Case, make_facts

IDS = np.array(["a", "b"])
DAY = date(2026, 1, 1)


def covariates(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=COVARIATE_SCHEMA, orient="row")


def test_place_covariates_of_every_grid_stand_in_each() -> None:
    names, placed = place_covariates(covariates(("rain", EVERY_GRID, DAY, datetime(2026, 1, 2, tzinfo=UTC), 4.5)), IDS, "Asia/Shanghai")

    assert (("rain",), [0, 1], [4.5, 4.5]) == (names, placed.grid.tolist(), placed.value.tolist())


def test_place_covariates_of_a_grid_that_is_gone_are_left_out() -> None:
    known = datetime(2026, 1, 2, tzinfo=UTC)
    names, placed = place_covariates(covariates(("heat", "z", DAY, known, 1.0), ("rain", "b", DAY, known, 2.0)), IDS, "Asia/Shanghai")

    assert ([1], ["rain"]) == (placed.grid.tolist(), [names[number] for number in placed.series])


def test_place_covariates_only_of_grids_that_are_gone_are_none() -> None:
    names, placed = place_covariates(covariates(("heat", "z", DAY, datetime(2026, 1, 2, tzinfo=UTC), 1.0)), IDS, "Asia/Shanghai")

    assert ((), 0) == (names, len(placed.grid))


def test_place_covariates_without_rows_are_none() -> None:
    assert () == place_covariates(no_covariates(), IDS, "Asia/Shanghai")[0]


@pytest.mark.parametrize(("hour", "day"), [(15, date(2026, 1, 2)), (16, date(2026, 1, 3))], ids=["before local midnight", "at midnight"])
def test_place_covariates_known_day_is_the_local_one(hour: int, day: date) -> None:
    _, placed = place_covariates(covariates(("rain", "a", DAY, datetime(2026, 1, 2, hour, tzinfo=UTC), 1.0)), IDS, "Asia/Shanghai")

    assert [day_number(day)] == placed.known_day.tolist()


def test_place_covariates_correction_stands_behind_what_it_corrects() -> None:
    rows = [("rain", "a", DAY, datetime(2026, 1, known, tzinfo=UTC), value) for known, value in ((9, 2.0), (2, 1.0))]

    assert [1.0, 2.0] == place_covariates(covariates(*rows), IDS, "Asia/Shanghai")[1].value.tolist()


def test_place_covariates_values_are_multiples_of_the_unit() -> None:
    (value,) = place_covariates(covariates(("rain", "a", DAY, datetime(2026, 1, 2, tzinfo=UTC), 0.1)), IDS, "Asia/Shanghai")[1].value

    assert 102 * VALUE_UNIT == value


def test_reporters_last_day_of_each_feed_lies_before_as_of() -> None:
    feeds = Reporters(("hotline", "ledger"), np.zeros((2, 1), np.int32), np.array([0, 0, 1], np.int16), np.array([3, 9, 9], np.int32))

    assert {"hotline": 3} == feeds.last_before(9)
    assert {"hotline": 9, "ledger": 9} == feeds.last_before(10)
    assert {} == feeds.last_before(3)
    assert {} == no_reporters().last_before(3)


def test_weights_of_marks_are_the_shares_of_their_cases() -> None:
    facts = make_facts(
        [Case("old", 1, moves=(("escalated", 2),))], crosswalk=[("old", "a", 0.75), ("old", "b", 0.25)], grids={"a": "", "b": "", "old": ""}
    )

    assert [0.75, 0.25] == facts.weights_of(facts.target).tolist()


@pytest.mark.parametrize(("visit_days", "expected"), [(None, [1.0]), (3.0, [0.5])], ids=["as they come", "by visits"])
def test_weights_of_marks_follow_exposure_only_where_found_cases_count_by_visits(visit_days: float | None, expected: list[float]) -> None:
    facts = make_facts([Case("a", 1, moves=(("escalated", 2),))])
    facts = replace(facts, visit_days=visit_days, cases=replace(facts.cases, exposure=np.array([0.5])))

    assert expected == facts.weights_of(facts.target).tolist()


def test_is_petition_in_a_log_without_any_is_false() -> None:
    assert [False] == make_facts([Case("a", 1)]).is_petition.tolist()


def test_is_report_leaves_out_petitions_and_cases_that_came_by_a_correction() -> None:
    facts = make_facts([Case("a", 1, moves=(("corrected", 3, 3, "b", "other"),)), Case("c", 2, event_type="petition")])

    assert [(0, True), (1, False), (2, False)] == list(zip(facts.cases.grid.tolist(), facts.is_report.tolist(), strict=True))


def test_case_offsets_tell_the_cases_of_each_grid() -> None:
    assert [0, 2, 2, 3, 3] == make_facts([Case("a", 1), Case("c", 1), Case("a", 2)]).case_offsets.tolist()


def test_facts_without_a_deadline_are_never_due() -> None:
    assert [NEVER] == make_facts([Case("a", 1)]).cases.due_day.tolist()
