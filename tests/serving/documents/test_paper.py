"""A paper as plain text and as HTML that loads nothing."""

import re
from dataclasses import replace

import pytest

from serving.documents.paper import Paper, Point, Section, Speaker, Table, picture_urls, spoken, to_html, to_text
from serving.text import Text

SECTION = Section(
    "先看哪里",
    sentences=("两个网格。",),
    table=Table(("网格", "事项"), [("甲<b>", "5")]),
    points=(Point("甲网格", "5件未办结。", "新"), Point("乙网格")),
)
PAPER = Paper("每日研判", "全区", (SECTION,), ("用于服务排期。",), headline=("今天先看2个网格。",))


def test_to_text_says_headline_sentences_points_and_notices_in_order():
    expected = [
        *("每日研判", "全区", "", "今天先看2个网格。", "", "【先看哪里】", "两个网格。"),
        *("1. 甲网格【新】", "   5件未办结。", "2. 乙网格", "", "用于服务排期。"),
    ]

    assert expected == to_text(PAPER).splitlines()


def test_to_text_in_english_has_latin_marks():
    english = replace(PAPER, language="en", sections=(Section("Where to look", points=(Point("Grid A", mark="new"),)),))

    assert ["WHERE TO LOOK", "1. Grid A [new]"] == to_text(english).splitlines()[5:7]


def test_to_html_escapes_texts_and_loads_nothing():
    page = to_html(replace(PAPER, sections=(replace(SECTION, plot="map"),), plots={"map": b"PNG"})).decode()

    assert "甲&lt;b&gt;" in page
    assert "甲<b>" not in page
    assert {"data:image/png;base64,UE5H"} == set(re.findall(r'\b(?:src|href)="([^"]+)"', page))


def test_picture_urls_hold_the_pictures_themselves():
    assert {"map": "data:image/png;base64,UE5H"} == picture_urls(replace(PAPER, plots={"map": b"PNG"}))


@pytest.mark.parametrize(
    ("zh", "expected"),
    [("甲, 乙", "甲， 乙"), ("5:3", "5:3"), ("甲(3)乙", "甲（3）乙"), ("a, b", "a, b"), ("截至24:00;无", "截至24:00；无")],
)
def test_spoken_chinese_has_wide_marks_beside_its_letters_alone(zh, expected):
    assert expected == spoken(Text(zh=zh, en="x, y"), "zh")
    assert "x, y" == spoken(Text(zh=zh, en="x, y"), "en")


def test_speaker_keeps_to_its_language():
    assert ("无", "none") == (Speaker("zh")("无", "none"), Speaker("en").of(Text(zh="无", en="none")))
