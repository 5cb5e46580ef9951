import polars as pl
import pytest

from features.intake.column_meanings import known_code, likely_event_type, meaning_by_content, meaning_by_name


def meaning(*texts):
    return meaning_by_content(pl.Series(texts, dtype=pl.String))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("grid_id", "grid_id"), ("上报时间", "reported_at"), ("  网格编码（必填）", "grid_id"), ("联系人姓名", None), ("", None)],
)
def test_meaning_by_name_of_columns_of_ledgers(name, expected):
    assert expected == meaning_by_name(name)


def test_meaning_by_content_of_a_list_of_categories():
    assert "category" == meaning("邻里纠纷", "婚姻家庭", "邻里", None, "合同")


def test_meaning_by_content_needs_most_cells_of_a_list():
    assert "category" == meaning("邻里", "合同", "医疗", "消费", "其余")
    assert meaning("邻里", "合同", "医疗", "另外", "不详") is None


def test_meaning_by_content_is_not_guessed_from_yes_and_no_or_from_nothing():
    assert meaning("是", "否", "是") is None
    assert meaning(None, None) is None


def test_meaning_by_content_of_many_different_texts_is_none():
    assert meaning(*["邻里"] * 500, *(f"地址{number}" for number in range(60))) is None


def test_known_code_reads_endings_of_kinds_away():
    assert ("neighbor", "neighbor", None) == tuple(known_code("category", text) for text in ("邻里", "邻里类纠纷", "纠纷"))


def test_likely_event_type_by_names_of_file_and_columns():
    assert "petition" == likely_event_type(["2026年信访台账.xlsx", "登记时间"])
    assert likely_event_type(["ledger.csv", "opened"]) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("应办结时间", "deadline_at"),
        ("办结时间", "resolved_at"),
        ("重办时间", "reopened_at"),
        ("撤诉日期", "withdrawn_at"),
        ("上交时间", "escalated_at"),
        ("签收时间", "accepted_at"),
        ("来电时间", "occurred_at"),
        ("主动发现", "self_found"),
        ("涉及人数", "people"),
        ("诉求来源", "source"),
        ("工单编号", "event_id"),
        ("SERVICE_REQUEST_ID", "event_id"),
        ("Target Date", "deadline_at"),
        ("网格名称", None),
        ("网格长", None),
        ("grid_name", None),
    ],
)
def test_meaning_by_name_tells_times_and_numbers_of_a_ledger_apart(name, expected):
    assert expected == meaning_by_name(name)


def test_meaning_by_name_reads_no_words_of_how_to_fill_a_column_in():
    assert ("category", "category", None) == tuple(map(meaning_by_name, ("类别(网格员填写)", "类别【见编码表", "(类别)")))


def test_known_code_of_no_text_is_none():
    assert [None, None] == [known_code("category", text) for text in ("", " ")]


def test_meaning_by_content_prefers_the_kind_of_record_to_its_category():
    assert "event_type" == meaning("dispute", "hazard", "petition")
    assert "source" == meaning("hotline", "hotline", "网格员")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["12345热线.xlsx"], "service_request"),
        (["警情.csv"], "police_call"),
        (["隐患排查.csv"], "hazard"),
        (["信访工单.csv"], "petition"),
        (["调解台账.csv"], "dispute"),
    ],
)
def test_likely_event_type_of_a_file_is_told_by_its_first_word_in_order(names, expected):
    assert expected == likely_event_type(names)
