"""Chinese names on plots and pages: nothing that a backtest shows is without one."""

import pytest

from training.evaluation.baselines import IN_PROPORTION
from training.evaluation.disparity import Verdict
from training.evaluation.metrics import METRICS
from training.evaluation.predictions import SUBSETS
from training.learning.parts import Part
from training.plots.words import KIND_ZH, LIST_ZH, METRIC_ZH, MODEL_ZH, PART_ZH, SUBSET_ZH, VERDICT_ZH, word
from training.report.list_scores import CHRONIC, RISING
from training.rivals import BOUNDS, PEERS


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (METRIC_ZH, METRICS),
        (MODEL_ZH, (*PEERS, *BOUNDS, *IN_PROPORTION)),
        (SUBSET_ZH, (*SUBSETS, "resident")),
        (VERDICT_ZH, tuple(Verdict)),
        (PART_ZH, tuple(Part)),
        (LIST_ZH, (CHRONIC, RISING)),
    ],
    ids=["metrics", "models", "subsets", "verdicts", "parts", "lists"],
)
def test_words_hold_every_name(words: dict[str, str], names: tuple[str, ...]) -> None:
    assert set() == set(names) - set(words)


def test_word_without_one_is_the_name_itself() -> None:
    assert "own" == word(MODEL_ZH, "own")


@pytest.mark.parametrize("words", [METRIC_ZH, MODEL_ZH, SUBSET_ZH, VERDICT_ZH, LIST_ZH, KIND_ZH])
def test_words_tell_names_apart(words: dict[str, str]) -> None:
    assert len(words) == len(set(words.values()))
