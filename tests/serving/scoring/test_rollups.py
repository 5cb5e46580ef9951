from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from serving.rankings.schemas import GridRow, Score, published
from serving.scoring.rollups import roll_up


def grid_row(number, expected):
    score = Score(
        rank=1, rank_low=1, rank_high=1, expected_escalations=published(expected), usual_level=0.1, factor=1, risk=0.1,
        attention_level="watch", chronic=False, rising=False,
    )  # fmt: skip
    return GridRow(
        grid_id=f"g{number}", name="", community=f"d/t{number % 3}/c{number % 5}" if number % 7 else None, township=f"d/t{number % 3}",
        district="d", score=score if number % 4 else None, withheld=None if number % 4 else "no_data", withheld_words=None,
        confidence="high", weekly_cases=(), explanation=None,
    )  # fmt: skip


def exact_sum(values):
    return sum((Decimal(str(value)) for value in values), Decimal(0))


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=60))
def test_roll_up_sums_are_exact_at_every_level(values):
    """What a reader adds up in decimals is what the list says: grids to areas, and areas to areas."""
    rows = [grid_row(number, value) for number, value in enumerate(values)]
    areas = roll_up(rows, {})

    rated = exact_sum(row.score.expected_escalations for row in rows if row.score)
    assert rated == exact_sum(area.expected_escalations for area in areas["township"])
    assert rated == exact_sum(area.expected_escalations for area in areas["district"])
    for area in areas.get("community", []):
        inside = [row for row in rows if row.community == area.path]
        assert exact_sum(row.score.expected_escalations for row in inside if row.score) == Decimal(str(area.expected_escalations))
        assert (len(inside), sum(row.score is None for row in inside)) == (area.grids, area.not_rated)


def test_roll_up_plain_float_sums_would_be_noticed():
    values = [0.1, 0.2, 0.3]

    assert Decimal(str(sum(values))) != exact_sum(values)


def test_roll_up_areas_come_by_code_and_unknown_levels_are_left_out():
    rows = [grid_row(number, 1).model_copy(update={"community": None}) for number in (5, 4, 6)]

    areas = roll_up(rows, {})

    assert list(areas) == ["township", "district"]
    assert [area.path for area in areas["township"]] == ["d/t0", "d/t1", "d/t2"]


def test_roll_up_one_masked_township_takes_a_second_along():
    """Else the district's sum less the others would tell it."""
    rows = [grid_row(number, 1) for number in (1, 2, 3)]

    areas = roll_up(rows, {"g1": [1.0, 0.0], "g2": [4.0, 3.0], "g3": [9.0, 0.0]})

    assert [area.weekly_escalations for area in areas["township"]] == [(9, 0), (None, 0), (None, 3)]
    assert [area.weekly_escalations for area in areas["district"]] == [(14, 3)]
    assert {area.weekly_escalations for area in areas["community"]} == {()}
