"""All that a model reads of one grid on one day as one row."""

import json
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from features.errors import UsageError
from features.panel.as_ofs import AsOfs
from features.panel.build import Panel
from features.panel.case_rows import closed_cases, open_cases
from features.panel.feature import Feature, Kind, Use
from features.targets import Target
from tests.support.event_logs import HORIZON, Case, days, make_facts
from training.learning.model_rows import ModelColumns, features_read, to_panel, to_rows

LEVEL = Feature("level", "rate", "rates", "", Kind.CONTEXT, "", "常态", "level", value=abs, direction=1, scope=None, use=Use.LEVEL_ONLY)
TREND = Feature("trend", "ratio", "trends", "trend", Kind.DRIVER, "", "近期{n}", "lately {n}", value=abs, scope=None, window_days=28)
KNOWN = Case("d", 1, closed=3, moves=(("escalated", 1.5), ("reopened", 5), ("resolved", 6)))


def made(*cases: Case) -> Panel:
    """Return a panel of four grids at two as_ofs with two features and the rows of these cases."""
    facts = make_facts([KNOWN, *cases], "any", targets={"any": Target(transitions=("escalated", "reopened"))})
    when = AsOfs(days(12, 19), HORIZON)
    values = np.arange(16, dtype=np.float32).reshape(2, 2, 4)
    return Panel(facts.places.grid_ids, when.as_ofs, (LEVEL, TREND), values, open_cases(facts, when), closed_cases(facts, when))


def columns_of(panel: Panel) -> ModelColumns:
    return ModelColumns(panel.features, panel.open_cases.columns, panel.closed_cases.columns)


CASES = (Case("b", 10), Case("b", 8, category="contract"), Case("a", 9, closed=11))


def test_to_rows_stand_by_grid_and_as_of_with_their_cases_nested() -> None:
    rows = to_rows(made(*CASES))

    assert [("a", date(2025, 1, 13)), ("a", date(2025, 1, 20)), ("b", date(2025, 1, 13))] == rows.select("grid_id", "as_of").rows()[:3]
    assert [0, 4, 1, 5] == rows["level_rate"].to_list()[:4]
    assert [0, 0, 2, 2, 0, 0, 0, 0] == rows["open_cases"].list.len().to_list()
    assert [1, 1, 0, 0, 0, 0, 1, 1] == rows["closed_cases"].list.len().to_list()


def test_to_rows_each_case_says_its_kind_and_weight() -> None:
    cases = to_rows(made(*CASES))["open_cases"].to_list()[2]

    assert [("contract", 4), ("other", 2)] == [(case["category"], case["age"]) for case in cases]
    assert {("dispute", 1.0)} == {(case["event_type"], case["weight"]) for case in cases}


def test_to_panel_of_rows_holds_the_figures_of_the_panel() -> None:
    panel = made(*CASES)
    columns = columns_of(panel)
    back = to_panel(columns.choose(to_rows(panel)), columns)

    assert panel.column("trend_ratio_28d").T.ravel().tolist() == back.column("trend_ratio_28d")[0].tolist()
    assert [2, 2, 3, 3] == back.open_cases.grid.tolist()
    assert sorted(panel.open_cases.column("age").tolist()) == sorted(back.open_cases.column("age").tolist())
    assert np.isnan(back.open_cases.column("days_left")).all()
    assert (("dispute", "contract"), ("dispute", "other")) == back.open_cases.kinds


def test_to_panel_of_rows_without_any_case_has_none() -> None:
    panel = made()
    columns = columns_of(panel)
    rows = columns.choose(to_rows(panel)).iloc[:2]

    assert (0, 0) == (len(to_panel(rows, columns).open_cases.case), len(to_panel(rows, columns).closed_cases.case))


@pytest.mark.parametrize("missing", ["trend_ratio_28d", "open_cases"])
def test_to_panel_without_a_column_names_it(missing: str) -> None:
    panel = made(*CASES)
    columns = columns_of(panel)
    with pytest.raises(UsageError, match=rf"model rows must have every column that the model reads, and {missing} are missing\."):
        to_panel(columns.choose(to_rows(panel)).drop(columns=missing), columns)


def test_columns_written_and_read_are_the_same() -> None:
    columns = columns_of(made(*CASES))
    read = ModelColumns.from_json(columns.to_json())

    assert columns == read
    assert (Kind.CONTEXT, Use.LEVEL_ONLY) == (read.features[0].kind, read.features[0].use)


def test_columns_file_is_text_that_people_can_read() -> None:
    content = columns_of(made(*CASES)).to_json().decode()

    assert "近期{n}" in content
    assert ["features", "open_cases", "closed_cases"] == list(json.loads(content))


def test_columns_that_were_read_cannot_be_computed_from_a_log() -> None:
    panel = made(*CASES)
    stored = ModelColumns.from_json(columns_of(panel).to_json()).features[0]

    class Block:
        grids = np.arange(3)

    with pytest.raises(UsageError, match="must be read from stored rows, got a block of 3 grids"):
        stored.value(Block())


class Asking:
    """Stands for the part on new cases: it reads one column of a panel."""

    def lay_out(self, panel: Panel, horizon_days: int) -> None:
        panel.column("trend_ratio_28d")
        assert HORIZON == horizon_days


def test_features_read_are_those_that_are_asked_for_when_a_model_predicts_and_the_usual_rate() -> None:
    usual = Feature("usual", "rate", "rates", "", Kind.CONTEXT, "", "", "", value=abs)
    fitted = SimpleNamespace(parts=(None, Asking()), horizon_days=HORIZON)

    assert (TREND, usual) == features_read(fitted, (LEVEL, TREND, usual))
