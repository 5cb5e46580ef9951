"""Kept reports: read back as they were written, for accounts of exactly their area."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from features.errors import NotFoundError, UsageError
from features.storage.home import Home
from serving.accounts.permissions import EVERYTHING, Scope
from serving.situation_report.archive import area_of_reports, enter_decisions, keep_report, kept_reports, read_last, read_report
from serving.situation_report.period import month
from tests.support.kept_reports import DOT, make_report

REPORT = make_report()


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


def test_report_is_read_back_as_it_was_kept(home):
    drawn = replace(REPORT, papers={"zh": replace(REPORT.paper(), plots={"map": DOT}), "en": replace(REPORT.paper(), language="en")})
    keep_report(home, drawn)

    assert drawn == read_report(home, REPORT.name)
    assert ("en", "zh") == (read_report(home, REPORT.name).paper("en").language, read_report(home, REPORT.name).paper("zh").language)


def test_report_of_one_language_is_handed_out_in_that(home):
    keep_report(home, REPORT)

    assert REPORT.paper("zh") == read_report(home, REPORT.name).paper("en")


def test_report_of_the_first_release_is_still_read(home):
    keep_report(home, REPORT)
    path = home.reports / f"{REPORT.name}.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**{name: value for name, value in stored.items() if name != "papers"}, "paper": stored["papers"]["zh"]}))

    assert REPORT == read_report(home, REPORT.name)


@pytest.mark.parametrize("name", ["2026-01-escalation", "../keys/secret", "2025-12-escalation/../x", ""])
def test_report_that_is_not_kept_is_not_found_whatever_its_name(home, name):
    keep_report(home, REPORT)
    (home.folder(home.root / "keys") / "secret.json").write_bytes((home.reports / f"{REPORT.name}.json").read_bytes())

    with pytest.raises(NotFoundError):
        read_report(home, name)


def test_kept_reports_come_with_the_latest_period_first_and_foreign_files_are_left_out(home):
    for name in ("2025-11-escalation", "2025-12-escalation", "2025Q4-escalation"):
        keep_report(home, replace(REPORT, name=name))
    (home.reports / "notes.json").write_text("{}")

    assert ["2025Q4-escalation", "2025-12-escalation", "2025-11-escalation"] == [each.name for each in kept_reports(home)]


def test_decisions_replace_the_proposals_of_their_topics_and_are_found_by_the_next_report(home):
    keep_report(home, REPORT)
    assert read_last(home, month("2026-01"), "escalation", "").decided is False
    enter_decisions(home, REPORT.name, {"dispute/labor_wage": ("住建部门", "joint_consult")})
    last = read_last(home, month("2026-01"), "escalation", "")

    assert last.decided is True
    assert [("住建部门", "joint_consult"), ("人社部门", "wage_check")] == [(topic.lead, topic.action) for topic in last.topics]
    assert read_last(home, month("2026-02"), "escalation", "") is None


def test_decision_on_no_topic_of_the_report_is_refused(home):
    keep_report(home, REPORT)

    with pytest.raises(UsageError, match="dispute/none"):
        enter_decisions(home, REPORT.name, {"dispute/none": ("甲", "joint_consult")})
    assert REPORT == read_report(home, REPORT.name)


class Listed:
    """A list with one district and the townships d/t1 and d/t2 in it."""

    def within(self, scope: Scope, level: str) -> list[bytes]:
        paths = {"district": ["d"], "township": ["d/t1", "d/t2"]}[level]
        return [f'{{"path":"{path}"}}'.encode() for path in paths if scope.covers(path)]


@pytest.mark.parametrize(
    ("scope", "area"),
    [
        (EVERYTHING, ""),
        (Scope("d"), ""),
        (Scope("d/t1"), "d/t1"),
        (Scope("d/t1/c1"), None),
        (Scope("e"), None),
        (Scope("", "labour"), None),
    ],
)
def test_account_has_the_reports_of_exactly_its_area(scope, area):
    assert area == area_of_reports(scope, Listed())


def test_without_a_list_the_whole_alone_has_reports():
    assert ("", None) == (area_of_reports(EVERYTHING, None), area_of_reports(Scope("d"), None))
    assert area_of_reports(Scope("d/t1"), SimpleNamespace(within=lambda *_: ())) is None
