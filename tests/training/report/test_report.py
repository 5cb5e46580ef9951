import json
import re

import pytest

from tests.support.opened import open_page
from training.report.report import render

REMOTE = re.compile(r"(?:src|href)=\"(?!data:)|url\(|@import")


@pytest.fixture(scope="module")
def page(reported):
    return reported.files["report.html"].decode()


def test_page_has_no_script_and_asks_nobody(page):
    assert "<script" not in page
    assert REMOTE.findall(page) == []


def test_page_shows_every_plot_once(page, reported):
    plots = [name for name in reported.files if name.endswith(".png")]

    assert page.count('src="data:image/png;base64,') == len(plots) == 12


def test_page_escapes_names_of_the_data(reported):
    report = json.loads(reported.files["report.json"])
    report["target"] = "<script>alert(1)</script>"
    report["areas"]["township"] = {"<b>x</b>": report["areas"]["township"]["a"]}
    plots = {name: content for name, content in reported.files.items() if name.endswith(".png")}

    page = render(report, plots).decode()

    assert "<script" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_page_names_columns_that_know_the_future(reported):
    report = json.loads(reported.files["report.json"])
    report["look_ahead"]["changed"] = ["escalations_to_come"]
    plots = {name: content for name, content in reported.files.items() if name.endswith(".png")}

    assert "本报告不可采信：</b>escalations_to_come" in render(report, plots).decode()


@pytest.mark.full
def test_page_renders_in_a_browser_without_errors(tmp_path, reported):
    (tmp_path / "report.html").write_bytes(reported.files["report.html"])

    seen = open_page(tmp_path / "report.html")

    assert (seen.faults, seen.cut, seen.width) == ([], 0, 1440)
    assert all(width > 500 for width in seen.images)
