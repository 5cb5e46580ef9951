"""Plots of a situation report: what is drawn is read back from the axes, nothing is rendered; shades of a map are quarters."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from training.plots import situation
from training.plots.figure import BAR, OBSERVED
from training.plots.situation import MOST_NAMED, SHADES, Language, MapArea, SituationPlots, draw_situation, shade_values


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a plot be its axes in place of a picture of them."""

    def draw(plot: Any, _: tuple[float, float]) -> Axes:
        axes = Figure().subplots()
        plot([axes])
        return axes

    monkeypatch.setattr(situation, "paint", draw)


def plots(
    months: tuple[dict[str, Any], ...] = (), changes: tuple[dict[str, Any], ...] = (), areas: tuple[MapArea, ...] = ()
) -> SituationPlots:
    return SituationPlots(months, changes, areas, "per 1,000 households")


def month(label: str, value: float | None, open_: float | None = 5.0, overdue: float | None = 1.0) -> dict[str, Any]:
    bounds = {"low": None, "high": None} if value is None else {"low": value - 1, "high": value + 1}
    return {"label": label, "value": value, "open": open_, "overdue": overdue} | bounds


def area(name: str, value: float | None, left: float = 0.0) -> MapArea:
    ring = np.array([[left, 0.0], [left + 10, 0.0], [left + 10, 10.0], [left, 0.0]])
    return MapArea(name, f"{value}", (ring,), (left + 5, 5.0), value)


def texts(panel: Axes) -> list[str]:
    return [text.get_text() for text in panel.texts]


def legend(panel: Axes) -> list[str]:
    return [text.get_text() for text in panel.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("areas", "names"), [((), {"months", "stocks", "changes"}), ((area("T1", 1.0),), {"months", "stocks", "changes", "map"})]
)
def test_draw_situation_without_polygons_has_no_map(areas: tuple[MapArea, ...], names: set[str]) -> None:
    assert names == set(draw_situation(plots(areas=areas), "zh"))


def test_months_that_are_not_shown_leave_a_gap_and_the_newest_is_ours() -> None:
    panel = draw_situation(plots((month("1月", 3.0), month("2月", None), month("3月", 5.0))), "zh")["months"]

    assert [(3.0, BAR), (5.0, OBSERVED)] == [(bar.get_height(), to_hex(bar.get_facecolor())) for bar in panel.patches]
    assert [[2.0, 4.0], [4.0, 6.0]] == [list(line.get_ydata()) for line in panel.lines]
    assert ["1月", "2月", "3月"] == [label.get_text() for label in panel.get_xticklabels()]


def test_stocks_open_cases_bear_their_number_and_overdue_ones_stand_within() -> None:
    panel = draw_situation(plots((month("1月", 3.0, 1234.0, 7.0), month("2月", 3.0, None, None))), "en")["stocks"]

    assert ["1,234"] == texts(panel)
    assert [1234.0, 7.0] == [bar.get_height() for bar in panel.patches]
    assert ["Open at the end of the month", "of them overdue"] == legend(panel)


def test_changes_stand_in_order_from_the_top_around_one() -> None:
    rows = ({"label": "邻里", "value": 2.0, "low": 1.5, "high": 2.6}, {"label": "合同", "value": 0.5, "low": 0.4, "high": 0.7})
    panel = draw_situation(plots(changes=rows), "zh")["changes"]

    assert ["合同", "邻里"] == [label.get_text() for label in panel.get_yticklabels()]
    assert ["0.5", "1", "2"] == [label.get_text() for label in panel.get_xticklabels()]
    assert [0.4, 0.7] == list(panel.lines[0].get_xdata())


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "不能估计：没有可以与上年同期比较的类别"), ("en", "Cannot be told: no kind can be compared with the year before")],
)
def test_changes_without_a_kind_to_compare_say_so(language: Language, words: str) -> None:
    assert [words] == texts(draw_situation(plots(), language)["changes"])


def test_map_areas_are_named_and_what_is_not_shown_is_hatched_and_told() -> None:
    panel = draw_situation(plots(areas=(area("T1", 1.0), area("T2", None, 10.0))), "en")["map"]

    assert ["T1\n1.0", "T2\nNone"] == texts(panel)
    assert [None, "////"] == [patch.get_hatch() for patch in panel.patches]
    assert ["1.0–1.0", "not shown"] == legend(panel)
    assert "per 1,000 households" == panel.get_legend().get_title().get_text()


def test_map_grows_downwards() -> None:
    low, high = draw_situation(plots(areas=(area("T1", 1.0),)), "zh")["map"].get_ylim()

    assert low > high


def test_map_names_at_the_border_do_not_run_over_it() -> None:
    panel = draw_situation(plots(areas=tuple(area(f"T{number}", 1.0, 10.0 * number) for number in range(11))), "zh")["map"]

    assert ["left", "center", "right"] == [panel.texts[place].get_ha() for place in (0, 5, 10)]
    assert (0.0, 110.0) == (panel.texts[0].get_position()[0], panel.texts[10].get_position()[0])


@pytest.mark.parametrize(("count", "named"), [(MOST_NAMED, MOST_NAMED), (MOST_NAMED + 1, 0)])
def test_map_of_too_many_areas_names_none(count: int, named: int) -> None:
    areas = tuple(area(f"T{number}", 1.0, 10.0 * number) for number in range(count))

    assert named == len(draw_situation(plots(areas=areas), "zh")["map"].texts)


@pytest.mark.parametrize(
    ("values", "shades", "keys"),
    [
        ([1.0, 2.0, 3.0, 4.0], list(SHADES), ["1.0–1.0", "2.0–2.0", "3.0–3.0", "4.0–4.0"]),
        ([5.0, None, 5.0], [SHADES[1], None, SHADES[1]], ["5.0–5.0"]),
        ([None], [None], []),
    ],
)
def test_shade_values_are_quarters_of_what_is_shown(values: list[float | None], shades: list[str | None], keys: list[str]) -> None:
    assert (shades, list(zip(sorted(set(filter(None, shades)), key=SHADES.index), keys, strict=True))) == shade_values(values)
