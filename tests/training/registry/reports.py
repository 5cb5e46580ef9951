"""A report of a backtest by hand, and what its run recorded."""

from typing import Any

PARAMETERS = {
    "target_definition": "transitions: escalated",
    "data_sequence": "1234",
    "loop_control": "loop control: off",
    "model_sha256": "0123456789abcdef0123456789abcdef",
    "code_version": "0.2.0",
    "petition_volume": "left out",
}


def make_report(**changed: Any) -> dict[str, Any]:
    """Return the report of a model beside one rule, with other values for some of its keys."""
    part = {"rows": 300, "positives": 12, "models": {"lightgbm": {"ap": 0.1, "hit@10%": 0.4}}}
    group = {"name": "rural", "grids": 10, "positives": 15, "recall": 0.5, "recall_by_rates": 0.4, "observed_over_expected": 1.1}
    unknown = {"rows": 20, "positives": 1, "models": {"lightgbm": {"ap": None, "hit@10%": None}}}
    return {
        "target": "escalation",
        "horizon_days": 14,
        "known_through": "2025-12-31",
        "as_of": {"count": 20, "first": "2025-08-01", "last": "2025-12-12", "step_days": 7},
        "rows": 800,
        "positives": 40,
        "base_rate": 0.05,
        "escalations": 42.0,
        "models": {"lightgbm": figures(0.3), "count_28d": figures(0.4)},
        "differences": {"count_28d": {"poisson_deviance": {"value": -0.1, "ci95": [-0.15, -0.05]}}},
        "subsets": {"onset": part, "rising": unknown},
        "disparity": {
            "area_type": {"groups": [group | {"ci90": [0.9, 1.3]}], "ratio": 0.7, "chance": None, "verdict": "inconclusive"},
        },
        "notes": ["few weeks"],
    } | changed


def figures(deviance: float) -> dict[str, Any]:
    """Return the figures of a model; that of the deviance alone has an interval."""
    values = {"poisson_deviance": deviance, "auc": 0.8, "ap": 0.2, "hit@5%": 0.3, "hit@10%": 0.45, "brier_skill": 0.1, "ece": None}
    return values | {"ci95": dict.fromkeys(values) | {"poisson_deviance": [deviance - 0.05, deviance + 0.05]}}
