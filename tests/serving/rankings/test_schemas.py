"""Figures, bands, widths and places of the rows of a list, at their boundaries."""

import pytest
from pydantic import TypeAdapter, ValidationError

from serving.rankings.schemas import (
    Explanation,
    ExplanationLine,
    RefusedRow,
    RowsRefusedError,
    WeeklyCount,
    count_band,
    micro,
    place_of,
    place_of_body,
    published,
)
from tests.support.made_alerts import make_line, make_row, make_score


@pytest.mark.parametrize(
    ("low", "high", "width"),
    [
        (0.1, 0.2, "narrow"),
        (0.1, 0.200001, "wide"),
        (0.0, 0.0, "narrow"),
        (0.0, 0.1, "wide"),
        (None, 0.2, None),
        (0.1, None, None),
    ],
)
def test_width_is_narrow_up_to_twice_the_lowest_and_untold_without_refits(low, high, width) -> None:
    assert width == make_score(expected_low=low, expected_high=high).width


@pytest.mark.parametrize(
    ("codes", "place"),
    [
        (("d/t1/c1", "d/t1", "d"), "d/t1/c1/g1"),
        ((None, "d/t1", "d"), "d/t1/g1"),
        ((None, None, "d"), "d/g1"),
        ((None, None, None), "g1"),
    ],
)
def test_place_of_a_grid_is_below_its_lowest_known_area(codes, place: str) -> None:
    community, township, district = codes

    assert place == place_of({"grid_id": "g1", "community": community, "township": township, "district": district})


def test_place_of_the_whole_is_empty_and_no_grid() -> None:
    assert "" == place_of({"path": ""})


def test_place_of_body_reads_a_row_as_it_is_stored() -> None:
    assert "d/t1/g7" == place_of_body(make_row("g7").model_dump_json())


def test_published_figures_are_whole_millionths_so_that_sums_come_out() -> None:
    parts = [1 / 3] * 3

    assert [333333] * 3 == [micro(part) for part in parts]
    assert 0.333333 == published(1 / 3)
    assert 0.0 == published(4e-7)
    assert 1e-6 == published(6e-7)


@pytest.mark.parametrize(
    ("mean", "variation", "band"),
    [
        (0.0, 0.0, (0.0, 0.0)),
        (0.0, 0.05, (0.0, 0.0)),
        (0.105, 0.0, (0.0, 0.0)),
        (0.106, 0.0, (0.0, 1.0)),
        (2.3, 0.0, (0.0, 4.0)),
        (2.31, 0.0, (1.0, 4.0)),
        (2.0, 1.0, (0.0, 5.0)),
    ],
)
def test_count_band_ends_at_the_tenth_and_the_ninetieth_hundredth(mean: float, variation: float, band: tuple[float, float]) -> None:
    """By hand: a Poisson count is 0 with chance exp(-mean), which is 0.9 at 0.10536 and 0.1 at 2.302585.

    With mean 2 and variation 1 the count is geometric: P(count > n) = (2 / 3) ** (n + 1), below 0.1 from n = 5 on.
    """
    assert band == count_band(mean, variation)


def test_weekly_counts_below_none_are_refused_and_the_description_leaves_one_and_two_out() -> None:
    counts = TypeAdapter(WeeklyCount)
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        counts.validate_python(-1)

    assert {"enum": [1, 2]} == counts.json_schema()["not"]


@pytest.mark.parametrize(
    "values", [{"rank_low": 0}, {"risk": 1.000001}, {"expected_escalations": -0.1}, {"attention_level": "alarm"}, {"note": 1}]
)
def test_score_outside_its_bounds_is_refused(values) -> None:
    with pytest.raises(ValidationError):
        make_score(**values)


@pytest.mark.parametrize(
    ("part", "values", "group"),
    [
        ("open", {}, "open_dispute_neighbor"),
        ("open", {"category": None}, "open_dispute"),
        ("closed", {}, "closed"),
        ("rest", {}, "rest"),
    ],
)
def test_group_of_a_line_names_what_feedback_is_about(part: str, values, group: str) -> None:
    assert group == make_line(part, **values).group


def test_named_lines_leave_out_the_joined_rest() -> None:
    lines = (make_line(), make_line("new"), make_line("rest"))

    assert lines[:2] == Explanation(reasons=lines).named


def test_line_of_similar_cases_counts_of_ten_at_most() -> None:
    assert 10 == make_line(similar=10).similar
    with pytest.raises(ValidationError, match="less than or equal to 10"):
        ExplanationLine.model_validate(make_line().model_dump() | {"similar": 11})


def test_refused_rows_say_how_many_of_how_many_and_carry_the_code_of_the_first() -> None:
    rows = [RefusedRow(2, "grid_id", "unknown_grid", "must be known"), RefusedRow(5, "reported_at", "bad_time", "must be a time")]
    error = RowsRefusedError(rows, read=9)

    assert "every row must fit the flat case file, found 2 of 9 that do not. Mend or remove them." in str(error)
    assert ("unknown_grid", tuple(rows)) == (error.code, error.rows)
