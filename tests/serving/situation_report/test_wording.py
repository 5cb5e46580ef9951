"""Words of a report: nothing that is hidden is written, and nothing is called clear that is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.display import forbidden_words
from serving.settings import Department
from serving.situation_report.period import Change
from serving.situation_report.wording import CENTRE, HIDDEN, cases, direction, kind_name, lead_name, leads, say_change, shown, write_change

LABOUR = Department(code="labour", name="人社局", name_en="Labour bureau", kinds=("labor_wage", "labor_other"))
HOUSING = Department(code="housing", name="住建局", name_en="Housing bureau", kinds=("property",))


@pytest.mark.parametrize(("count", "written"), [(None, HIDDEN), (0, "0"), (999, "999"), (12345, "12,345")])
def test_shown_masked_count_is_a_mark_and_not_a_zero(count: int | None, written: str) -> None:
    assert written == shown(count)


def test_cases_of_a_masked_count_say_few_in_both_languages() -> None:
    assert ("少量（不予显示）", "few (not shown)") == (cases(None).zh, cases(None).en)
    assert ("0件", "0") == (cases(0).zh, cases(0).en)


@pytest.mark.parametrize(
    ("change", "sign"),
    [
        (Change(1.2, 1.01, 1.4), 1),
        (Change(1.2, 1.0, 1.4), 0),
        (Change(0.8, 0.7, 0.99), -1),
        (Change(0.8, 0.7, 1.0), 0),
        (None, 0),
    ],
)
def test_direction_is_clear_where_the_interval_holds_no_change_by_neither_end(change: Change | None, sign: int) -> None:
    assert sign == direction(change)


@pytest.mark.parametrize(
    ("ratio", "said", "written"), [(1.004, "持平", "0%"), (0.996, "持平", "0%"), (1.006, "上升1%（变化不明显）", "+1%")]
)
def test_change_of_less_than_half_a_percent_is_the_same(ratio: float, said: str, written: str) -> None:
    change = Change(ratio, 0.9, 1.1)

    assert (said, written) == (say_change(change).zh, write_change(change).zh)


def test_change_that_cannot_be_compared_is_no_number_in_either_language() -> None:
    assert ("无法比较", "cannot be compared") == (say_change(None).zh, say_change(None).en)
    assert ("—", "—") == (write_change(None).zh, write_change(None).en)


@given(st.floats(0.01, 50), st.floats(0.01, 1), st.floats(1, 3))
def test_change_is_said_and_written_alike(ratio: float, below: float, above: float) -> None:
    """The sentence, the table and both languages agree on the way, the size and whether it is clear."""
    change = Change(ratio, ratio * below, ratio * above)
    said, written = say_change(change), write_change(change)
    percent = abs(round(100 * (ratio - 1)))

    assert f"{percent}%" in written.zh
    assert (said.zh, said.en) == ("持平", "the same") if not percent else f"{percent}%" in said.zh
    assert (
        ("+" in written.zh, "−" in written.zh) == ("上升" in said.zh, "下降" in said.zh) == (said.en[:3] == "up ", said.en[:5] == "down ")
    )
    if percent:
        assert (
            bool(direction(change))
            == ("（明显）" in said.zh)
            == ("(clear)" in said.en)
            == ("明显" in written.zh)
            == ("clear" in written.en)
        )


def test_kind_name_of_an_event_type_that_is_declared_does_not_read_out_its_code() -> None:
    assert "未命名类别（未命名类别）" == kind_name("night_market/stall").zh
    assert "Night market (stall)" == kind_name("night_market/stall").en


@pytest.mark.parametrize("kind", ["dispute/neighbor", "petition/other", "hazard/fire_safety", "dispute/labor_wage", "x/y"])
def test_kind_name_holds_no_forbidden_word(kind: str) -> None:
    assert [] == forbidden_words(kind_name(kind).zh + kind_name(kind).en)


@pytest.mark.parametrize(
    ("kind", "lead"),
    [("dispute/labor_wage", "人社局"), ("hazard/property", "住建局"), ("dispute/neighbor", CENTRE.zh), ("x/labor", CENTRE.zh)],
)
def test_leads_is_the_department_of_the_category_else_the_centre(kind: str, lead: str) -> None:
    assert lead == leads(kind, (LABOUR, HOUSING))


def test_leads_of_two_departments_is_the_first_that_was_declared() -> None:
    second = HOUSING.model_copy(update={"kinds": ("labor_wage",)})

    assert ["人社局", "住建局"] == [leads("dispute/labor_wage", order) for order in ((LABOUR, second), (second, LABOUR))]


def test_lead_name_of_a_department_that_is_gone_is_left_as_it_was_written() -> None:
    assert ("Labour bureau", "人社局") == (lead_name("人社局", (LABOUR,)).en, lead_name("人社局", ()).en)
    assert CENTRE == lead_name(CENTRE.zh, ())
