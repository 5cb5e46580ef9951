"""Words of alerts as they were stored, by this program and by those before it."""

import json

from serving.alerts.schemas import read_text
from serving.text import Text

OLD = {
    "title": {"zh": "【关注提示】示例网格", "en": "Notice"},
    "window": {"zh": "数据截至1月8日24:00", "en": "Data through"},
    "place": None,
    "usual": {"zh": "14天内预计升级约0.20件", "en": "about 0.20"},
    "reasons": [],
    "background": [],
    "changes": [],
    "suggestions": [
        {
            "code": "mediation",
            "words": {"zh": "由人民调解员及时调解(《人民调解法》第17条)。", "en": "Let a mediator help (People's Mediation Law art. 17)."},
        },
        {"code": "data_check", "words": {"zh": "核实数据。", "en": "Check the data."}},
    ],
    "certainty": [{"zh": "随机", "en": "drawn"}, {"zh": "每100次约12次", "en": "12 of 100"}, {"zh": "连续", "en": "steady"}],
    "standing": {"zh": "不针对个人", "en": "about no person"},
    "phone": "【关注】示例网格",
}


def test_read_text_of_an_older_program_takes_law_and_certainty_apart() -> None:
    text = read_text(json.dumps(OLD))

    assert [(each.words.zh, each.legal_basis.zh if each.legal_basis else None) for each in text.suggestions] == [
        ("由人民调解员及时调解", "《人民调解法》第17条"),
        ("核实数据。", None),
    ]
    assert (text.frequency.zh, text.confidence.zh, text.notes) == ("每100次约12次", "连续", (Text(zh="随机", en="drawn"),))


def test_read_text_of_this_program_is_what_was_stored() -> None:
    text = read_text(json.dumps(OLD))

    assert read_text(text.model_dump_json()) == text
