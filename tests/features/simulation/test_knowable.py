"""The knowable expectation is right on the whole and in its parts, and uses nothing that a log does not show."""

from dataclasses import replace

import numpy as np
import pytest

from features.simulation.district import District
from features.simulation.oracle import expected_by_hazard, expected_escalations, knowable_by_hazard, knowable_escalations
from tests.features.simulation.test_oracle import WARM_UP, by_grid
from tests.support.acceptance import HORIZON, Floats, average_precision, escalations


@pytest.fixture(scope="module")
def knowable(nanhu: District) -> Floats:
    return by_grid(nanhu, knowable_escalations(nanhu, HORIZON))[:, WARM_UP:]


def test_knowable_escalations_come_true_on_the_whole(nanhu: District, knowable: Floats) -> None:
    happened = escalations(nanhu)[:, WARM_UP:].sum()

    assert abs(knowable.sum() - happened) < 3 * np.sqrt(happened)


def test_knowable_escalations_come_true_where_many_are_expected(nanhu: District, knowable: Floats) -> None:
    happened = escalations(nanhu)[:, WARM_UP:]

    for share in (0.8, 0.95, 0.99):
        top = knowable >= np.quantile(knowable, share)
        assert abs(knowable[top].sum() - happened[top].sum()) < 3 * np.sqrt(happened[top].sum())


def test_expectations_of_the_substantive_part_come_true_on_the_whole(nanhu: District) -> None:
    """Of disputes handed up or ending in harm, whatever became of their terms."""
    windows = nanhu.world.span.days // HORIZON
    happened = int(((nanhu.fates.escalates_at >= WARM_UP * HORIZON) & (nanhu.fates.escalates_at < windows * HORIZON)).sum())

    for expect in (expected_by_hazard, knowable_by_hazard):
        assert abs(by_grid(nanhu, expect(nanhu, HORIZON))[:, WARM_UP:].sum() - happened) < 3 * np.sqrt(happened)


def test_knowable_escalations_fall_short_of_the_oracle(nanhu: District, knowable: Floats) -> None:
    happened = escalations(nanhu)[:, WARM_UP:] > 0
    oracle = by_grid(nanhu, expected_escalations(nanhu, HORIZON))[:, WARM_UP:]

    assert average_precision(happened, knowable) < 0.95 * average_precision(happened, oracle)


def test_knowable_escalations_do_not_see_disputes_that_nobody_recorded(tiny: District) -> None:
    """Where a dispute that is in no log takes place, and how early it was mediated, moves nothing."""
    hidden = ~tiny.records.shown
    part = np.where(hidden, tiny.disputes.part[::-1], tiny.disputes.part)
    moved = replace(
        tiny, disputes=replace(tiny.disputes, part=part), fates=replace(tiny.fates, early=np.where(hidden, True, tiny.fates.early))
    )
    before, after = (knowable_escalations(district, HORIZON) for district in (tiny, moved))

    assert hidden.sum() > 100
    assert np.array_equal(before, after)
    assert not np.array_equal(expected_escalations(tiny, HORIZON), expected_escalations(moved, HORIZON))


def test_knowable_escalations_do_not_see_early_action(tiny: District) -> None:
    other = replace(tiny, fates=replace(tiny.fates, early=~tiny.fates.early))

    assert np.array_equal(knowable_by_hazard(tiny, HORIZON), knowable_by_hazard(other, HORIZON))


def test_knowable_escalations_see_a_case_from_its_report_on(tiny: District) -> None:
    """A case reported ten days later is expected as one of its kind until then, and as itself afterwards."""
    days = tiny.world.span.days
    records, fates = tiny.records, tiny.fates
    lasting = np.minimum(fates.lasts_until, fates.escalates_at) > records.reported_at + 20
    row = int(np.flatnonzero(records.recorded & lasting & (records.reported_at < days - 60))[0])
    reported = records.reported_at.copy()
    reported[row] += 10
    part, day = int(tiny.disputes.part[row]), int(records.reported_at[row]) + 1
    before, after = (knowable_by_hazard(d, HORIZON) for d in (tiny, replace(tiny, records=replace(records, reported_at=reported))))
    changed = np.flatnonzero((before != after)[part])

    assert [day + number for number in range(10)] == changed.tolist()
    assert (before[part, changed] > after[part, changed]).all()
    assert np.array_equal(np.delete(before, part, axis=0), np.delete(after, part, axis=0))
