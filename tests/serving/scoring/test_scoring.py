"""A case that many people reported is told as one case and so many reports, as far as it was known."""

from serving.scoring.scoring import most_reports, say_burst
from tests.features.facts.test_bursts import joined
from tests.support.event_logs import Case, days


def test_most_reports_counts_what_was_known_before_as_of():
    facts = joined([*[Case("a", 10)] * 11, Case("a", 11), Case("b", 10), *[Case("c", 10)] * 3])
    as_ofs = days(10, 11, 12, 60)

    assert [most_reports(facts, int(as_of)).tolist()[:3] for as_of in as_ofs] == [[0, 0, 0], [11, 0, 3], [12, 0, 3], [0, 0, 0]]


def test_say_burst_names_cases_and_reports():
    (text,) = say_burst(12)

    assert text.zh == "近28天有同一事由1件、12人次，按1件计"
    assert text.en == "1 matter of the last 28 days was reported 12 times and counts once"
