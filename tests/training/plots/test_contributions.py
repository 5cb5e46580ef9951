"""Plots of what moves the model, read back from the axes."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes

from features.panel.case_columns import CaseColumn
from tests.training.plots.conftest import MakeAxes
from training.attribution import Attribution
from training.plots.contributions import MOST_REASONS, NO_TREES, dependence, interaction, reasons, swarm

AGE = CaseColumn("age", "days", 0, "已{n}天", "{n} days old")
WAITING = CaseColumn("waiting", "cases", 0, "本网格同时有{n}件未办结", "{n} cases open in the grid")
NOTHING: dict[str, Any] = {"reasons": [], "columns": [], "pair": None}


def texts(panel: Axes) -> list[str]:
    return [text.get_text() for text in panel.texts]


def attribution() -> Attribution:
    """Return four rows of two columns; the age adds as many hundredths as it has days."""
    matrix = np.array([[1, 5], [2, 6], [3, 7], [4, np.nan]], np.float32)
    table = pl.DataFrame({"replicate": [0] * 4, "row": range(4), "age": matrix[:, 0].astype(np.float64) / 100, "waiting": [0.0] * 4})
    return Attribution((AGE, WAITING), matrix, table, np.zeros((2, 2)))


def findings(*names: str) -> dict[str, Any]:
    columns = [{"name": name, "label": label} for name, label in (("age", "已n天"), ("waiting", "本网格同时有n件未办结")) if name in names]
    return {"columns": columns, "pair": {"columns": ["age", "waiting"]}}


def reason(label: str, size: float, flips: float | None) -> dict[str, Any]:
    return {"label": label, "mean_size": size, "sign_flips": flips}


def test_reasons_the_strongest_stands_on_top_with_its_flips(panel: Axes) -> None:
    reasons([panel], {"reasons": [reason("近期新增", 0.4, 0.125), reason("未办结", 0.2, None)]})

    assert ["未办结", "近期新增"] == [label.get_text() for label in panel.get_yticklabels()]
    assert ["反号—", "反号12%"] == texts(panel)
    assert [0.2, 0.4] == [bar.get_width() for bar in panel.patches]


def test_reasons_beyond_the_most_are_not_drawn(panel: Axes) -> None:
    reasons([panel], {"reasons": [reason(str(number), 1.0, None) for number in range(MOST_REASONS + 3)]})

    assert MOST_REASONS == len(panel.patches)


@pytest.mark.parametrize(
    "draw",
    [
        lambda axes: reasons(axes, NOTHING),
        lambda axes: swarm(axes, attribution(), NOTHING),
        lambda axes: interaction(axes, attribution(), NOTHING),
    ],
    ids=["reasons", "swarm", "interaction"],
)
def test_plots_of_a_model_without_trees_say_so(draw, panel: Axes) -> None:
    draw([panel])

    assert [NO_TREES] == texts(panel)


def test_dependence_draws_value_against_contribution_of_each_column(make_axes: MakeAxes) -> None:
    axes = make_axes(2)
    dependence(axes, attribution(), findings("age", "waiting"))

    assert [[1, 0.01], [2, 0.02], [3, 0.03], [4, 0.04]] == axes[0].collections[0].get_offsets().round(6).tolist()
    assert ["已n天", "本网格同时有n件未办结"] == [panel.get_xlabel() for panel in axes]


def test_dependence_with_fewer_columns_than_panels_leaves_them_empty(make_axes: MakeAxes) -> None:
    axes = make_axes(3)
    dependence(axes, attribution(), findings("age"))

    assert [[], [""], [""]] == [texts(panel) for panel in axes]
    assert [True, False, False] == [panel.axison for panel in axes]


def test_dependence_of_a_model_without_trees_says_so(make_axes: MakeAxes) -> None:
    axes = make_axes(2)
    dependence(axes, attribution(), NOTHING)

    assert [[NO_TREES], [NO_TREES]] == [texts(panel) for panel in axes]


def test_interaction_splits_by_the_median_of_the_other_and_leaves_out_the_missing(panel: Axes) -> None:
    interaction([panel], attribution(), findings("age", "waiting"))

    assert [[1, 2], [3]] == [dots.get_offsets()[:, 0].tolist() for dots in panel.collections]
    assert ["不高于中位数6", "高于中位数6"] == [text.get_text() for text in panel.get_legend().get_texts()]


def test_swarm_long_label_is_broken_into_lines_of_about_equal_length(panel: Axes) -> None:
    long = {"columns": [{"name": "age", "label": "一" * 20}], "pair": None}
    dependence([panel], attribution(), long)

    assert "一" * 10 + "\n" + "一" * 10 == panel.get_xlabel()
