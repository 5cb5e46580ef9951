from collections import Counter
from datetime import timedelta

import pytest

from serving.alerts.transitions import take_step
from serving.monitoring.alert_quality import SECOND_LOOK, Agreement, agreement_findings, read_agreement
from tests.serving.alerts.conftest import COMMAND, NOW, Days, asked, days, raise_alerts  # noqa: F401 - fixtures

AGREE, DISAGREE, WRONG = ("not_needed", "known"), ("not_needed", "no_need"), ("data_wrong", "count")
LATER = NOW + timedelta(days=1)


def read(days: Days) -> dict[str, tuple[int, int]]:  # noqa: F811 - the fixture
    return {each.level: (each.decisions, each.agreed) for each in read_agreement(days.engine, "escalation", LATER)}


def test_agreement_is_counted_by_level_and_by_the_last_decision(days, raise_alerts, asked):  # noqa: F811
    raise_alerts(8)
    decisions = [AGREE, AGREE, DISAGREE, WRONG]
    answered = days.alerts()[: len(decisions)]
    for alert, (action, reason) in zip(answered, decisions, strict=True):
        take_step(days.engine, COMMAND, alert.alert_id, asked(action, reason=reason), NOW)
    take_step(days.engine, COMMAND, days.alerts()[len(decisions)].alert_id, asked("acknowledge", reason="visited"), NOW)

    levels = [SECOND_LOOK if alert.second_look else alert.level for alert in answered]
    agreed = Counter(level for level, decision in zip(levels, decisions, strict=True) if decision == AGREE)

    assert {level: (count, agreed[level]) for level, count in Counter(levels).items()} == read(days)
    assert {} == {each.level: each for each in read_agreement(days.engine, "other", LATER)}


@pytest.mark.parametrize(
    ("decisions", "agreed", "words"),
    [(200, 191, "96% of 200"), (200, 190, None), (200, 40, None), (200, 38, "only 19% of 200"), (199, 199, None), (199, 0, None)],
)
def test_agreement_that_is_nearly_whole_or_nearly_none_is_told_from_two_hundred_decisions_on(decisions, agreed, words):
    found = agreement_findings([Agreement("watch", decisions, agreed)])

    assert ([] if words is None else [("agreement", True)]) == [(each.about, words in each.words.en) for each in found]
