"""Screening of columns: as good as the exact search, and fast because clean cells never reach it."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.intake.personal_data import screening
from features.intake.personal_data.screening import find_identifier, identifier_share, screen, suspect_column_names

AS_OF = date(2026, 11, 22)
REAL_DATA = Path(__file__).parents[4].parent / "shared" / "data"

WORDS = ("11010519491231002X", "13800138000", "0571", "8888", "400", "6222", "浙A", "粤", "121.4737", "栋", "单元", "室", "户", "@163.com")
WORDS += ("身份证", "护照", "QQ", "微信", "wxid_", "IMEI", "MAC", "王小明", "居民", "反映", "与", "发生", "老人", ",", ":", "/", "(", ")")
PIECES = st.one_of(
    st.text("0123456789", min_size=1, max_size=20),
    st.text("0123456789０１九五壹零〇 -._·~Xxх\u200b", min_size=1, max_size=12),
    st.sampled_from(WORDS),
    st.characters(codec="utf-8"),
)


def _exact(texts):
    return [code and str(code) for code in (find_identifier(text, AS_OF) for text in texts)]


def test_screen_mixed_column_gives_one_code_or_null_per_cell():
    column = pl.Series("note", ["Street Lights", None, "call 13800138000", "call 13800138000", "11010519491231002X", ""])

    codes = screen(column, AS_OF)

    assert codes.to_list() == [None, None, "PERSON_PHONE", "PERSON_PHONE", "PERSON_ID_NUMBER", None]
    assert codes.dtype == pl.String


@pytest.mark.parametrize("column", [pl.Series([], dtype=pl.String), pl.Series([None, None], dtype=pl.String), pl.Series([None, None])])
def test_screen_nothing_to_read_gives_nulls(column):
    assert [None] * len(column) == screen(column, AS_OF).to_list()


def test_screen_phone_stored_as_integer_is_found():
    assert screen(pl.Series([13800138000, 7]), AS_OF).to_list() == ["PERSON_PHONE", None]


def test_screen_planted_identifiers_equal_the_exact_search(plant):
    texts = [one.text for one in plant(seed=7, repeats=3)]

    assert len(texts) >= 1_000
    assert _exact(texts) == screen(pl.Series(texts), AS_OF).to_list()


def test_screen_first_look_for_plain_digits_only_is_caught(plant, monkeypatch):
    """The broken variant forgets the disguises that the exact search sees through."""
    texts = [one.text for one in plant(seed=7, repeats=1)]
    monkeypatch.setattr(screening, "_TRIGGER", "[0-9]{10}")

    assert _exact(texts) != screen(pl.Series(texts), AS_OF).to_list()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=20))
def test_screen_any_text_equals_the_exact_search(texts):
    assert _exact(texts) == screen(pl.Series(texts, dtype=pl.String), AS_OF).to_list()


@pytest.mark.parametrize(
    "cells",
    [
        [f"2015-{month:02d}-{day:02d} {day:02d}:30:00" for month in range(1, 13) for day in range(1, 24)],
        [f"{month:02d}/{day:02d}/2015 {month:02d}:30:00 AM" for month in range(1, 13) for day in range(1, 24)],
        [f"3304020010{number:05d}" for number in range(500)],
        [f"{number * 1.37:.2f}" for number in range(500)],
        ["Fenway / Kenmore / Audubon Circle / Longwood", "Street Light Outages", "婚姻家庭", "邻里纠纷"],
    ],
    ids=["iso_times", "us_times", "grid_codes", "amounts", "categories"],
)
def test_screen_clean_column_never_reaches_the_exact_search(cells):
    assert len(screening._cells_matching(pl.Series(cells), screening._TRIGGER)) == 0


@pytest.mark.parametrize("name", ["boston_311_2015.csv.gz", "nyc_council_complaints.csv.gz"])
def test_screen_real_file_flags_no_cell(name):
    if not (REAL_DATA / name).exists():
        pytest.skip(f"{name} is not beside the project")
    table = pl.read_csv(REAL_DATA / name, infer_schema=False)

    flagged = {column.name: len(column) - screen(column, AS_OF).null_count() for column in table}

    assert dict.fromkeys(table.columns, 0) == flagged
    assert suspect_column_names(table.columns) == []


def test_identifier_share_id_numbers_as_keys_pass_in_any_disguise(plant):
    numbers = [one.text for one in plant(seed=3, repeats=1, kinds=("id_card",))]

    assert identifier_share(pl.Series([*numbers, None])) == 1.0


def test_identifier_share_case_numbers_of_area_date_and_sequence_stay_below_the_limit():
    numbers = [f"3304022024{month:02d}15{sequence:04d}" for month in range(1, 13) for sequence in range(100)]

    assert 0.05 < identifier_share(pl.Series(numbers)) < 0.15


@pytest.mark.parametrize("values", [pl.Series([], dtype=pl.String), pl.Series(["NYCC18501367", "101001240734", None])])
def test_identifier_share_other_keys_is_zero(values):
    assert identifier_share(values) == 0.0


def test_suspect_column_names_columns_about_persons_are_named():
    names = [
        "姓名",
        "当事人姓名",
        "联系电话",
        "身份证号码",
        "手机号",
        "户主",
        "家庭住址",
        "车牌号",
        "name_of_caller",
        "id_card",
        "IDCard",
        "phone",
        "PhoneNumber",
        "contact_name",
        "e-mail",
        "wechat_id",
        "birthDate",
        "licensePlate",
        "ssn",
    ]

    assert names == suspect_column_names(names)


def test_suspect_column_names_columns_of_the_project_and_of_open_data_pass():
    names = [
        "event_id",
        "grid_id",
        "event_type",
        "category",
        "occurred_at",
        "reported_at",
        "level",
        "people",
        "self_found",
        "name",
        "parent_path",
        "lon",
        "lat",
        "households",
        "area_type",
        "geometry",
        "网格编码",
        "网格名称",
        "当事人数",
        "涉及人数",
        "事件类型",
        "上报时间",
        "处置部门",
        "信访人次",
        "CASE_ENQUIRY_ID",
        "OPEN_DT",
        "SUBJECT",
        "neighborhood",
        "unique_key",
        "account",
        "complaint_type",
        "council_dist",
        "agency_name",
        "street_name",
        "valid_num",
        "template_no",
        "automobile_type",
        "事发地址",
    ]

    assert suspect_column_names(names) == []
