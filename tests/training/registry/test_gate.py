import copy
import math

import numpy as np
import pytest

from tests.support.trained_worlds import FAST, GAP, draw_facts, make_panel, weekly
from training.evaluation.backtest import backtest
from training.registry.gate import METRIC, Comparison, check_all, evaluate_gate, turnover


def report(deviance, interval=(-0.3, -0.1), rising=(-0.1, 0.2), grouping=None):
    """Return the part of a backtest's JSON that the gate reads."""
    return {
        "target": "escalation",
        "horizon_days": 14,
        "as_of": {"first": "2026-01-05", "last": "2026-03-30", "count": 13, "step_days": 7},
        "rows": 130,
        "escalations": 40.0,
        "models": {"lightgbm": {METRIC: deviance, "auc": 0.8}, "count_90d": {METRIC: 0.9, "auc": 0.7}},
        "differences": {"count_90d": {METRIC: {"value": -0.2, "ci95": interval}}},
        "subsets": {"onset": {"differences": {}}, "rising": {"differences": {"count_90d": {METRIC: {"value": 0.1, "ci95": rising}}}}},
        "disparity": {"area_type": {"verdict": "pass", "ratio": 0.9, "chance": 0.4, "off": []} | (grouping or {})},
    }


def with_peer(interval):
    """Return a good candidate beside plain LightGBM, the interval of the difference given."""
    candidate = copy.deepcopy(report(0.7))
    candidate["differences"]["plain_lightgbm"] = {METRIC: {"value": 0.0, "ci95": interval}}
    return candidate


def champion(deviance=0.7, share=0.1):
    return Comparison("c0ffee", report(deviance), share)


def test_object_to_good_candidate_without_champion_passes():
    assert evaluate_gate(report(0.7), None) == []


def test_object_to_what_cannot_be_told_is_left_to_the_person_who_promotes():
    unclear = [{"verdict": "inconclusive", "ratio": 0.6, "chance": 0.3}, {"verdict": "not_estimable", "ratio": None, "chance": None}]

    assert [evaluate_gate(report(0.7, rising=None, grouping=grouping), None) for grouping in unclear] == [[], []]


def with_largest(expected, at_most, beyond):
    """Return a good candidate whose largest expected count is given."""
    row = {"grid_id": "990101001001007", "as_of": "2026-02-02", "expected": expected, "at_most": at_most}
    return report(0.7) | {"plausibility": {"largest": row, "beyond": row if beyond else None, "rows_beyond": int(beyond)}}


def test_object_to_an_expected_count_that_nothing_justifies_names_the_grid():
    (objection,) = evaluate_gate(with_largest(186.25, 3.5, beyond=True), None)

    assert "186.2 escalations in grid 990101001001007 on 2026-02-02" in objection
    assert "at most 3.5" in objection


def test_check_all_largest_expected_count_that_is_justified_passes():
    (check,) = (check for check in check_all(with_largest(0.8, 3.5, beyond=False), None) if check.asked == "plausible")

    assert (check.objection, check.found, check.wanted) == (None, "0.8", "<= 3.5")


def test_object_to_candidate_of_an_older_program_passes_by_what_it_knows():
    older = report(0.7) | {"subsets": {"onset": {}, "rising": {}}}
    del older["disparity"]

    assert evaluate_gate(older, None) == []


@pytest.mark.parametrize("interval", [(-0.002, 0.001), (-0.004, -0.001), (0.0, 0.003), None])
def test_object_to_not_surely_worse_than_plain_lightgbm_passes(interval):
    assert evaluate_gate(with_peer(interval), None) == []


def test_check_all_plain_lightgbm_is_no_rule_that_must_be_beaten():
    rules = [check.about for check in check_all(with_peer((-0.1, 0.1)), None) if check.asked == "beats_rule"]

    assert rules == [("count_90d",)]


def test_object_to_equal_to_champion_passes():
    assert evaluate_gate(report(0.7), champion(0.7)) == []


@pytest.mark.parametrize(
    ("candidate", "comparison", "expected"),
    [
        (report(0.7, interval=(-0.3, 0.01)), None, "it does not beat count_90d"),
        (report(0.7, interval=(-0.3, 0.0)), None, "it does not beat count_90d"),
        (report(0.7, interval=(0.1, 0.2)), None, "it does not beat count_90d"),
        (report(0.7, interval=None), None, "whether it beats count_90d cannot be estimated"),
        (report(0.7) | {"differences": {}}, None, "no baseline was scored"),
        (report(0.7, rising=(0.01, 0.2)), None, "on the rising rows it is worse than count_90d: the 95 % interval"),
        (
            report(0.7, grouping={"verdict": "block", "ratio": 0.31, "chance": 0.002}),
            None,
            "by area_type alike: lowest recall over highest is 0.31",
        ),
        (report(0.7, grouping={"verdict": "block", "ratio": None, "chance": None, "off": ["village"]}), None, "off in village"),
        (report(math.nan), None, "poisson_deviance must be finite"),
        (report(None), None, "poisson_deviance cannot be estimated"),
        (
            with_peer((0.001, 0.004)),
            None,
            "it is worse than plain_lightgbm on the same columns: the 95 % interval of the poisson_deviance diff",
        ),
        (report(0.7), champion(0.6999), "it is worse than the champion: poisson_deviance 0.7000 against 0.6999"),
        (report(0.7) | {"rows": 131}, champion(), "it was not measured on the champion's folds (rows differ)"),
        (report(0.7) | {"target": "strict"}, champion(), "(target differ)"),
        (report(0.7), champion(share=0.41), "41% of the champion's top 5% of grids would change"),
        (report(0.7), champion(share=None), "nobody knows how many grids would change"),
    ],
)
def test_object_to_one_fault_is_named(candidate, comparison, expected):
    objections = evaluate_gate(candidate, comparison)

    assert len(objections) == 1
    assert expected in objections[0]


def test_check_all_says_what_was_asked_and_found_whatever_came_of_it():
    unsure = {"verdict": "inconclusive", "ratio": 0.6, "chance": 0.3}
    checks = {check.asked: check for check in check_all(report(0.7, grouping=unsure), champion(0.7, share=0.1))}

    assert [check.objection for check in checks.values()] == [None] * len(checks)
    assert (checks["beats_rule"].about, checks["beats_rule"].wanted, checks["beats_rule"].found) == (
        ("count_90d",),
        "< 0",
        "-0.3000 to -0.1000",
    )
    assert (checks["few_moves"].wanted, checks["few_moves"].found) == ("<= 40%", "10%")
    assert (checks["even"].found, checks["even"].sure) == ("0.60, chance 0.300", False)


def test_object_to_several_faults_are_all_named():
    assert len(evaluate_gate(report(0.8, interval=(-0.1, 0.1)), champion(0.7, share=0.5))) == 3


def test_object_to_better_only_on_other_folds_is_not_taken_for_better():
    """A gate that compares figures of different folds would let this pass: the deviance is lower, on easier days."""
    easier = copy.deepcopy(report(0.5))
    easier["as_of"]["last"] = "2026-03-23"

    def forgetful(candidate, comparison):
        return evaluate_gate(candidate, Comparison("", candidate | {"models": comparison.champion["models"]}, comparison.turnover))

    assert forgetful(easier, champion(0.7)) == []
    assert evaluate_gate(easier, champion(0.7)) == ["it was not measured on the champion's folds (as_of differ)"]


@pytest.mark.parametrize(
    ("candidate", "before", "expected"),
    [([4.0, 3, 2, 1], [9.0, 8, 7, 6], 0.0), ([1.0, 2, 3, 4], [4.0, 3, 2, 1], 1.0), ([1.0, 1, 1, 1], [4.0, 3, 2, 1], 0.75)],
)
def test_turnover_counts_grids_that_leave_the_top(candidate, before, expected):
    assert turnover(np.array(candidate), np.array(before)) == pytest.approx(expected)


def refusals(rates_of, days):
    """Backtest twenty districts and count those whose model the gate would not let pass."""
    refused = 0
    for seed in range(20):
        facts = draw_facts(rates_of(np.random.default_rng(seed)), days, seed)
        result = backtest(facts, make_panel(facts, weekly(days)), GAP, FAST.backtest, FAST.model)
        refused += bool(evaluate_gate(result.to_json(), None))
    return refused


@pytest.mark.full
def test_object_to_model_of_noise_is_refused_twenty_times_of_twenty(record_property):
    """All grids are alike and nothing changes: no model can know more than the mean."""
    refused = refusals(lambda _: np.full(30, 1 / 30), days=300)

    record_property("models of noise refused, of 20", refused)
    assert refused == 20


@pytest.mark.full
def test_object_to_model_of_signal_is_not_always_refused(record_property):
    """A gate that refuses everything would pass the test above: cases come in bursts of a fortnight that a week foretells."""

    def bursts(generator):
        loud = np.repeat(generator.random((30, 60)) < 0.08, 28, axis=0)
        return np.where(loud, 1.0, 0.002)

    refused = refusals(bursts, days=840)

    record_property("models of a signal refused, of 20", refused)
    assert refused < 20
