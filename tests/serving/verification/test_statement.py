"""An account of hand-made lists and escalations, and the script that recomputes it without anything of ours."""

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from features.display import forbidden_words
from features.errors import NotReadyError
from features.settings import LogSettings
from features.storage.home import Home
from serving.documents.files import to_pdf
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from serving.settings import Settings
from serving.situation_report.period import month
from serving.verification.cells import Group, count_cells, standing_lists, total
from serving.verification.statement import account_paper, exact_test, keep_account, kept_accounts, must_be_ripe, read_account
from tests.support.event_logs import Case, make_facts
from tests.support.made_alerts import make_row
from tests.support.pdf_pages import page_texts

SCRIPT = Path(__file__).parents[3] / "docs" / "recompute_account.py"
MAY = month("2025-05")
FIRST_OF_MAY = 120
"""Days since the first of January."""
GRIDS = dict.fromkeys(("g1", "g2", "g3", "g4", "g5"), "d/t1/c1")
SETTINGS = Settings()


def escalated(grid: str, *days: int) -> list[Case]:
    """Return cases that were reported long ago and escalated on days of May, counted from 0."""
    return [Case(grid, 1, moves=(("escalated", FIRST_OF_MAY + day + 0.5),)) for day in days]


def reported(grid: str, count: int) -> list[Case]:
    """Return cases of the 90 days before the month and in none of it."""
    return [Case(grid, FIRST_OF_MAY - 1) for _ in range(count)]


FACTS_OF = [
    *escalated("g1", 0, 1, 9),
    *escalated("g2", 2, 30),
    *escalated("g3", 3),
    *escalated("g4", 4),
    *escalated("g5", 5),
    *reported("g2", 9),
    *reported("g3", 5),
]


@pytest.fixture
def facts():
    return make_facts(FACTS_OF, grids=GRIDS, settings=LogSettings(zone="Asia/Shanghai"))


def publish_list(engine, day: date, named: tuple[str, ...], late: bool = False) -> None:
    """Publish a list that names two grids and does not rate g5; in the morning, or on the day after."""
    rows = []
    for rank, grid in enumerate([*named, *(grid for grid in GRIDS if grid not in (*named, "g5"))], start=1):
        row = make_row(grid, rank)
        level = "priority" if grid in named else "routine"
        rows.append(row.model_copy(update={"score": row.score.model_copy(update={"attention_level": level})}))
    rows.append(make_row("g5", None))
    known = datetime.combine(day, datetime.min.time(), SETTINGS.tz)
    origin = Origin(day, "escalation", 14, "m" * 64, "1", 1, known, "0.1.0", 0)
    publish(engine, origin, to_body({"grid": {row.grid_id: row for row in rows}}), known + timedelta(hours=30 if late else 6))


@pytest.fixture
def counted(engine, facts):
    """Lists of all days of May but the last name g1 and g2; the rule names g2 and g3."""
    for day in range(30):
        publish_list(engine, date(2025, 5, 1) + timedelta(days=day), ("g1", "g2"))
    publish_list(engine, date(2025, 5, 31), ("g1", "g2"), late=True)
    return count_cells(facts, engine, SETTINGS.tz, MAY, "escalation")


def test_count_cells_puts_each_escalation_where_its_grid_stood_that_day(counted):
    sums = {group: total(counted.cells, group) for group in Group}

    assert sums == {
        Group.BOTH: (30, 1.0),
        Group.LIST_ONLY: (30, 3.0),
        Group.RULE_ONLY: (30, 1.0),
        Group.NEITHER: (30, 1.0),
        Group.UNRATED: (30, 1.0),
        Group.NO_LIST: (5, 1.0),
    }


def test_cells_cover_at_least_seven_days_each(counted):
    stretches = sorted({(cell.first, cell.last) for cell in counted.cells})

    assert [(last - first).days + 1 for first, last in stretches] == [7, 7, 7, 10]


def test_list_that_came_after_its_day_is_none(counted, engine):
    assert [entry.origin.as_of.day for entry in standing_lists(engine, SETTINGS.tz, MAY, "escalation")] == list(range(1, 31))


def test_account_says_the_figures_and_the_rule_beside_them(counted, engine, tmp_path):
    home = Home(tmp_path)
    name = keep_account(home, engine, (MAY, "escalation"), counted, datetime(2025, 6, 9, tzinfo=UTC))

    account = read_account(home, name)
    paper = account_paper(account)
    assert kept_accounts(home) == ["2025-05-escalation"]
    assert account.cells == counted.cells
    assert paper.headline == (
        "清单每天平均点名2个网格，占有评定网格的50%。",
        "发生升级8件：当天已在清单上的4件（50%），漏掉2件。",
        "另有1件所在网格缺数据、没有评定，1件当天没有清单。",
        "点名近90天上报最多的同样多网格（简单办法），能碰上2件：清单多2件，差别不明显。随意点名约能碰上3件。",
    )
    (page,) = page_texts(to_pdf(paper))
    assert account.sha256 in page
    assert forbidden_words("".join(paper.headline)) == []


def test_account_in_english_says_the_same_figures_without_a_chinese_letter(counted, engine, tmp_path):
    home = Home(tmp_path)
    name = keep_account(home, engine, (MAY, "escalation"), counted, datetime(2025, 6, 9, tzinfo=UTC))

    paper = account_paper(read_account(home, name), "en")
    assert "\n".join(paper.headline) == (
        "A list named 2 grids a day on average, 50% of the rated ones.\n"
        "Escalations that came: 8. On the list of that day: 4 (50%); missed: 2.\n"
        "Besides: 1 in grids not rated for lack of data, 1 on days without a list.\n"
        "Naming as many grids by most reports within 90 days (the simple rule) would have caught 2: the list caught 2 more, "
        "no clear difference. Naming at random catches about 3."
    )
    (page,) = page_texts(to_pdf(paper))
    assert re.findall("[\u4e00-\u9fff]", page) == []


def run_script(archive: Path) -> tuple[int, str]:
    ran = subprocess.run([sys.executable, "-I", str(SCRIPT), str(archive)], capture_output=True, text=True, cwd="/", check=False)
    return ran.returncode, ran.stdout


def rewrite(archive: Path, **changed: bytes) -> None:
    """Write an archive anew with other contents of some files."""
    with ZipFile(archive) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    with ZipFile(archive, "w") as new:
        for name, content in contents.items():
            new.writestr(name, changed.get(name.partition(".")[0], content))


@pytest.fixture
def archive(counted, engine, tmp_path) -> Path:
    home = Home(tmp_path)
    name = keep_account(home, engine, (MAY, "escalation"), counted, datetime(2025, 6, 9, tzinfo=UTC))
    return home.reports / f"{name}.account.zip"


def test_script_imports_nothing_of_ours_and_has_fifty_lines():
    text = SCRIPT.read_text(encoding="utf-8")

    assert [room for room in ("features", "training", "serving", "yujing") if f"import {room}" in text or f"from {room}" in text] == []
    assert len(text.splitlines()) <= 50


def test_script_recomputes_every_figure_and_checks_the_signature(archive):
    code, said = run_script(archive)

    assert (code, said.startswith("2025-05: every figure holds, signed by ")) == (0, True)


@pytest.mark.parametrize("name", ["came", "caught", "missed", "caught_by_rule", "named_share", "caught_by_chance", "p_value"])
def test_script_finds_a_figure_that_was_made_better(name, archive):
    with ZipFile(archive) as file:
        statement = json.loads(file.read("statement.json"))
    statement["figures"][name] += 1
    rewrite(archive, statement=json.dumps(statement).encode())

    code, said = run_script(archive)
    assert code == 1
    assert f"{name}: said" in said
    assert "the statement is not what was signed" in said


def test_script_finds_cells_that_were_changed(archive):
    with ZipFile(archive) as file:
        cells = file.read("cells.csv")
    rewrite(archive, cells=cells.replace(b"list_only,7,2.0", b"list_only,7,3.0"))

    code, said = run_script(archive)
    assert code == 1
    assert "the cells are not those that were signed" in said


def test_month_whose_late_reports_may_still_come_is_refused(facts):
    must_be_ripe(facts, MAY, 7)

    with pytest.raises(NotReadyError, match="late reports"):
        must_be_ripe(make_facts(FACTS_OF, grids=GRIDS, known_through=FIRST_OF_MAY + 33), MAY, 7)


@pytest.mark.parametrize(("pair", "p_value"), [((5, 0), 0.0625), ((0, 6), 0.03125), ((10, 2), 0.0386)])
def test_exact_test_is_the_two_sided_binomial_one(pair, p_value):
    assert exact_test(*pair) == pytest.approx(p_value, abs=1e-4)
