import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from features.display import forbidden_words
from features.schema import DISPUTE_CATEGORIES, EventType
from serving.alerts import lifecycle, recommended_actions
from serving.alerts.schemas import AlertText
from serving.alerts.text import PHONE_LENGTH, Odds, Subject, changes, compose
from serving.rankings.line_words import mask, say_line
from serving.rankings.schemas import Explanation, ExplanationLine
from serving.text import DISCLAIMER, Text
from tests.support.made_alerts import make_line, make_row, make_score

FEW = re.compile(r"(?<![\d.])[12](件|次|起)")
PANELS = 2_000
START = date(2026, 1, 9)


KINDS = [*((kind.value, category) for kind in EventType for category in DISPUTE_CATEGORIES), (None, None)]


def random_line(rng: np.random.Generator, part: str) -> ExplanationLine:
    """Return a line in which anything may stand."""
    event_type, category = KINDS[int(rng.integers(len(KINDS)))] if part == "open" else (None, None)
    figures = {
        name: int(rng.integers(0, 9)) if rng.random() < 0.7 else None
        for name in ("count", "oldest_days", "days_left", "past_term", "on_paper")
    }
    fact = Text(zh="多人共同反映", en="brought by five or more people") if rng.random() < 0.3 else None
    stated = {"event_type": event_type, "category": category, "fact": fact} | (
        figures if part in {"open", "closed"} and (category or part == "closed") else {}
    )
    return make_line(part, **stated, expected=round(float(rng.exponential(0.2)), 6))


def random_explanations(count: int) -> Iterator[Explanation]:
    rng = np.random.default_rng(11)
    for _ in range(count):
        parts = ["open"] * int(rng.integers(0, 5)) + ["closed"] * int(rng.integers(0, 2)) + ["new", "rest"]
        yield Explanation(reasons=tuple(random_line(rng, part) for part in parts))


def random_texts(count: int = PANELS) -> Iterator[AlertText]:
    """Say alerts about explanations in which anything may stand, beside lists on which anything may have stood."""
    rng = np.random.default_rng(12)
    before = make_row(rank=7)
    for number, explanation in enumerate(random_explanations(count)):
        rank = int(rng.integers(1, 600))
        row = make_row(rank=rank).model_copy(
            update={"explanation": explanation, "name": "示例镇滨河社区第05网格" * int(rng.integers(1, 5))}
        )
        risk, low, high, average = rng.random(4).tolist()
        subject = about(row, odds=Odds(risk, low * risk, risk + (1 - risk) * high, average), before=before if number % 3 else None)
        yield compose(replace(subject, random=number % 7 == 0, second_look=number % 5 == 0))
        before = row.model_copy(update={"explanation": mask(explanation)})


def about(row, **given: object) -> Subject:
    stated = {
        "odds": Odds(0.12, 0.07, 0.18, 0.03),
        "rated": 605,
        "through": START - timedelta(days=1),
        "starts": START,
        "ends": START + timedelta(days=14),
        "before": None,
    }
    return Subject(row=row, score=row.score, explanation=row.explanation, **stated | given)


def sentences(text: AlertText) -> Iterator[str]:
    whole = [text.title, text.window, text.place, text.usual, text.standing, *text.background, *text.changes]
    whole += [text.frequency, *text.notes, text.confidence, *(each.legal_basis for each in text.suggestions)]
    for each in (*whole, *(said.words for said in (*text.reasons, *text.suggestions))):
        if each:
            yield from (each.zh, each.en)
    yield text.phone


def test_words_of_thousands_of_random_lines_are_lawful_filled_and_short_enough():
    texts = list(random_texts())

    assert not [said for text in texts for said in sentences(text) if forbidden_words(said) or re.search(r"[{}]|\bnan\b|None", said)]
    assert PHONE_LENGTH >= max(len(text.phone) for text in texts)
    assert {DISCLAIMER} == {text.standing for text in texts}
    assert all(text.suggestions for text in texts)


def test_words_that_are_masked_never_print_a_count_of_one_or_two():
    said = [line.words.zh for explanation in random_explanations(500) for line in mask(explanation).reasons]
    phones = [text.phone for text in random_texts(500)]

    assert any("少量（不足3" in each for each in said)
    assert not [each for each in said if FEW.search(each)]
    assert not [each for each in phones if FEW.search(each.split("。")[0])]


def test_words_that_are_not_masked_would_be_noticed():
    assert [line for explanation in random_explanations(500) for line in explanation.reasons if FEW.search(line.words.zh)]


def test_words_of_a_sensitive_kind_name_neither_kind_nor_number():
    text = say_line(make_line(event_type=None, category=None, count=None, oldest_days=None, few=True))

    assert text.zh == "涉家庭等敏感事项少量（不足3件）未办结"


def test_every_action_and_reason_code_is_lawful_and_every_line_has_an_action():
    words = [deed.words for deed in recommended_actions.DEEDS.values()] + [
        text for codes in lifecycle.REASONS.values() for text in codes.values()
    ]
    lines = [make_line(event_type=event_type, category=category) for event_type, category in KINDS]
    lines += [make_line(part) for part in ("closed", "new", "rest")] + [
        make_line("new", topic=f"undertakings_{kind}") for kind in ("project", "period")
    ]
    advised = [recommended_actions.actions_for(line) for line in lines]

    assert not [text for text in words if forbidden_words(text.zh + text.en)]
    assert all(set(codes) <= set(recommended_actions.DEEDS) and codes for codes in advised)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        (make_line(category="labor_wage"), ("labor_inspect", "legal_aid")),
        (make_line(category="property_mgmt", days_left=2), ("property_talk", "term_check")),
        (make_line(category="land_acquisition"), ("hearing", "expropriation_explain")),
        (make_line("closed", count=4), ("follow_up", "confirm_court")),
    ],
)
def test_actions_fit_kind_and_term(line, first):
    assert first == recommended_actions.actions_for(line)[:2]


def test_actions_name_the_petition_regulation_for_petitions_alone():
    lines = [make_line(event_type="dispute", category=category, days_left=1) for category in DISPUTE_CATEGORIES]
    codes = {code for line in lines for code in recommended_actions.actions_for(line)}

    assert not [code for code in codes if "信访工作条例" in recommended_actions.DEEDS[code].words.zh]


def test_text_says_what_the_list_says():
    text = compose(about(make_row(rank=4, lines=(make_line(),))))

    assert text.title.zh == "【关注提示】示例g1网格 关注等级：较高关注"
    assert text.window.zh == "数据截至1月8日24:00，适用1月9日至1月22日"
    assert text.place == Text(zh="全区第4/605（按实际发生排，多在4–4）", en="place 4 of 605 (by what happens mostly 4 to 4)")
    assert [item.code for item in text.suggestions] == ["mediation", "home_visit"]
    assert (
        text.phone
        == "【关注】示例g1网格：邻里纠纷5件未办结，最久21天。建议：各方愿意的及时调解，上门走访。每100个同类网格中约12个升级。不针对个人。"
    )


def test_text_second_look_shows_neither_level_nor_rank():
    text = compose(about(make_row(rank=4), second_look=True, before=make_row(rank=9)))

    assert text.place is None
    assert "关注等级" not in " ".join(sentences(text))
    assert not [said for said in sentences(text) if "位次由" in said or "第4/" in said]


def test_text_without_a_state_to_work_on_is_said_at_level_watch():
    subject = about(make_row(rank=4, lines=(make_line("new"),)))

    assert subject.level == "watch"
    assert "关注等级：一般关注" in compose(subject).title.zh


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (None, ["此前没有可比的清单"]),
        (make_row(rank=None), ["此前没有可比的清单"]),
        (make_row(rank=4), ["与上一份清单相比无明显变化"]),
        (make_row(rank=5), ["位次由第5变为第4", "预计升级数较上期上升约25%"]),
        (make_row(rank=4, lines=()), ["新列入依据：邻里纠纷5件未办结，最久21天"]),
        (
            make_row(rank=4).model_copy(update={"score": make_score(4, attention_level="priority")}),
            ["关注等级由重点关注变为较高关注"],
        ),
    ],
)
def test_changes_since_the_list_before(before, said):
    assert said == [text.zh for text in changes(before, make_row(rank=4))]
