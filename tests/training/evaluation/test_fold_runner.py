"""What each part of the model, and each kind of case, was expected to bring, and brought."""

import numpy as np
import pytest

from features.facts.facts import Facts
from features.panel.as_ofs import AsOfs
from features.panel.build import Panel
from features.panel.case_rows import open_cases
from tests.support.event_logs import HORIZON, Case, days, make_facts
from training.evaluation import fold_runner
from training.evaluation.fold_runner import Contribution, FoldPredictions, Stopwatch, sum_contributions
from training.learning.calibration import NO_CHANCES, Calibration
from training.learning.count_variation import POISSON
from training.learning.design_matrix import Design, cells_of
from training.learning.inner_validation import InnerPredictions, PartPredictions, Tuned
from training.learning.parts import Part
from training.learning.sampling import Sample

KNOWN = Case("d", 1, moves=(("escalated", 1.5),))
CASES = (
    KNOWN,
    Case("a", 10, moves=(("escalated", 15),)),
    Case("a", 10, category="contract"),
    Case("b", 11, moves=(("escalated", 40),)),
)
WHOLE = Sample(1, 1, 1, 1)


def fold_predictions(facts: Facts, chance: float, new: float, scale: float = 1.0) -> FoldPredictions:
    """Return a fold of one as_of that gave every open case a chance and every grid a count of new cases."""
    when = AsOfs(days(12), HORIZON)
    panel = Panel(facts.places.grid_ids, when.as_ofs, (), np.zeros((0, 1, 4), np.float32), open_cases(facts, when))
    cells, every = cells_of(panel.open_cases, 4), np.arange(4)
    margins = np.full((1, len(cells)), np.log(chance / (1 - chance)), np.float32), np.full((1, 4), np.log(new), np.float32)
    designs = (
        Design(part, (1, 4), (), rows[0], at, np.ones(len(at)))
        for part, rows, at in zip((Part.OPEN, Part.NEW), margins, (cells, every), strict=True)
    )
    parts = {design.part: PartPredictions(design, rows, WHOLE) for design, rows in zip(designs, margins, strict=True)}
    rounds = dict.fromkeys(Part, 0)
    return FoldPredictions(panel, InnerPredictions(0, parts), Tuned(rounds, scale, Calibration(), POISSON, NO_CHANCES), HORIZON)


def summed(chance: float, new: float, counted: float, folds: int = 1, scale: float = 1.0) -> dict[tuple[str, str], tuple[float, float]]:
    facts = make_facts(CASES)
    found = sum_contributions(facts, [fold_predictions(facts, chance, new, scale)] * folds, counted)
    return {(each.part, each.kind): (pytest.approx(each.expected, rel=1e-5), each.realised) for each in found}


def test_sum_contributions_parts_and_kinds_hold_what_was_said_and_what_followed() -> None:
    """Three cases are open; one of the two of kind other escalated within the horizon, and one more escalation was of a new case."""
    assert {
        ("open", ""): (0.75, 1.0),
        ("new", ""): (0.4, 1.0),
        ("open", "dispute/other"): (0.5, 1.0),
        ("open", "dispute/contract"): (0.25, 0.0),
    } == summed(0.25, 0.1, counted=2)


def test_sum_contributions_of_several_folds_add_up() -> None:
    found = summed(0.25, 0.1, counted=5, folds=2)

    assert ((1.5, 2.0), (0.8, 3.0)) == (found["open", ""], found["new", ""])


def test_sum_contributions_of_a_rare_target_are_scaled_on_both_sides() -> None:
    found = summed(0.25, 0.1, counted=2, scale=0.5)

    assert (0.375, 0.5) == found["open", ""]
    assert (0.2, 1.5) == found["new", ""]


def test_sum_contributions_list_parts_first_then_kinds_the_largest_first() -> None:
    facts = make_facts(CASES)
    listed = sum_contributions(facts, [fold_predictions(facts, 0.25, 1.0)], counted=2)

    assert [("new", ""), ("open", ""), ("open", "dispute/other"), ("open", "dispute/contract")] == [
        (each.part, each.kind) for each in listed
    ]


def test_sum_contributions_without_folds_are_those_of_new_cases_alone() -> None:
    assert [Contribution(Part.NEW, "", 0.0, 3.0)] == sum_contributions(make_facts(CASES), [], counted=3)


def test_stopwatch_adds_up_the_seconds_of_each_kind_of_work(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 12.0, 20.0, 20.5, 30.0, 33.0])
    monkeypatch.setattr(fold_runner.time, "perf_counter", lambda: next(clock))
    watch = Stopwatch()
    for what in ("model", "peers", "model"):
        with watch.measure(what):
            pass

    assert {"model": 5.0, "peers": 0.5} == watch.seconds
