"""Figures of a report from a hand-made log: the period it may be of, its area, and sources that were silent."""

import pytest
from sqlalchemy import Engine

from features.errors import NotReadyError
from features.storage.home import Home
from serving.settings import Settings
from serving.situation_report.period import read_period
from serving.situation_report.source import Place, ReportOrder, Source
from tests.support.event_logs import Case, make_log

SETTINGS = Settings(calendar={"country": "US"})
LAST_OF_MARCH = 89
"""Days from the first of January 2025 until the last of March: 31 + 28 + 30."""
CASES = [
    Case("a", 10.5, closed=65.5),
    Case("a", 59.5),
    Case("b", 89.5),
    Case("c", 60.5, closed=70.5, event_type="hazard", category="electrical"),
    Case("d", 61.5),
    Case("d", 62.5, event_type="petition"),
    Case("d", 90.5),
]
"""March is the days 59 up to 90."""


@pytest.fixture
def report(home: Home, empty_engine: Engine):
    """Return a function that gives the sources of a report."""

    def report(period: str = "2025-03", area: str = "", *, through: float = 100) -> Source:
        snapshot = make_log(CASES, known_through=through)
        return Source(snapshot, Place(home, empty_engine, SETTINGS), ReportOrder(read_period(period), "escalation", area))

    return report


def test_report_of_a_month_is_written_while_its_last_day_is_known_and_not_before(report) -> None:
    assert 4 == report(through=LAST_OF_MARCH).facts.places.size
    with pytest.raises(NotReadyError, match=r"goes from 2025-01-11 through 2025-03-30\. Choose another, or ingest"):
        report(through=LAST_OF_MARCH - 1)


def test_report_of_a_month_in_which_the_log_begins_is_refused(report) -> None:
    with pytest.raises(NotReadyError, match="the log must cover the whole period"):
        report("2025-01")


@pytest.mark.parametrize("area", ["D/T9", "D/T", "D/T1/C1", "T1", "D/T1/"])
def test_report_of_anything_but_the_whole_or_a_township_is_refused_by_name(report, area: str) -> None:
    with pytest.raises(NotReadyError, match=f"the whole or a township, and there is none at '{area}'"):
        report(area=area)


@pytest.mark.parametrize(
    ("area", "level", "names"),
    [("", "township", ("D/T1", "D/T2")), ("D", "township", ("D/T1", "D/T2")), ("D/T1", "community", ("D/T1/C1", "D/T1/C2"))],
)
def test_report_is_divided_into_the_areas_one_level_below(report, area: str, level: str, names: tuple[str, ...]) -> None:
    source = report(area=area)

    assert (level, names) == (source.level, source.areas.names)


@pytest.mark.parametrize(
    ("area", "kinds"),
    [("", {"dispute/other", "hazard/electrical"}), ("D/T1", {"dispute/other", "hazard/electrical"}), ("D/T2", {"dispute/other"})],
)
def test_kinds_are_those_of_the_area_without_petitions(report, area: str, kinds: set[str]) -> None:
    assert kinds == set(report(area=area).kinds.names)


@pytest.mark.parametrize(("area", "grids"), [("", 4), ("D/T1", 3), ("D/T2", 1)])
def test_coverage_speaks_of_the_grids_of_the_area_alone(report, area: str, grids: int) -> None:
    coverage = report(area=area).coverage

    assert (grids, grids) == (len(coverage.withheld), len(coverage.confidence))


def test_alerts_of_a_home_without_any_are_no_states(report) -> None:
    assert {} == report().states
