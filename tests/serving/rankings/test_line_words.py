"""Sentences of explanation lines word for word, and what is taken out of them for readers above the township."""

import pytest

from serving.rankings.line_words import kind_words, mask, mask_line, outcome_words, say_line, similar_words, with_similar
from serving.rankings.schemas import Explanation, ExplanationLine, Outcomes
from serving.text import Text
from tests.support.made_alerts import make_line

FACT = Text(zh="近28天有警情", en="police calls in 28 days")


def both(line: ExplanationLine) -> tuple[str, str]:
    words = say_line(line)
    return words.zh, words.en


@pytest.mark.parametrize(
    ("values", "zh", "en"),
    [
        ({"oldest_days": None}, "邻里纠纷5件未办结", "5 open neighbor disputes"),
        ({}, "邻里纠纷5件未办结，最久21天", "5 open neighbor disputes, the oldest 21 days"),
        ({"count": 1}, "邻里纠纷1件未办结，已21天", "1 open neighbor disputes, 21 days old"),
        ({"count": None}, "邻里纠纷少量（不足3件）未办结", "few (under 3) open neighbor disputes"),
        ({"oldest_days": 0}, "邻里纠纷5件未办结，最久0天", "5 open neighbor disputes, the oldest 0 days"),
    ],
    ids=["count alone", "oldest", "one", "few", "reported today"],
)
def test_open_line_says_count_and_age(values, zh: str, en: str) -> None:
    assert (zh, en) == both(make_line(**values))


@pytest.mark.parametrize(
    ("values", "zh", "en"),
    [
        ({"days_left": 0}, "最近一件今天到期", "the next term ends today"),
        ({"days_left": 2}, "最近一件2天后到期", "the next term ends in 2 days"),
        ({"days_left": 0, "count": 1}, "今天到期", "its term ends today"),
        ({"days_left": 2, "count": 1}, "2天后到期", "its term ends in 2 days"),
        ({"past_term": 3, "days_left": 2}, "3件已超期", "3 past their term"),
        ({"past_term": 1, "count": 1}, "已超期", "past its term"),
        ({"past_term": 0, "days_left": 2}, "最近一件2天后到期", "the next term ends in 2 days"),
    ],
    ids=["today", "soon", "one today", "one soon", "late before soon", "one late", "none late"],
)
def test_open_line_says_the_term_that_matters_most(values, zh: str, en: str) -> None:
    said = both(make_line(oldest_days=None, **values))

    assert (zh, en) == (said[0].rpartition("，")[2], said[1].rpartition(", ")[2])


def test_facts_stand_in_brackets_behind_a_line() -> None:
    assert "邻里纠纷5件未办结，最久21天（近28天有警情）" == both(make_line(fact=FACT))[0]
    assert ("尚未上报的新事项（近28天有警情）", "matters that are not in the log yet (police calls in 28 days)") == both(
        make_line("new", fact=FACT)
    )
    assert ("其余各项合计", "all smaller parts together") == both(make_line("rest", fact=FACT))


@pytest.mark.parametrize(
    ("values", "zh", "en"),
    [
        ({"count": 4}, "近期办结、可能反复的4件", "4 closed lately that may come back"),
        ({"count": None}, "近期办结、可能反复的少量（不足3件）", "few (under 3) closed lately that may come back"),
        ({"count": 4, "on_paper": 0}, "近期办结、可能反复的4件", "4 closed lately that may come back"),
        (
            {"count": 4, "on_paper": 3, "fact": FACT},
            "近期办结、可能反复的4件（3件临到期办结，近28天有警情）",
            "4 closed lately that may come back (3 closed just before the term, police calls in 28 days)",
        ),
    ],
    ids=["count", "few", "none on paper", "on paper and a fact"],
)
def test_closed_line_says_count_and_what_was_closed_late(values, zh: str, en: str) -> None:
    assert (zh, en) == both(make_line("closed", **values))


@pytest.mark.parametrize(
    ("event_type", "category", "zh", "en"),
    [
        ("dispute", "neighbor", "邻里纠纷", "neighbor disputes"),
        ("dispute", "labor_wage", "劳动争议", "labor wage disputes"),
        ("police_call", "labor_wage", "劳动争议类警情", "labor wage dispute-related police calls"),
        ("petition", "land_acquisition", "征地拆迁类信访事项", "land acquisition petitions"),
        ("dispute", "well_water", "well water纠纷", "well water disputes"),
        ("dispute", None, "涉家庭等敏感事项", "family and other sensitive matters"),
        (None, "neighbor", "涉家庭等敏感事项", "family and other sensitive matters"),
    ],
)
def test_kind_words_name_type_and_category_and_no_sensitive_kind(event_type, category, zh: str, en: str) -> None:
    assert Text(zh=zh, en=en) == kind_words(make_line(event_type=event_type, category=category))


@pytest.mark.parametrize("count", [1, 2])
def test_mask_line_of_few_cases_keeps_neither_number_nor_age_nor_term_nor_fact(count: int) -> None:
    line = make_line(count=count, oldest_days=21, days_left=2, past_term=1, fact=FACT)
    masked = mask_line(line)

    assert (None,) * 5 == (masked.count, masked.oldest_days, masked.days_left, masked.past_term, masked.fact)
    assert masked.few
    assert ("邻里纠纷少量（不足3件）未办结", "few (under 3) open neighbor disputes") == (masked.words.zh, masked.words.en)
    assert line.expected == masked.expected


@pytest.mark.parametrize(("late", "shown"), [(0, 0), (1, None), (2, None), (3, 3)])
def test_mask_line_of_three_cases_hides_only_how_few_of_them_are_late(late: int, shown: int | None) -> None:
    masked = mask_line(make_line(count=3, past_term=late))

    assert (3, 21, shown, False) == (masked.count, masked.oldest_days, masked.past_term, masked.few)
    assert ("已超期" in masked.words.zh) is (shown == 3)


@pytest.mark.parametrize(("on_paper", "shown"), [(0, 0), (1, None), (2, None), (3, 3)])
def test_mask_line_of_closed_cases_hides_how_few_were_closed_just_in_time(on_paper: int, shown: int | None) -> None:
    masked = mask_line(make_line("closed", count=4, on_paper=on_paper))

    assert (4, shown) == (masked.count, masked.on_paper)
    assert ("临到期办结" in masked.words.zh) is (shown == 3)


def test_mask_line_that_counts_nothing_keeps_its_fact() -> None:
    line = make_line("new", fact=FACT)

    assert line == mask_line(line)


def test_mask_goes_over_every_line_and_leaves_the_rest_of_the_explanation() -> None:
    explanation = Explanation(reasons=(make_line(count=2), make_line(count=5)), calm=(FACT,))
    masked = mask(explanation)

    assert [True, False] == [line.few for line in masked.reasons]
    assert explanation.calm == masked.calm


@pytest.mark.parametrize(
    ("similar", "zh", "en"),
    [
        (0, "以往同样情况不到一成升级", "of 10 such cases fewer than 1 escalated"),
        (1, "以往同样情况约一成升级", "of 10 such cases about 1 escalated"),
        (9, "以往同样情况约九成升级", "of 10 such cases about 9 escalated"),
        (10, "以往同样情况几乎都升级", "of 10 such cases about 10 escalated"),
    ],
)
def test_similar_words_say_tenths_in_both_languages(similar: int, zh: str, en: str) -> None:
    assert Text(zh=zh, en=en) == similar_words(similar)


def test_with_similar_adds_nothing_where_it_cannot_be_told_and_says_none_where_there_was_none() -> None:
    untold, none = make_line(), make_line(similar=0)

    assert untold.words == with_similar(untold)
    assert "邻里纠纷5件未办结，最久21天；以往同样情况不到一成升级" == with_similar(none).zh
    assert "5 open neighbor disputes, the oldest 21 days; of 10 such cases fewer than 1 escalated" == with_similar(none).en


@pytest.mark.parametrize(
    ("shares", "zh"),
    [
        ((0.3, 0.2, 0.5), "预计的升级中，到期未办结约占三成，提级或出现伤害约占二成，办结后反复约占五成"),
        ((0.6, 0.0, 0.4), "预计的升级中，到期未办结约占六成，办结后反复约占四成"),
        ((0.9, 0.04, 0.06), "预计的升级中，到期未办结约占九成，办结后反复约占一成"),
        ((0.96, 0.04, 0.0), None),
        ((0.0, 2.0, 0.0), None),
        ((0.0, 0.0, 0.0), None),
    ],
    ids=["three", "one is none", "one below half a tenth", "one left", "one alone", "nothing expected"],
)
def test_outcome_words_say_shares_of_two_outcomes_or_more(shares, zh: str | None) -> None:
    said = outcome_words(Outcomes(term_passed=shares[0], handed_up=shares[1], came_back=shares[2]))

    assert zh == (said and said.zh)


def test_outcome_words_in_english_count_of_ten() -> None:
    said = outcome_words(Outcomes(term_passed=0.12, handed_up=0.0, came_back=0.28))

    assert said
    assert "of 10 expected escalations: about 3 still open at the end of their term, about 7 coming back after closing" == said.en
