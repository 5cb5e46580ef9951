import json

import pytest

from features.display import forbidden_words
from serving.text import ATTENTION, CONFIDENCE, NOTICES, WITHHELD, fill, frequency


@pytest.mark.parametrize("text", [*NOTICES, *ATTENTION.values(), *WITHHELD.values(), *CONFIDENCE.values()])
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
