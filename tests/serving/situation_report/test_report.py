from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import docx
import polars as pl
import pytest
from scipy.stats import poisson
from typer.testing import CliRunner

from features.errors import NotReadyError, UsageError
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.schema import Col
from serving.cli.main import app
from serving.documents.web_page import to_html
from serving.documents.word import to_word
from serving.situation_report.counts import by_kind, happened, new_cases
from serving.situation_report.period import change, count_interval, month, quarter
from serving.situation_report.report import analyse
from serving.text import NOTICES, forbidden_words
from tests.support.opened import open_page
from tests.support.published_world import SETTINGS

WRITTEN = datetime(2026, 1, 2, tzinfo=UTC)
DECEMBER = (date(2025, 12, 1), date(2026, 1, 1))


@pytest.fixture(scope="module")
def snapshot(shared_world):
    return read_log(shared_world.home, shared_world.engine)


@pytest.fixture(scope="module")
def page(shared_world, snapshot):
    return analyse(snapshot, shared_world.engine, SETTINGS, month("2025-12"), "escalation")


def section(page, title):
    return next(each for each in page.sections if each.title == title)


def local(column):
    return pl.col(column).dt.convert_time_zone("Asia/Shanghai").dt.date()


def test_overview_equals_what_the_records_say(page, snapshot):
    records, (start, end) = snapshot.records, DECEMBER
    moves = {action: records.filter(pl.col(Col.ACTION) == action) for action in ("reported", "escalated", "resolved")}
    during = (local(Col.KNOWN_AT) >= start) & (local(Col.KNOWN_AT) < end)
    resolved = moves["resolved"].filter(local(Col.KNOWN_AT) < end)[Col.EVENT_SEQ].to_list()
    waiting = moves["reported"].filter(local(Col.KNOWN_AT) < end, ~pl.col(Col.EVENT_SEQ).is_in(resolved))
    expected = {
        "新增事项": len(moves["reported"].filter(during)),
        "升级": len(moves["escalated"].filter(local(Col.AT) >= start, local(Col.AT) < end)),
        "办结": len(moves["resolved"].filter(during)),
        "期末未办结": len(waiting),
        "其中已逾期": len(waiting.filter(local(Col.DEADLINE_AT) < end)),
    }

    assert {row[0]: int(row[1]) for row in section(page, "总体情况").table.rows} == expected


def test_townships_stand_in_the_order_of_their_codes_and_sum_up(page):
    rows = section(page, "分镇街").table.rows

    assert [row[0] for row in rows] == ["990101001", "990101002"]
    assert sum(int(row[1]) for row in rows) == int(section(page, "总体情况").table.rows[0][1])


def test_quarter_hides_what_one_of_its_months_hides(snapshot):
    facts = read_facts(snapshot, "escalation", SETTINGS)
    groups, whole = by_kind(facts), quarter("2025Q4")
    months = [happened(new_cases, facts, groups, each).cells for each in whole.parts()]

    cells = happened(new_cases, facts, groups, whole).cells
    hidden = [any(cell is None for cell in each) for each in zip(*months, strict=True)]
    assert any(hidden)
    assert all(cell is None for cell, is_hidden in zip(cells, hidden, strict=True) if is_hidden)


def test_alerts_are_counted_by_state_alone(shared_world, snapshot):
    page = analyse(snapshot, shared_world.engine, SETTINGS, month("2025-12"), "escalation")

    assert section(page, "提示的办理结果").sentences == ("窗口在本期开始的提示共0条，按现状计数。",)


@pytest.mark.parametrize("text", ["2026-02", "2024-01"])
def test_period_that_the_log_does_not_cover_is_refused(text, shared_world, snapshot):
    with pytest.raises(NotReadyError, match="cover the whole period"):
        analyse(snapshot, shared_world.engine, SETTINGS, month(text), "escalation")


@pytest.mark.parametrize(("read", "text"), [(month, "2026-13"), (month, "2026"), (quarter, "2026Q5")])
def test_period_of_another_shape_is_refused(read, text):
    with pytest.raises(UsageError, match=text):
        read(text)


def test_interval_of_a_count_leaves_tails_of_a_fortieth():
    low, high = count_interval(12)

    assert poisson.sf(11, low) == pytest.approx(0.025)
    assert poisson.cdf(12, high) == pytest.approx(0.025)


def test_change_is_by_day_and_holds_one_where_nothing_changed():
    same = change(31, 31, 28, 28)

    assert same.ratio == pytest.approx(1)
    assert same.low < 1 < same.high
    assert change(0, 31, 5, 28) is None


def test_html_asks_nobody_and_carries_the_standing_sentences(page):
    html = to_html(page).decode()

    assert all(notice.zh in html for notice in NOTICES)
    assert forbidden_words(html.replace(NOTICES[1].zh, "").split("</style>")[1].split('src="data:')[0]) == []
    assert "<script" not in html
    assert html.count('src="data:image/png;base64,') == 2 == html.count("<img ")


def test_html_escapes_names(page):
    assert "<script" not in to_html(replace(page, title="<script>alert(1)</script>")).decode()


def test_word_file_says_the_same(page):
    document = docx.Document(BytesIO(to_word(page, WRITTEN)))

    tables = [each.table for each in page.sections if each.table]
    written = [[tuple(cell.text for cell in row.cells) for row in table.rows] for table in document.tables]
    assert written == [[table.header, *table.rows] for table in tables]
    assert len(document.inline_shapes) == 2
    assert document.paragraphs[-1].text == NOTICES[-1].zh


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [(["--month", "2025-12", "--out", "a.html"], 0), (["--month", "2025-12", "--out", "a.odt"], 1), (["--out", "a.html"], 1)],
)
def test_report_command_writes_what_it_can(arguments, exit_code, shared_world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    ran = CliRunner().invoke(app, ["--home", str(shared_world.home.root), "report", *arguments])

    assert ran.exit_code == exit_code
    assert (tmp_path / "a.html").exists() == (exit_code == 0)


@pytest.mark.full
def test_html_renders_in_a_browser_without_errors(tmp_path, page):
    (tmp_path / "report.html").write_bytes(to_html(page))

    seen = open_page(tmp_path / "report.html")

    assert (seen.faults, seen.cut, len(seen.images)) == ([], 0, 2)
    assert all(width > 500 for width in seen.images)
