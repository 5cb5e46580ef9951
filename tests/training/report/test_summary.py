"""Parts of the rows, models that are shown, and the tables behind a report."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.settings import BuildSettings
from tests.support.event_logs import Case, make_facts
from training.evaluation.predictions import SUBSETS
from training.report.summary import NOT_OF_COUNTS, Evidence, area_parts, fold_parts, gather, judge_part, shown_models, subset_parts

ONCE = np.ones((1, 1))


def rows(positives: int, quiet: int = 10, **columns: object) -> pl.DataFrame:
    """Return rows of one as_of of which the first saw an escalation, as the model said."""
    count = [1.0] * positives + [0.0] * quiet
    frame = pl.DataFrame({"as_of": [date(2026, 1, 5)] * len(count), "count": count})
    frame = frame.with_columns(
        block=pl.lit(0, pl.Int64), usual_count=pl.lit(0.5), resident_count=pl.lit(None, pl.Float32), fold=pl.lit(0), grid_id=pl.lit("g")
    )
    said = pl.col("count") * 0.8 + 0.1
    named = {f"{what}_{model}": said for what in ("expected", "risk") for model in ("lightgbm", "count_28d")}
    return frame.with_columns(**named).with_columns(
        **{name: value if isinstance(value, pl.Series) else pl.lit(value) for name, value in columns.items()}
    )


def card(deviance: float | None) -> dict[str, float | None]:
    return {"poisson_deviance": deviance}


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"lightgbm": card(1.0), "count_28d": card(1.5), "long_run_rate": card(1.2)}, ["lightgbm", "long_run_rate"]),
        ({"lightgbm": card(1.0), "plain_lightgbm": card(0.5), "count_28d": card(1.5)}, ["lightgbm", "count_28d"]),
        ({"lightgbm": card(1.0), "oracle": card(0.5), "knowable": card(0.7)}, ["lightgbm", "oracle", "knowable"]),
        ({"lightgbm": card(None), "count_28d": card(None)}, ["lightgbm"]),
    ],
    ids=["best rule", "no peer", "bounds of a simulation", "nothing estimated"],
)
def test_shown_models_are_the_model_the_best_rule_and_the_bounds(cards: dict[str, dict[str, float | None]], expected: list[str]) -> None:
    assert expected == shown_models(cards)


def test_judge_part_scores_the_models_that_are_named() -> None:
    part = judge_part(rows(10), ["lightgbm"], ONCE)

    assert (20, 10, None, ["lightgbm"]) == (part["rows"], part["positives"], part["reason"], list(part["models"]))
    assert 1.0 == part["models"]["lightgbm"]["auc"]


def test_judge_part_with_too_few_positives_says_why_and_scores_nothing() -> None:
    part = judge_part(rows(9), ["lightgbm"], ONCE)

    assert {"rows": 19, "positives": 9, "reason": "不能估计：只有9个网格期出现，少于10个", "models": {}} == part


def test_judge_part_figures_that_mean_nothing_here_are_left_out() -> None:
    figures = judge_part(rows(10), ["lightgbm"], ONCE, NOT_OF_COUNTS)["models"]["lightgbm"]

    assert {None} == {figures[name] for name in NOT_OF_COUNTS}
    assert figures["auc"] is not None


def with_subsets(**columns: object) -> pl.DataFrame:
    chosen = pl.Series([True] * 15 + [False] * 5)
    return rows(10, **{name: chosen if name == "onset" else False for name in SUBSETS}, **columns)


def test_subset_parts_judge_the_rows_that_belong_to_each() -> None:
    parts = subset_parts(with_subsets(), ["lightgbm"], ONCE)

    assert (15, 10) == (parts["onset"]["rows"], parts["onset"]["positives"])
    assert (0, 0) == (parts["rising"]["rows"], parts["rising"]["positives"])
    assert "不能估计：只有0个网格期出现，少于10个" == parts["rising"]["reason"]


def test_subset_parts_of_residents_where_the_log_does_not_say_cannot_be_told() -> None:
    resident = subset_parts(with_subsets(), ["lightgbm"], ONCE)["resident"]

    assert {"rows": 0, "positives": 0, "reason": "不能估计：记录没有说明由谁发现", "models": {}} == resident


def test_subset_parts_of_residents_count_their_escalations_on_all_rows() -> None:
    brought = pl.Series([0.0] * 5 + [1.0] * 15)
    resident = subset_parts(with_subsets(resident_count=brought), ["lightgbm"], ONCE)["resident"]

    assert (20, 15) == (resident["rows"], resident["positives"])


def test_area_parts_stand_by_code_and_leave_out_what_is_unknown() -> None:
    towns = pl.Series(["T2"] * 10 + ["T1"] * 8 + [""] * 2)
    parts = area_parts(rows(10, township=towns, area_type=""), ONCE)

    assert {"T1": 8, "T2": 10} == {name: part["rows"] for name, part in parts["township"].items()}
    assert ["T1", "T2"] == list(parts["township"])
    assert {} == parts["area_type"]


def test_fold_parts_judge_each_fold() -> None:
    folds = pl.Series([0] * 12 + [1] * 8)

    assert {"0": (12, 10), "1": (8, 0)} == {
        name: (part["rows"], part["positives"]) for name, part in fold_parts(rows(10, fold=folds), ["lightgbm"], ONCE).items()
    }


def test_gather_escalations_stand_by_grid_and_day_with_their_weight() -> None:
    facts = make_facts(
        [Case("old", 1, moves=(("escalated", 2, 9),))],
        crosswalk=[("old", "a", 0.75), ("old", "b", 0.25)],
        grids={"a": "", "b": "", "old": ""},
    )
    evidence = gather(facts, rows(1), None, BuildSettings())

    assert [("a", date(2025, 1, 3), 0.75), ("b", date(2025, 1, 3), 0.25)] == evidence.escalations.rows()
    assert (0, ["as_of", "grid_id", "expected_lightgbm"]) == (len(evidence.daily), evidence.daily.columns)


def test_evidence_read_from_its_files_is_the_same(tmp_path: Path) -> None:
    evidence = gather(make_facts([Case("a", 1, moves=(("escalated", 2),))]), rows(1), None, BuildSettings())
    for name, content in evidence.files().items():
        (tmp_path / name).write_bytes(content)
    read = Evidence.read(tmp_path)

    assert all(getattr(evidence, name).equals(getattr(read, name)) for name in ("predictions", "escalations", "daily"))
