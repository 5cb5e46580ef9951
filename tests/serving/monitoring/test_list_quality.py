"""Quality of published lists: which of them are judged, and what is said of their figures."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.days import day_number
from serving.monitoring.drift import Unknown
from serving.monitoring.list_quality import Lists, Realised, Wanted, quality_findings, read_lists, realise
from serving.settings import Settings
from tests.serving.alerts.conftest import AS_OF, NOW, ZONE, Days, days  # noqa: F401 - a fixture
from tests.support.made_alerts import make_row
from tests.support.trained_worlds import make_facts
from training.learning.folds import Gap

GRIDS = np.array([f"g{number}" for number in range(1, 10)])
FIRST = day_number(AS_OF)


def read(engine, **wanted):
    asked = Wanted(**{"target": "escalation", "horizon_days": 14, "first": FIRST, "last": FIRST + 30} | wanted)
    return read_lists(engine, asked, GRIDS, ZONE)


def test_read_lists_gives_the_figures_of_each_grid_in_order(days: Days) -> None:  # noqa: F811 - the fixture
    days.publish([make_row("g2", 1), make_row("g1", 2), make_row("g3", None)])
    lists = read(days.engine)

    assert [FIRST] == lists.as_ofs.tolist()
    assert [0.5, 1.0] == lists.expected[0, :2].tolist()
    assert np.isnan(lists.expected[0, 2:]).all()
    assert [1 / 7, 1 / 6] == pytest.approx(lists.risk[0, :2].tolist(), abs=1e-6)


def test_list_that_came_after_its_day_is_counted_and_not_judged(days: Days) -> None:  # noqa: F811
    days.publish()
    days.publish(days=1, now=NOW + timedelta(days=2))

    lists = read(days.engine)
    assert ([FIRST], 1) == (lists.as_ofs.tolist(), lists.late)


def test_newest_revision_of_its_own_day_counts(days: Days) -> None:  # noqa: F811
    days.publish([make_row("g1", 1), make_row("g2", 2)])
    days.publish([make_row("g2", 1), make_row("g1", 2)], now=NOW + timedelta(hours=3))
    days.publish([make_row("g1", 1)], now=NOW + timedelta(days=3))

    assert [0.5, 1.0] == read(days.engine).expected[0, :2].tolist()


@pytest.mark.parametrize("wanted", [{"target": "strict"}, {"horizon_days": 7}, {"first": FIRST + 1}, {"last": FIRST - 1}])
def test_lists_of_another_target_horizon_or_time_are_left_out(days: Days, wanted) -> None:  # noqa: F811
    days.publish()

    assert ((0,), (0, 9)) == (read(days.engine, **wanted).as_ofs.shape, read(days.engine, **wanted).expected.shape)


def lists_of(*as_ofs: int, grids: int = 4) -> Lists:
    said = np.full((len(as_ofs), grids), 0.5)
    return Lists(np.array(as_ofs, np.int32), said, said, late=2)


def test_between_holds_both_ends() -> None:
    assert [5, 9] == lists_of(1, 5, 9, 10).between(5, 9).as_ofs.tolist()


@pytest.mark.parametrize(("known_through", "said"), [(119, "a list is ripe after 21 days; none of 1"), (121, "0 rows saw an escalation")])
def test_lists_without_ripe_labels_or_escalations_are_not_judged(known_through, said) -> None:
    facts = replace(make_facts([0], [1], 4, through=known_through), known_through_day=known_through)
    found = realise(facts, lists_of(100), Gap(14, 7), Settings())

    assert isinstance(found, Unknown)
    assert found.reason.en.startswith(said)


def judged(gap: float | None, bounds: tuple[float, float] | None) -> Realised:
    card = SimpleNamespace(differences={"count_90d": {"poisson_deviance": {"value": gap}}}, rows=1, positives=1, models={}, notes=[])
    return Realised(lists_of(1), np.zeros((1, 4)), card, 2.0, 3.0, {"value": 1.5, "ci95": bounds})


@pytest.mark.parametrize(
    ("gap", "bounds", "findings"),
    [
        (-0.1, (0.8, 1.2), []),
        (0.1, (0.8, 1.2), ["not better than a simple rule (count_90d)"]),
        (0.0, None, ["not better than a simple rule (count_90d)"]),
        (None, (1.1, 1.9), ["what followed was 1.10–1.90 times"]),
        (-0.1, (0.5, 0.9), ["what followed was 0.50–0.90 times"]),
    ],
)
def test_finding_is_a_rule_that_was_as_good_or_counts_that_were_off(gap, bounds, findings) -> None:
    said = [finding.words.en for finding in quality_findings(judged(gap, bounds))]

    assert len(findings) == len(said)
    assert all(text.startswith(start) for text, start in zip(said, findings, strict=True))


def test_dates_of_the_figures_are_those_of_the_lists() -> None:
    figures = judged(-0.1, None).to_json()

    assert {"first": "1970-01-02", "last": "1970-01-02", "count": 1, "late": 2} == figures["lists"]
    assert [] == figures["beaten_by"]


def test_zone_decides_when_a_list_is_late(days: Days) -> None:  # noqa: F811
    days.publish(now=NOW.replace(hour=23))

    assert date(2026, 1, 9) == AS_OF
    assert (0, 1) == (
        read(days.engine).late,
        read_lists(days.engine, Wanted("escalation", 14, FIRST, FIRST), GRIDS, ZoneInfo("Pacific/Kiritimati")).late,
    )
