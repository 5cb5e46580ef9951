"""Which columns trees may read, and where each row of a part belongs."""

from collections.abc import Mapping

import numpy as np
import pytest

from features.errors import UsageError
from features.panel.as_ofs import AsOfs
from features.panel.build import Panel
from features.panel.case_rows import open_cases
from features.panel.feature import Feature, Kind, Use
from tests.support.event_logs import HORIZON, Case, days, make_facts
from training.learning import design_matrix
from training.learning.case_start import CaseStart, KindOdds
from training.learning.design_matrix import (
    Design,
    cells_of,
    choose_columns,
    columns_of,
    families_read,
    lay_out,
    sum_cells,
    varies,
)
from training.learning.parts import Part


def feature(subject: str, family: str = "counts", **other) -> Feature:
    return Feature(subject, "count", family, "", Kind.DRIVER, "", "", "", value=abs, scope=None, **other)


HISTORY = Feature("history", "days", "quality", "", Kind.CONTROL, "", "", "", value=abs, scope=None, use=Use.NEVER)


def panel(columns: Mapping[Feature, list[list[float]]], as_ofs: tuple[int, ...] = (100, 107)) -> Panel:
    """Return a panel of two grids at two as_ofs, the first 60 days after the first record."""
    history = [[60.0] * 2, [67.0] * 2]
    values = np.array([history, *columns.values()], np.float32)
    return Panel(np.array(["a", "b"]), days(*as_ofs), (HISTORY, *columns), values)


CHANGING = [[0.0, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 1, 1], False), ([1, 1, 2], True), ([np.nan, np.nan], False), ([np.nan, 1], True), ([1, np.nan], True), ([0.0, -0.0], False)],
)
def test_varies_missing_is_a_value(values: list[float], expected: bool) -> None:
    assert expected == varies(np.array(values, np.float32))


def test_varies_a_difference_beyond_the_first_piece_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(design_matrix, "PIECE", 2)

    assert varies(np.array([1, 1, 1, 1, 2], np.float32))


def test_choose_columns_reads_what_is_declared_for_a_model_and_changes() -> None:
    read, shown, constant = feature("read", direction=1), feature("shown", use=Use.SHOWN_ONLY), feature("constant")
    chosen = choose_columns(panel({read: CHANGING, shown: CHANGING, constant: [[1.0, 1.0], [1.0, 1.0]]}))

    assert (("read_count",), (1,)) == (chosen.names, chosen.directions)


@pytest.mark.parametrize(("least", "expected"), [(67, ("season_count",)), (68, ())], ids=["old enough", "a day too young"])
def test_choose_columns_waits_for_the_days_of_records_that_a_feature_needs(least: int, expected: tuple[str, ...]) -> None:
    assert expected == choose_columns(panel({feature("season", min_history_days=least): CHANGING})).names


def test_choose_columns_without_a_family_leaves_it_out() -> None:
    columns = panel({feature("a", "counts"): CHANGING, feature("b", "rates"): CHANGING})

    assert ("b_count",) == choose_columns(columns, ["counts"]).names


def test_choose_columns_family_that_is_none_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"a family to leave out must be one of counts, quality, got rate\."):
        choose_columns(panel({feature("a"): CHANGING}), ["rate"])


def test_families_read_name_each_family_once_in_panel_order() -> None:
    columns = {feature("a", "rates"): CHANGING, feature("b", "counts"): CHANGING, feature("c", "rates"): CHANGING}

    assert ("rates", "counts") == families_read(panel(columns))


def test_sum_cells_without_rows_in_a_cell_is_nought() -> None:
    assert [[0.0, 3.5], [0.0, 1.0]] == sum_cells(np.array([1, 3, 1]), np.array([1.5, 1.0, 2.0]), (2, 2)).tolist()


def design(part: Part = Part.NEW, **other) -> Design:
    """Return four rows of two columns."""
    parts = {
        "columns": (np.arange(4, dtype=np.float32), np.full(4, 9, np.float32)),
        "start": np.log([1.0, 2.0, 3.0, 4.0]),
        "cell": np.array([0, 1, 2, 2]),
        "weight": np.array([1.0, 1.0, 1.0, 0.5]),
    } | other
    return Design(part, (2, 2), **parts)


def test_design_take_is_a_row_per_row_in_the_order_asked_for() -> None:
    assert [[2, 9], [0, 9]] == design().take(np.array([2, 0])).tolist()
    assert [[1, 9], [2, 9]] == design().take(slice(1, 3)).tolist()


def test_design_sums_add_up_rows_of_a_cell_by_weight() -> None:
    assert np.array([[1, 2], [5, 0]]) == pytest.approx(design().sums(design().start))


def test_design_sums_of_cases_are_chances() -> None:
    assert [[0.5, 0.5], [0.75, 0]] == design(Part.OPEN).sums(np.zeros(4)).tolist()


@pytest.mark.parametrize(("values", "expected"), [(2, [1, 1, 1, 1]), (6, [3, 1]), (100, [4])])
def test_design_blocks_cover_every_row_once(values: int, expected: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(design_matrix, "BLOCK_VALUES", values)

    assert expected == [block.stop - block.start for block in design().blocks()]


def test_design_without_columns_keeps_all_else() -> None:
    bare = design().without_columns()

    assert ((), [0, 1, 2, 2]) == (bare.columns, bare.cell.tolist())


KNOWN = Case("d", 1, closed=3, moves=(("escalated", 1.5),))


def with_cases(*cases: Case) -> Panel:
    facts = make_facts([KNOWN, *cases])
    when = AsOfs(days(12, 19), HORIZON)
    return Panel(facts.places.grid_ids, when.as_ofs, (), np.zeros((0, 2, 4), np.float32), open_cases(facts, when))


def test_cells_of_cases_are_their_as_of_and_grid() -> None:
    assert [1, 4, 5] == cells_of(with_cases(Case("b", 10), Case("a", 15)).open_cases, 4).tolist()


def test_columns_of_cases_are_their_kind_and_what_varies() -> None:
    names = columns_of(with_cases(Case("b", 10), Case("a", 15)), Part.OPEN, ()).names

    assert "kind_odds" == names[0]
    assert {"age"} <= set(names)
    assert not {"self_found", "group", "due_odds"} & set(names)


def test_lay_out_of_cases_starts_from_the_odds_of_their_kind() -> None:
    odds = KindOdds(overall=-2.0, by_kind={"dispute/other": -1.5}, overall_due=-1.0, due_by_kind={})
    laid = lay_out(with_cases(Case("b", 10), Case("a", 15)), Part.OPEN, CaseStart.by_kind(odds), ("kind_odds", "age"), HORIZON)

    assert [-1.5] * 3 == laid.start.tolist()
    assert [[-1.5, 2], [-1.5, 4], [-1.5, 9]] == laid.take(slice(None)).tolist()
    assert ([1, 4, 5], (2, 4)) == (laid.cell.tolist(), laid.shape)
