"""What refits predicted, and what is chosen by it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from features.errors import NotReadyError
from features.panel.build import Panel
from features.panel.feature import Feature, Kind, Use
from training.learning.calibration import NO_CHANCES, Calibration
from training.learning.count_variation import POISSON
from training.learning.design_matrix import Design
from training.learning.examples import Examples
from training.learning.folds import Gap
from training.learning.inner_validation import STEP, InnerPredictions, PartPredictions, Tuned, inner_validate, least_loss, tune
from training.learning.parts import Part
from training.learning.sampling import Sample
from training.settings import ModelSettings

HISTORY = Feature("history", "days", "quality", "", Kind.CONTROL, "", "", "", value=abs, scope=None, use=Use.NEVER)
SETTINGS = ModelSettings(least_as_ofs=2, least_history_days=0)


def examples(counts: list[list[float]]) -> Examples:
    """Return examples of new cases only, two grids at each as_of."""
    table = np.array(counts, np.float32)
    as_ofs = np.arange(100, 100 + 7 * len(table), 7, dtype=np.int32)
    panel = Panel(np.array(["a", "b"]), as_ofs, (HISTORY,), np.full((1, *table.shape), 60, np.float32))
    return Examples(panel, table, np.ones(table.shape), Gap(14, 0), "escalation")


def foretold(part: Part, *expected: list[float], as_ofs: int = 2) -> PartPredictions:
    """Return what was foretold of two grids: one list of expected counts per STEP trees, the first of none."""
    rows = as_ofs * 2
    margins = np.array([np.resize(np.log(row), rows) for row in expected], np.float32)
    design = Design(part, (as_ofs, 2), (), margins[0].astype(np.float64), np.arange(rows), np.ones(rows))
    return PartPredictions(design, margins, Sample(rows, rows, 1, 1))


@pytest.mark.parametrize(("losses", "expected"), [([3.0], 0), ([1.0, 0.5, 0.5], 1), ([0.2, 0.5], 0)])
def test_least_loss_of_equal_ones_is_the_first(losses: list[float], expected: int) -> None:
    assert expected == least_loss(np.array(losses))


@pytest.mark.parametrize(("rounds", "expected"), [(0, 1.0), (1, 2.0), (STEP, 2.0), (STEP + 1, 3.0), (2 * STEP, 3.0)])
def test_foretold_part_after_rounds_between_two_steps_takes_the_later_one(rounds: int, expected: float) -> None:
    told = foretold(Part.NEW, [1.0], [2.0], [3.0])

    assert np.full((2, 2), expected) == pytest.approx(told.after(rounds), rel=1e-6)


def test_foretold_part_until_holds_the_rows_of_the_first_as_ofs() -> None:
    first = foretold(Part.NEW, [1.0, 2.0]).until(1)

    assert np.array([[1.0, 2.0]]) == pytest.approx(first.after(0))


def test_inner_predictions_known_are_those_whose_labels_are_there_by_now() -> None:
    told = InnerPredictions(1, {Part.NEW: foretold(Part.NEW, [1.0, 2.0])})
    known, seen = told.known(examples([[5.0, 0.0], [1.0, 3.0]]))

    assert (1, 2) == known.shape
    assert [[1.0, 3.0]] == seen.counts.tolist()


def test_tuned_expected_is_the_scaled_sum_of_the_parts_after_their_rounds() -> None:
    told = InnerPredictions(0, {Part.OPEN: foretold(Part.OPEN, [1.0], [3.0]), Part.NEW: foretold(Part.NEW, [1.0], [2.0])})
    tuned = Tuned({Part.OPEN: STEP, Part.NEW: 0}, 0.5, Calibration(), POISSON, NO_CHANCES)

    assert np.full((2, 2), 0.5 * (0.75 + 1.0)) == pytest.approx(tuned.expected(told), rel=1e-6)


def test_tune_takes_the_rounds_with_the_least_loss_over_all_refits() -> None:
    counts = [[2.0, 2.0]] * 4
    past = [
        InnerPredictions(0, {Part.NEW: foretold(Part.NEW, [1.0], [1.9], [2.6])}),
        InnerPredictions(2, {Part.NEW: foretold(Part.NEW, [1.0], [2.1], [3.0])}),
    ]

    assert STEP == tune(past, examples(counts), SETTINGS).rounds[Part.NEW]


def test_tune_trees_that_never_helped_are_left_out() -> None:
    past = [InnerPredictions(0, {Part.NEW: foretold(Part.NEW, [2.0], [3.0])})]

    assert {Part.OPEN: 0, Part.CLOSED: 0, Part.NEW: 0} == tune(past, examples([[2.0, 2.0]] * 2), SETTINGS).rounds


def test_tune_with_too_few_as_ofs_takes_no_trees_of_new_cases() -> None:
    past = [InnerPredictions(0, {Part.NEW: foretold(Part.NEW, [1.0], [2.0])})]
    rounds = [tune(past, examples([[2.0, 2.0]] * 2), replace_least(least)).rounds[Part.NEW] for least in (2, 3)]

    assert [STEP, 0] == rounds


def replace_least(least_as_ofs: int) -> ModelSettings:
    return SETTINGS.model_copy(update={"least_as_ofs": least_as_ofs})


def test_tune_short_recording_expects_less() -> None:
    """Half of the horizon was recorded: two escalations in it speak for four, and the trees that say so are kept."""
    half = examples([[2.0, 2.0]] * 2)
    half = replace(half, exposure=np.full((2, 2), 0.5))
    past = [InnerPredictions(0, {Part.NEW: foretold(Part.NEW, [2.0], [4.0])})]

    assert STEP == tune(past, half, SETTINGS).rounds[Part.NEW]


def test_tune_chances_of_open_cases_without_any_are_none() -> None:
    past = [InnerPredictions(0, {Part.NEW: foretold(Part.NEW, [1.0])})]

    assert NO_CHANCES == tune(past, examples([[1.0, 0.0]] * 2), SETTINGS).case_chances


def test_inner_validate_target_that_never_occurred_says_what_to_do() -> None:
    with pytest.raises(
        NotReadyError, match=r"target 'escalation' must have occurred before the model is fitted, found none\. Ingest a longer"
    ):
        inner_validate(examples([[0.0, 0.0]] * 2), SETTINGS)


def test_foretold_part_chance_of_a_case_is_that_of_its_margin() -> None:
    assert math.isclose(0.75, foretold(Part.OPEN, [3.0]).after(0)[0, 0], rel_tol=1e-6)
