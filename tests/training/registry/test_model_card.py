"""The model card: every figure of it from the run, every gap said."""

from typing import Any

import pytest

from features.panel.case_columns import CaseColumn
from features.panel.feature import Feature, Kind
from tests.training.registry.reports import PARAMETERS, make_report
from training.registry.model_card import REFUSED, blank, document, figure, table, write_card

FEATURES = (
    Feature(
        "dispute", "count", "counts", "recent", Kind.DRIVER, "cases", "近28天{n}件", "{n} disputes | lately", value=abs, window_days=28
    ),
    CaseColumn("age", "days", 0, "已{n}天", "{n} days old"),
)


def card(objections: tuple[str, ...] = (), **changed: Any) -> dict[str, str]:
    """Return the sections of a card by their names."""
    text = write_card(make_report(**changed), PARAMETERS, FEATURES, objections)
    return dict(part.split("\n\n", 1) for part in text.split("\n## ")[1:])


def test_table_bar_within_a_cell_does_not_end_it() -> None:
    assert "| a | b |\n| --- | --- |\n| x/y | 1 |" == table(("a", "b"), [("x|y", 1)])


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [
        (0.25, (0.2, 0.3), "0.2500 [0.2000, 0.3000]"),
        (0.25, None, "0.2500 [cannot be estimated]"),
        (None, None, "cannot be estimated"),
        (0.0, (0.0, 0.0), "0.0000 [0.0000, 0.0000]"),
    ],
)
def test_figure_without_an_interval_says_so(value: float | None, interval: tuple[float, float] | None, expected: str) -> None:
    assert expected == figure(value, interval)


def test_document_sections_stand_below_its_title() -> None:
    assert "# T\n\n## A\n\nx\n\n## B\n\ny\n" == document("T", {"A": "x", "B": "y"})


def test_blank_is_asked_for_in_both_languages() -> None:
    assert "〔待填：单位 · to be filled in: body〕" == blank("单位", "body")


def test_write_card_equal_inputs_give_equal_text() -> None:
    assert write_card(make_report(), PARAMETERS, FEATURES, ()) == write_card(make_report(), PARAMETERS, FEATURES, ())


def test_write_card_names_target_definition_horizon_and_days() -> None:
    told = card()["Data and target"]

    assert "| counts as an escalation | `transitions: escalated` |" in told
    assert "| horizon | 14 days, [as_of, as_of + 14) |" in told
    assert "| tested as_ofs | 20, 2025-08-01 to 2025-12-12, every 7 days |" in told
    assert "| tested rows | 800 grids x as_ofs, 40 with an escalation (5.00%) |" in told


def test_write_card_every_model_stands_with_its_interval() -> None:
    assert "| lightgbm | 0.3000 [0.2500, 0.3500] | 0.8000 [cannot be estimated] |" in card()["Quality on unseen days, beside simple rules"]


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ([-0.2, -0.1], "better"),
        ([-0.2, 0.0], "不优于简单规则 not better than the simple rule"),
        ([0.1, 0.2], "不优于简单规则 not better than the simple rule"),
        (None, "cannot be estimated"),
    ],
    ids=["better", "touches nought", "worse", "unknown"],
)
def test_write_card_beats_a_rule_only_where_the_whole_interval_does(interval: list[float] | None, verdict: str) -> None:
    rule = {"count_28d": {"poisson_deviance": {"value": -0.1, "ci95": interval}}}

    assert card(differences=rule)["Against each simple rule"].endswith(f"| {verdict} |\n")


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ([-0.2, -0.1], "better"),
        ([-0.1, 0.1], "不相上下 no worse than the learner"),
        ([0.01, 0.2], "差于同样特征上的现成算法 worse than the learner"),
        (None, "cannot be estimated"),
    ],
    ids=["better", "alike", "worse", "unknown"],
)
def test_write_card_says_of_a_learner_whether_it_is_worse(interval: list[float] | None, verdict: str) -> None:
    peer = {"plain_lightgbm": {"poisson_deviance": {"value": 0.0, "ci95": interval}}}
    sections = card(differences=peer)

    assert sections["Against learners on the same columns"].endswith(f"| {verdict} |\n")
    assert "plain_lightgbm" not in sections["Against each simple rule"]


def test_write_card_without_a_learner_says_so() -> None:
    assert "None was fitted beside it.\n" == card(differences={})["Against learners on the same columns"]


def test_write_card_bounds_of_a_simulation_are_no_rules() -> None:
    bound = {"oracle": {"poisson_deviance": {"value": 0.1, "ci95": [0.05, 0.2]}}}

    assert "oracle" not in card(differences=bound)["Against each simple rule"]


def test_write_card_parts_that_cannot_be_estimated_are_listed_all_the_same() -> None:
    told = card()["Parts of the rows"]

    assert "| onset | 300 | 12 | 0.1000 | 0.4000 |" in told
    assert "| rising | 20 | 1 | cannot be estimated | cannot be estimated |" in told


def test_write_card_kinds_of_places_stand_with_the_verdict() -> None:
    told = card()["Kinds of places"]

    assert "| area_type | rural | 10 | 15 | 0.5000 | 0.4000 | 1.1000 [0.9000, 1.3000] |" in told
    assert "- area_type: inconclusive; lowest recall over highest 0.7000, as uneven by chance cannot be estimated" in told


def test_write_card_without_kinds_of_places_says_so() -> None:
    assert "The grid table tells no kinds of places apart.\n" == card(disparity={})["Kinds of places"]


@pytest.mark.parametrize(
    ("objections", "expected"), [((), "Nothing speaks against promotion.\n"), (("too bold", "too old"), "- too bold\n- too old\n")]
)
def test_write_card_names_what_speaks_against_promotion(objections: tuple[str, ...], expected: str) -> None:
    assert expected == card(objections)["Gate"]


def test_write_card_limits_hold_the_notes_of_the_run_and_uses_are_refused() -> None:
    sections = card()

    assert sections["Limits"].startswith("- loop control: off\n")
    assert sections["Limits"].endswith("\n- few weeks\n")
    assert REFUSED in sections["Must not be used"]


def test_write_card_columns_stand_with_their_meaning() -> None:
    told = card()["Features it reads"]

    assert "| dispute_count_grid_28d | {n} disputes / lately | driver |" in told
    assert "| age | {n} days old | of a case |" in told
