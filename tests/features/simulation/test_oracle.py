"""The expected escalations are what they claim to be: right on the whole, right where they are high, and hard to beat."""

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pytest

from features.simulation.district import District
from features.simulation.oracle import expected_by_hazard, expected_escalations
from tests.support.acceptance import HORIZON, Floats, average_precision, escalations, hand_score

WARM_UP = 27
"""Windows left out, so that the hand score has its year behind it too."""


def by_grid(district: District, expected: Floats) -> Floats:
    """Return the expectations of whole windows by present grid, (G, T)."""
    grid = np.unique(district.world.ground.after, return_inverse=True)[1]
    summed = np.zeros((grid.max() + 1, expected.shape[1]))
    np.add.at(summed, grid, expected)
    return summed[:, ::HORIZON][:, : district.world.span.days // HORIZON]


@pytest.fixture(scope="module")
def expected(nanhu: District) -> Floats:
    return by_grid(nanhu, expected_escalations(nanhu, HORIZON))[:, WARM_UP:]


def test_expected_escalations_come_true_on_the_whole(nanhu: District, expected: Floats) -> None:
    happened = escalations(nanhu)[:, WARM_UP:].sum()

    assert abs(expected.sum() - happened) < 3 * np.sqrt(happened)


def test_expected_escalations_come_true_where_few_and_where_many_are_expected(nanhu: District, expected: Floats) -> None:
    happened = escalations(nanhu)[:, WARM_UP:]
    group = np.digitize(expected, np.quantile(expected, [0.5, 0.8, 0.95, 0.99]))

    for number in range(5):
        claimed, came = expected[group == number].sum(), happened[group == number].sum()
        assert abs(claimed - came) < 3.5 * np.sqrt(came)


def test_calibration_notices_an_oracle_of_another_district(nanhu: District, expected: Floats) -> None:
    happened = escalations(nanhu)[:, WARM_UP:]
    top = expected >= np.quantile(expected, 0.99)

    assert happened[::-1][top].sum() < expected[top].sum() / 3


def test_oracle_beats_the_hand_score_with_everything_seen(nanhu: District, expected: Floats) -> None:
    assert average_precision(escalations(nanhu)[:, WARM_UP:] > 0, expected) > hand_score(nanhu, all_seen=True)


def test_longer_horizon_expects_more(tiny: District) -> None:
    assert (expected_by_hazard(tiny, 28) >= expected_by_hazard(tiny, 14)).all()


def test_expected_escalations_know_nothing_of_what_begins_later(tiny: District) -> None:
    half = tiny.world.span.days // 2
    earlier = tiny.disputes.time < half
    cut = replace(tiny, **{name: keep(getattr(tiny, name), earlier) for name in ("disputes", "fates", "records")})
    first, again = (expected_escalations(district, HORIZON)[:, :half] for district in (tiny, cut))

    assert np.abs(first - again).max() < 0.001  # the share of repeats is that of all disputes, and moves a little


def keep(rows: object, chosen: npt.NDArray[np.bool_]) -> object:
    return replace(rows, **{field.name: getattr(rows, field.name)[chosen] for field in fields(rows)})  # type: ignore[arg-type,type-var]
