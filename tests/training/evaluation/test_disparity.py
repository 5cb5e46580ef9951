"""P8: a list that serves one kind of place worse than others is blocked; one that chance makes uneven is not."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from sklearn.metrics import recall_score

from training.evaluation import disparity
from training.evaluation.disparity import Grouping, Verdict, compare_groups

Floats = npt.NDArray[np.float64]

GRIDS, WEEKS, TOWNSHIPS = 1_200, 52, 20
KINDS = np.array(["new_estate", "old_estate", "village"])
IN_VILLAGE = np.arange(GRIDS) % 3 == 2


@pytest.fixture
def quickly(monkeypatch):
    """Draw less often where the answer is clear."""
    monkeypatch.setattr(disparity, "DRAWS", 200)


def world(seed: int) -> tuple[Floats, Floats]:
    """Return the rate of each grid, (GRIDS,), and what happened, (WEEKS, GRIDS); no kind of place differs from another."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(0.3, 0.1 / 0.3, GRIDS)
    return rates, rng.poisson(np.tile(rates, (WEEKS, 1))).astype(np.float64)


def table(expected: Floats, counts: Floats, **columns: npt.NDArray[np.generic]) -> pl.DataFrame:
    """Return predictions of weekly as_ofs, (WEEKS, GRIDS); townships in turn unless given."""
    weeks, grids = counts.shape
    of_grid = {
        "grid_id": np.array([f"{grid:04}" for grid in range(grids)]),
        "township": np.array([f"T{grid * TOWNSHIPS // grids:02}" for grid in range(grids)]),
        "area_type": KINDS[np.arange(grids) % 3],
        "low_reporting": np.zeros(grids, np.bool_),
    }
    days = [date(2025, 1, 6) + timedelta(days=7 * week) for week in range(weeks)]
    return pl.DataFrame(
        {"as_of": np.repeat(np.array(days, "datetime64[D]"), grids)}
        | {name: np.tile(values, weeks) for name, values in (of_grid | columns).items()}
        | {"count": counts.ravel(), "expected_lightgbm": np.broadcast_to(expected, counts.shape).ravel()}
    )


def by_kind(expected: Floats, counts: Floats, **columns: npt.NDArray[np.generic]) -> Grouping:
    return compare_groups(table(expected, counts, **columns), horizon_days=7, seed=1)["area_type"]


def missing_feature(rates: Floats, _: np.random.Generator) -> Floats:
    return np.full(GRIDS, rates.mean())


def noise(rates: Floats, rng: np.random.Generator) -> Floats:
    return rates * rng.lognormal(-2, 2, GRIDS)


def late_reports(rates: Floats, _: np.random.Generator) -> Floats:
    return rates * 0.2


def coverage_gap(rates: Floats, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(GRIDS) < 0.7, 1e-3, rates)


def map_break(rates: Floats, rng: np.random.Generator) -> Floats:
    moved = rates.copy()
    moved[IN_VILLAGE] = rng.permutation(rates[IN_VILLAGE])
    return moved


def biased_label(rates: Floats, rng: np.random.Generator) -> Floats:
    """What a model learns where only a fifth is written down; it is judged by the truth of a simulation."""
    return (rng.poisson(rates * WEEKS * 0.2) + 0.05) / WEEKS


@pytest.mark.parametrize("bias", [missing_feature, noise, late_reports, coverage_gap, map_break, biased_label])
def test_planted_bias_is_blocked(
    bias: Callable[[Floats, np.random.Generator], Floats], quickly, record_property: Callable[[str, object], None]
) -> None:
    rates, counts = world(seed=1)
    expected = np.where(IN_VILLAGE, bias(rates, np.random.default_rng(2)), rates)

    found = by_kind(expected, counts)

    assert found.ratio is not None
    record_property(f"recall ratio with planted {bias.__name__.replace('_', ' ')}, blocked", round(found.ratio, 2))
    assert found.ratio <= 0.4
    assert found.verdict is Verdict.BLOCK


@pytest.mark.full
def test_fair_worlds_are_seldom_blocked(quickly, record_property) -> None:
    blocked = [by_kind(*world(seed)).verdict is Verdict.BLOCK for seed in range(20)]

    record_property("fair worlds of 20 that were blocked", sum(blocked))
    assert sum(blocked) <= 2


def test_unevenness_between_townships_is_not_laid_to_the_kinds_of_places(quickly, monkeypatch) -> None:
    rates, counts = world(seed=3)
    blind = np.arange(GRIDS) < GRIDS // 2  # the first ten townships, whose grids are mostly villages
    expected = np.where(blind, rates.mean(), rates)
    kinds = np.where(np.random.default_rng(4).random(GRIDS) < np.where(blind, 0.9, 0.1), "village", "old_estate")

    assert by_kind(expected, counts, area_type=kinds).verdict is Verdict.INCONCLUSIVE

    shuffle = disparity._shuffle
    monkeypatch.setattr(disparity, "_shuffle", lambda code, within, rng: shuffle(code, np.zeros_like(within), rng))

    assert by_kind(expected, counts, area_type=kinds).verdict is Verdict.BLOCK


def test_recall_of_a_group_is_that_of_scikit_learn(quickly) -> None:
    rng = np.random.default_rng(5)
    counts = (rng.random((WEEKS, 90)) < 0.3).astype(np.float64)
    expected = rng.random((WEEKS, 90))
    listed = expected >= np.sort(expected, axis=1)[:, [-9]]

    found = by_kind(expected, counts)

    for number, group in enumerate(found.groups):
        rows = (slice(None), np.arange(90) % 3 == number)
        assert group.recall == pytest.approx(recall_score(counts[rows].ravel(), listed[rows].ravel()), abs=1e-12)
        assert group.observed_over_expected == pytest.approx(counts[rows].sum() / expected[rows].sum(), abs=1e-12)


def test_group_with_too_little_is_shown_and_never_passes() -> None:
    rates, counts = world(seed=6)
    kinds = np.where(np.arange(GRIDS) < 9, "village", "old_estate")

    found = by_kind(rates, counts, area_type=kinds)

    assert [(group.name, group.recall is None) for group in found.groups] == [("old_estate", False), ("village", True)]
    assert (found.verdict, found.ratio, found.chance) == (Verdict.NOT_ESTIMABLE, None, None)


def test_horizons_that_overlap_are_counted_once() -> None:
    rates, counts = world(seed=7)
    every_other = np.where(np.arange(WEEKS)[:, None] % 2 == 0, counts, 1_000.0)

    weekly = table(rates, every_other)
    fortnightly = weekly.filter(pl.col("count") < 1_000)

    assert compare_groups(weekly, horizon_days=14, seed=1) == compare_groups(fortnightly, horizon_days=14, seed=1)


def test_column_that_tells_no_two_kinds_apart_is_left_out(quickly) -> None:
    rates, counts = world(seed=8)

    found = compare_groups(table(rates, counts, area_type=np.full(GRIDS, "")), horizon_days=7, seed=1)

    assert list(found) == ["township"]


def test_chances_allow_for_the_number_of_groupings(quickly) -> None:
    rates, counts = world(seed=1)
    expected = np.where(IN_VILLAGE, rates.mean(), rates)

    found = compare_groups(table(expected, counts, low_reporting=IN_VILLAGE), horizon_days=7, seed=1)

    assert found["area_type"].chance == pytest.approx(3 / 201)


def test_grids_that_report_least_are_judged_by_their_counts_alone(quickly) -> None:
    rates, counts = world(seed=1)
    blind, halved = (np.where(IN_VILLAGE, wrong, rates) for wrong in (rates.mean(), rates / 2))

    verdicts = [
        compare_groups(table(expected, counts, low_reporting=IN_VILLAGE), horizon_days=7, seed=1)["low_reporting"].verdict
        for expected in (blind, halved)
    ]

    assert verdicts == [Verdict.INCONCLUSIVE, Verdict.BLOCK]
