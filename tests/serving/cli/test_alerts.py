"""`yujing alerts` as the operator uses it on a home with a published list."""

import json

import pytest

from features.errors import NotFoundError, UsageError

pytestmark = pytest.mark.dialect("sqlite")


def listed(run_listed, *options: str) -> list[dict]:
    return json.loads(run_listed("alerts", "list", "--json", *options))


def test_alert_is_listed_shown_and_ended(run_listed) -> None:
    first, _ = listed(run_listed)
    shown = run_listed("alerts", "show", first["alert"])
    assert "示例g1网格" in shown
    assert "not due yet" in shown

    assert f"Alert {first['alert']} is not_needed now." in run_listed(
        "alerts", "transition", first["alert"], "not_needed", "--reason", "no_need"
    )
    assert ["published"] == [each["state"] for each in listed(run_listed)]
    assert {"published", "not_needed"} == {each["state"] for each in listed(run_listed, "--all")}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("transition", "{alert}", "forget", "--reason", "x"), UsageError, "a step must be one of acknowledge"),
        (("show", "0000000000000000"), NotFoundError, "No such alert"),
    ],
)
def test_step_or_alert_that_is_none_is_refused(run_listed, arguments, error, message) -> None:
    name = listed(run_listed)[0]["alert"]

    with pytest.raises(error, match=message):
        run_listed("alerts", *(part.format(alert=name) for part in arguments))


def test_forecast_counts_alerts_of_the_last_lists_and_what_attention_would_add(run_listed) -> None:
    plain, tried = run_listed("alerts", "forecast"), run_listed("alerts", "forecast", "--places", "d/t1", "--attention", "4")

    assert "a day over 1 lists." in plain
    assert "With the attention that was tried" in tried
    assert "With the attention" not in plain
