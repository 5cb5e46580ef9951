import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from scipy.stats import poisson
from sqlalchemy import select, update
from typer.testing import CliRunner

from features.database.engine import writing
from features.database.tables import grid
from features.display import CATEGORY_ZH, EVENT_TYPE_ZH, forbidden_words
from features.errors import NotReadyError, UsageError
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.schema import Col
from serving.cli.main import app
from serving.documents.files import to_pdf
from serving.documents.paper import Speaker, to_html, to_text
from serving.scoring.daily_run import grid_names
from serving.situation_report.counts import by_kind, happened, new_cases
from serving.situation_report.period import change, count_interval, month, quarter, read_period
from serving.situation_report.report import analyse, lay_out_areas
from serving.situation_report.source import Place, ReportOrder, Source
from serving.text import NOTICES
from tests.support.opened import open_page
from tests.support.pdf_pages import page_texts
from tests.support.published_world import SETTINGS

DECEMBER = (date(2025, 12, 1), date(2026, 1, 1))


@pytest.fixture(scope="module")
def snapshot(shared_world):
    return read_log(shared_world.home, shared_world.engine)


def write(world, snapshot, text="2025-12", area="", language="zh"):
    order = ReportOrder(read_period(text), "escalation", area)
    return analyse(Source(snapshot, Place(world.home, world.engine, SETTINGS), order)).papers[language]


@pytest.fixture(scope="module")
def page(shared_world, snapshot):
    return write(shared_world, snapshot)


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
        "新增": len(moves["reported"].filter(during)),
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


def test_headline_says_what_plain_counting_says(page, snapshot):
    records = snapshot.records
    reported = records.filter(pl.col(Col.ACTION) == "reported", local(Col.KNOWN_AT) >= DECEMBER[0], local(Col.KNOWN_AT) < DECEMBER[1])
    before = records.filter(pl.col(Col.ACTION) == "reported", local(Col.KNOWN_AT) >= date(2025, 11, 1), local(Col.KNOWN_AT) < DECEMBER[0])
    closed = records.filter(pl.col(Col.ACTION) == "resolved")[Col.EVENT_SEQ].unique()
    share = reported[Col.EVENT_SEQ].is_in(closed.implode()).mean()
    percent = round(100 * abs(len(reported) / 31 / (len(before) / 30) - 1))

    assert page.headline[0].startswith(f"新增{len(reported)}件，环比")
    assert f"{percent}%（" in page.headline[0].partition("，同比")[0]
    assert page.headline[2].startswith(f"办结率{share:.0%}，按期办结率")


def test_report_of_a_township_counts_its_own_communities(shared_world, snapshot, page):
    town = write(shared_world, snapshot, area="990101/990101001")
    whole = {row[0]: row[1] for row in section(page, "分镇街").table.rows}

    assert town.lead.startswith("990101001 · ")
    assert section(town, "总体情况").table.rows[0][1] == whole["990101001"]
    assert all(row[0].startswith("990101001") for row in section(town, "分社区").table.rows)


def test_report_of_a_place_that_is_not_there_is_refused(shared_world, snapshot):
    with pytest.raises(NotReadyError, match="the whole or a township"):
        write(shared_world, snapshot, area="990101/999")


def test_quarter_hides_what_one_of_its_months_hides(snapshot):
    facts = read_facts(snapshot, "escalation", SETTINGS)
    groups, whole = by_kind(facts), quarter("2025Q4")
    months = [happened(new_cases, facts, groups, each).cells for each in whole.parts()]

    cells = happened(new_cases, facts, groups, whole).cells
    hidden = [any(cell is None for cell in each) for each in zip(*months, strict=True)]
    assert any(hidden)
    assert all(cell is None for cell, is_hidden in zip(cells, hidden, strict=True) if is_hidden)


def test_alerts_are_counted_by_state_alone(shared_world, snapshot):
    page = write(shared_world, snapshot)

    assert section(page, "提示的办理结果").sentences == ("本期发出的提示共0条，按现状计数。",)


@pytest.mark.parametrize("text", ["2026-02", "2024-01"])
def test_period_that_the_log_does_not_cover_is_refused(text, shared_world, snapshot):
    with pytest.raises(NotReadyError, match="cover the whole period"):
        write(shared_world, snapshot, text)


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
    assert html.count('src="data:image/png;base64,') == len(page.plots) == html.count("<img ")


def test_english_report_says_the_same_figures_and_no_chinese_but_names(shared_world, snapshot, page):
    english = write(shared_world, snapshot, language="en")
    figures = [[re.findall(r"\d[\d,.]*", cell) for row in each.table.rows for cell in row[1:]] for each in page.sections if each.table]
    names = set(re.findall(r"[\u4e00-\u9fff]+", "".join(grid_names(shared_world.engine).values())))

    assert [
        [re.findall(r"\d[\d,.]*", cell) for row in each.table.rows for cell in row[1:]] for each in english.sections if each.table
    ] == figures
    assert set(re.findall(r"[\u4e00-\u9fff]+", to_text(english))) <= names
    assert english.plots.keys() == page.plots.keys()
    assert all(english.plots[name] != plot for name, plot in page.plots.items())


def test_html_escapes_names(page):
    assert "<script" not in to_html(replace(page, title="<script>alert(1)</script>")).decode()


def test_stock_has_no_interval_and_no_year_before(page):
    rows = {row[0]: row[2:] for row in section(page, "总体情况").table.rows}

    assert all(rows[name][0].startswith("上期末") and rows[name][1] == "—" for name in ("期末未办结", "其中已逾期"))


def test_sentences_come_first_and_fit_the_first_page(page):
    first, second, *_ = page_texts(to_pdf(page))

    assert [sentence for sentence in page.headline if "".join(sentence.split()) not in first] == []
    assert "上次研判事项的进展" in first
    assert "总体情况" in second


def test_no_code_of_a_closed_list_stands_in_the_words(page):
    words = "".join([*page.headline, *(cell for each in page.sections if each.table for row in each.table.rows for cell in row)])

    assert [code for code in (*CATEGORY_ZH, *EVENT_TYPE_ZH) if code in words] == []


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

    assert ([], 0, len(page.plots)) == (seen.faults, seen.cut, len(seen.images))
    assert all(width > 500 for width in seen.images)


ZH = Speaker("zh")


@pytest.fixture
def source(world):
    """Return December beside grids that are squares in a row."""
    with writing(world.engine) as connection:
        for place, grid_id in enumerate(connection.execute(select(grid.c.grid_id).order_by(grid.c.grid_id)).scalars().all()):
            box = f"POLYGON (({place} 0, {place + 1} 0, {place + 1} 1, {place} 1, {place} 0))"
            connection.execute(update(grid).where(grid.c.grid_id == grid_id).values(geometry=box))
    place = Place(world.home, world.engine, SETTINGS)
    return Source(read_log(world.home, world.engine), place, ReportOrder(month("2025-12"), "escalation"))


def test_map_is_drawn_above_the_table_of_the_areas(source):
    paper = analyse(source).papers["zh"]
    by_area = next(each for each in paper.sections if each.title == "分镇街")

    assert by_area.plot == "map"
    assert by_area.sentences[-1].endswith("图中箭头指与上年同期比明显上升或下降。")
    assert paper.plots["map"].startswith(b"\x89PNG")


def test_map_says_the_counts_of_the_table_and_hides_what_it_hides(source):
    cells = source.by_area.new.now.cells
    hidden = [None, *cells[1:]]
    source.by_area.new.now.cells[:] = hidden

    areas = list(lay_out_areas(source, [1.0] * len(cells), ZH))
    assert [area.figures for area in areas] == ["※", *(f"{cell}件" for cell in cells[1:])]
    assert [area.value for area in areas] == [None, *[1.0] * (len(cells) - 1)]


def test_map_is_left_out_where_no_grid_has_a_polygon(source):
    with writing(source.place.engine) as connection:
        connection.execute(update(grid).values(geometry=None))

    assert list(lay_out_areas(source, [1.0, 1.0], ZH)) == []
