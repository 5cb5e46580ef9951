"""What the API takes and gives: orders hold no free text and no unknown field, bounds include their ends."""

import pytest
from pydantic import BaseModel, ValidationError

from serving.api.schemas import AreaPage, CorrectionAnswer, CorrectionOrder, GridPage, RankingPage, SilenceOrder, StepOrder

STEP = {"action": "acknowledge", "reason": "phoned"}
SILENCE = {"area": "d/t1", "hours": 48, "reason": "data_fault"}


@pytest.mark.parametrize("hours", [1, 7.5, 14 * 24])
def test_silence_order_lasts_an_hour_to_fourteen_days(hours: float) -> None:
    assert hours == SilenceOrder.model_validate(SILENCE | {"hours": hours}).hours


@pytest.mark.parametrize(
    ("order", "values", "field"),
    [
        (SilenceOrder, SILENCE | {"hours": 0.99}, "hours"),
        (SilenceOrder, SILENCE | {"hours": 336.01}, "hours"),
        (SilenceOrder, SILENCE | {"hours": "nan"}, "hours"),
        (SilenceOrder, SILENCE | {"reason": "tired of it"}, "reason"),
        (SilenceOrder, SILENCE | {"area": "d" * 501}, "area"),
        (StepOrder, STEP | {"reason": "phoned Mr Li"}, "reason"),
        (StepOrder, STEP | {"reason": "已电话"}, "reason"),
        (StepOrder, STEP | {"reason": "x" * 41}, "reason"),
        (StepOrder, STEP | {"reason": ""}, "reason"),
        (StepOrder, STEP | {"action": "delete"}, "action"),
        (StepOrder, STEP | {"note": "somebody"}, "note"),
        (CorrectionOrder, {"about": "person", "reason": "count"}, "about"),
        (CorrectionOrder, {"about": "data", "reason": "count", "name": "n"}, "name"),
        (CorrectionAnswer, {"step": "deleted"}, "step"),
    ],
)
def test_order_outside_its_closed_lists_is_refused_by_its_field(order: type[BaseModel], values: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        order.model_validate(values)

    assert [(field,)] == [error["loc"] for error in refused.value.errors()]


def test_step_order_names_no_receiver_unless_stated() -> None:
    order = StepOrder.model_validate(STEP | {"reason": "x" * 40})

    assert (None, None) == (order.to, order.department)


@pytest.mark.parametrize("page", [RankingPage, AreaPage, GridPage])
def test_page_of_a_list_says_its_list_its_age_and_its_purpose(page: type[BaseModel]) -> None:
    assert {"ranking", "stale", "notices"} <= set(page.model_json_schema()["required"])
