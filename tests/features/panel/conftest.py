"""A log that holds every sort of fact, so that its panel has every sort of column."""

import numpy as np
import pytest

from features.targets import DeadlinePassed, Target
from tests.features.logs import GRIDS, draw_cases

RICH_DAYS = 500


@pytest.fixture(scope="session")
def rich_log():
    """Return keyword arguments of `make_facts`: four grids, 500 days, deadlines, neighbours, and a target with a clock rule."""
    return {
        "cases": draw_cases(np.random.default_rng(1), 300, list(GRIDS), RICH_DAYS),
        "target": "escalation_or_overdue",
        "rules": (DeadlinePassed(action="overdue", when="deadline_passed"),),
        "targets": {"escalation_or_overdue": Target(transitions=("escalated", "overdue"))},
        "neighbours": [("a", "b", 0.75), ("b", "a", 0.75), ("a", "c", 0.3), ("c", "a", 0.3)],
    }
