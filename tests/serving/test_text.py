import json
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from features.display import forbidden_words
from serving.text import (
    ATTENTION,
    CONFIDENCE,
    LEAST_RISK,
    MOST_RISK,
    NOTICES,
    WIDTH,
    WITHHELD,
    IsoDay,
    fill,
    frequency,
    per_hundred,
    per_hundred_range,
)


@pytest.mark.parametrize("text", [*NOTICES, *ATTENTION.values(), *WITHHELD.values(), *CONFIDENCE.values(), *WIDTH.values()])
def test_fixed_sentences_hold_no_forbidden_word(text):
    assert forbidden_words(text.zh + text.en) == []


@pytest.mark.parametrize("text", ["建议稳控重点人员", "升级将会发生", "积压导致升级", "Because of the backlog"])
def test_forbidden_words_planted_are_found(text):
    assert forbidden_words(text)


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (0, "近28天新增矛盾纠纷无", "no new disputes"),
        (0.3, "近28天新增矛盾纠纷少量（不足3件）", "few (under 3) new disputes"),
        (1, "近28天新增矛盾纠纷少量（不足3件）", "few (under 3) new disputes"),
        (2.4, "近28天新增矛盾纠纷少量（不足3件）", "few (under 3) new disputes"),
        (3, "近28天新增矛盾纠纷3件", "3 new disputes"),
        (17, "近28天新增矛盾纠纷17件", "17 new disputes"),
    ],
)
def test_fill_counts_mask_one_and_two(value, zh, en):
    assert (zh, en) == (fill("近28天新增矛盾纠纷{n}件", value, "cases"), fill("{n} new disputes", value, "cases"))


def test_fill_share_is_a_percentage():
    assert fill("其中{n}最终超期", 0.456, "share") == "其中46%最终超期"


@pytest.mark.parametrize(("risk", "times"), [(0.0004, "不到1个"), (0.18, "约18个"), (0.9999, "98个以上")])
def test_frequency_is_never_certain(risk, times):
    assert f"中{times}随后" in frequency(risk, 0.03).zh


def test_published_rows_hold_no_forbidden_word_and_no_open_placeholder(shared_world):
    from serving.rankings.ledger import newest, read_body

    bodies = [row.body for rows in read_body(shared_world.engine, newest(shared_world.engine)).values() for row in rows]

    assert len(bodies) == 51
    assert [word for body in bodies for word in forbidden_words(body)] == []
    assert not [body for body in bodies if "{n}" in json.dumps(json.loads(body), ensure_ascii=False)]


@pytest.mark.parametrize(
    ("risk", "zh", "en"),
    [
        (0.0, "不到1个", "fewer than 1"),
        (LEAST_RISK, "不到1个", "fewer than 1"),
        (LEAST_RISK + 1e-9, "约1个", "about 1"),
        (MOST_RISK, "约98个", "about 98"),
        (MOST_RISK + 1e-9, "98个以上", "more than 98"),
        (1.0, "98个以上", "more than 98"),
    ],
)
def test_per_hundred_says_neither_none_nor_all(risk, zh, en):
    assert (zh, en) == (per_hundred(risk).zh, per_hundred(risk).en)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.floats(0, 1), st.floats(0, 1))
def test_per_hundred_range_ends_are_whole_numbers_in_order(one, other):
    words = per_hundred_range(*sorted((one, other)))

    if words.zh == "范围很窄":
        assert round(100 * one) == round(100 * other)
    else:
        first, last = words.zh.removeprefix("范围").removesuffix("个").split("–")
        assert 0 <= int(first) < int(last) <= 100
        assert f"range {first} to {last}" == words.en


@pytest.mark.parametrize(
    ("value", "written"), [(0.04, "0.0"), (1.0, "1"), (1.26, "1.3"), (9.96, "10.0"), (10.4, "10"), (-12.5, "-12"), (1234.5, "1234")]
)
def test_fill_number_that_counts_nothing_has_one_decimal_below_ten(value, written):
    assert f"约{written}倍" == fill("约{n}倍", value, "ratio")


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.floats(0, 2.49), st.sampled_from(["cases", "cases per grid", "escalations"]))
def test_fill_never_writes_a_count_of_one_or_two(value, unit):
    written = fill("新增{n}件", value, unit) + fill("{n} new", value, unit)

    assert not {"1", "2"} & set(written.replace("28", ""))
    assert ("无" in written) == (value == 0)


@pytest.mark.parametrize("value", [date(2028, 2, 29), "2028-02-29"])
def test_iso_day_is_read(value):
    assert date(2028, 2, 29) == TypeAdapter(IsoDay).validate_python(value)


@pytest.mark.parametrize(
    "value", ["2026-02-29", "20260131", "2026-1-31", "1767225600", 1767225600, "２０２６-01-31", "2026-01-31 ", None, "2026-01-31T00:00"]
)
def test_iso_day_that_is_written_otherwise_is_refused(value):
    with pytest.raises(ValidationError):
        TypeAdapter(IsoDay).validate_python(value)


def test_iso_day_of_a_moment_within_a_day_is_refused():
    with pytest.raises(ValidationError, match="date"):
        TypeAdapter(IsoDay).validate_python(datetime.fromisoformat("2026-01-31T08:00"))
