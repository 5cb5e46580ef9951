"""Lists send visits, visits make records, records make lists: over a year and a half this must not run away."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from tests.support.loop_worlds import Course, Policy, run_policy

SEEDS = range(10)
WORLDS = ("equal", "hist", "underrep")
Bounds = dict[str, tuple[float, float]]

LIMITS: dict[str, Bounds] = {
    "equal": {"amplification": (0.90, 1.10), "concentration": (0, 0.40), "away": (-np.inf, 0.10)},
    "hist": {"gap": (-0.15, 0.15), "concentration": (0, 0.87), "recall": (0.85, np.inf), "blind": (0, 0.25), "away": (-np.inf, 0.10)},
    "underrep": {
        "amplification": (0.40, np.inf),
        "concentration": (0, 0.87),
        "recall": (0.82, np.inf),
        "blind": (0, 0.30),
        "away": (-np.inf, 0.10),
    },
}
"""Limits that lists must keep, as means over the seeds."""


@cache
def courses(world: str, policy: Policy, seeds: range = SEEDS) -> list[Course]:
    return [run_policy(world, policy, seed) for seed in seeds]


def figures(world: str, policy: Policy, seeds: range = SEEDS) -> dict[str, float]:
    """Return the statistics of a policy beside those of who knows the true rates under the same rules."""
    oracle = Policy.ORACLE if policy is Policy.NAIVE else Policy.RESTING_ORACLE
    pairs = list(zip(courses(world, policy, seeds), courses(world, oracle, seeds), strict=True))

    def mean(of: Callable[[Course, Course], float]) -> float:
        return float(np.mean([of(own, best) for own, best in pairs]))

    def distance(quarter: int) -> float:
        own, best = (mean(lambda own, best, which=which: (own, best)[which].quarter(quarter)) for which in (0, 1))
        return abs(np.log(own / (1 - own)) - np.log(best / (1 - best)))

    return {
        "amplification": mean(lambda own, _: own.amplification),
        "gap": mean(lambda own, best: own.amplification - best.amplification),
        "concentration": mean(lambda own, _: own.concentration),
        "recall": mean(lambda own, best: own.recall / best.recall),
        "blind": mean(lambda own, _: own.blind),
        "away": distance(3) - distance(0),
    }


def broken(world: str, reached: dict[str, float]) -> list[str]:
    """Return the limits that figures do not hold."""
    return [name for name, (low, high) in LIMITS[world].items() if not low <= reached[name] <= high]


def state(record_property, world: str, policy: Policy, reached: dict[str, float]) -> None:
    for name in LIMITS[world]:
        record_property(f"{world}, {policy}: {name}", f"{reached[name]:.2f}")


def test_loop_one_district_is_not_run_away_with():
    """One seed of the hardest world, so that every run sees the loop; limits of means, with room for one district's chance."""
    reached = figures("underrep", Policy.BY_VISITS, range(1))

    assert reached["concentration"] < 0.5
    assert reached["blind"] <= 0.3
    assert reached["amplification"] > 0.4


@pytest.mark.full
@pytest.mark.parametrize("policy", [Policy.BY_VISITS, Policy.POOLED])
@pytest.mark.parametrize("world", WORLDS)
def test_loop_of_the_product_stays_within_its_limits(world, policy, record_property):
    reached = figures(world, policy)
    state(record_property, world, policy, reached)

    assert [] == broken(world, reached)


@pytest.mark.full
@pytest.mark.parametrize(
    ("world", "fails"),
    [("equal", {"concentration"}), ("hist", {"concentration", "blind"}), ("underrep", {"amplification", "concentration", "blind"})],
)
def test_loop_of_naive_lists_is_caught(world, fails, record_property):
    """No cool-down, no places at random, all records alike: a simulation that lets these pass would be too kind."""
    reached = figures(world, Policy.NAIVE)
    state(record_property, world, Policy.NAIVE, reached)

    assert fails <= set(broken(world, reached))
