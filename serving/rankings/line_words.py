"""Sentences of explanation lines, and what of a line may be shown to whom."""

from features.display import CATEGORY_ZH, EVENT_TYPE_EN, EVENT_TYPE_ZH, plain
from features.schema import EventType
from serving.rankings.schemas import Explanation, ExplanationLine, Outcomes
from serving.text import SMALLEST_SHOWN_COUNT, Text

FEW = Text(zh="少量（不足3件）", en="few (under 3)")
UNNAMED = Text(zh="涉家庭等敏感事项", en="family and other sensitive matters")
"""Kinds of which one case can point at one home."""
REST = Text(zh="其余各项合计", en="all smaller parts together")
TENTHS = "一二三四五六七八九十"
NEW = Text(zh="尚未上报的新事项", en="matters that are not in the log yet")


def say_line(line: ExplanationLine) -> Text:
    """Return the sentence of a line, made from its fields."""
    if line.part == "rest":
        return REST
    if line.part == "new":
        return _with_facts(NEW, [line.fact])
    say = _open if line.part == "open" else _closed
    return say(line)


def similar_words(similar: int) -> Text:
    """Say how many of ten like cases escalated; in Chinese by tenths, which no one takes for a count of this place.

    >>> [similar_words(of_ten).zh for of_ten in (0, 4, 10)]
    ['以往同样情况不到一成升级', '以往同样情况约四成升级', '以往同样情况几乎都升级']
    """
    if similar == 0:
        return Text(zh="以往同样情况不到一成升级", en="of 10 such cases fewer than 1 escalated")
    share = "几乎都" if similar == len(TENTHS) else f"约{TENTHS[similar - 1]}成"
    return Text(zh=f"以往同样情况{share}升级", en=f"of 10 such cases about {similar} escalated")


def with_similar(line: ExplanationLine) -> Text:
    """Say a line and, where it can be told, how many of ten like cases escalated."""
    if line.similar is None:
        return line.words
    similar = similar_words(line.similar)
    return Text(zh=f"{line.words.zh}；{similar.zh}", en=f"{line.words.en}; {similar.en}")


def outcome_words(outcomes: Outcomes) -> Text | None:
    """Say the shares of the outcomes in the expected count, by tenths, those below half a tenth left out; None where that leaves one.

    >>> outcome_words(Outcomes(term_passed=0.3, handed_up=0.25, came_back=0)).zh
    '预计的升级中，到期未办结约占五成，提级或出现伤害约占五成'
    """
    parts = [
        (outcomes.term_passed, "到期未办结", "still open at the end of their term"),
        (outcomes.handed_up, "提级或出现伤害", "handed up or ending in harm"),
        (outcomes.came_back, "办结后反复", "coming back after closing"),
    ]
    total = sum(value for value, _, _ in parts) or 1
    shown = [(tenths, zh, en) for value, zh, en in parts if (tenths := round(len(TENTHS) * value / total))]
    if len(shown) < 2:
        return None
    zh = "，".join(f"{zh}约占{TENTHS[tenths - 1]}成" for tenths, zh, _ in shown)
    en = ", ".join(f"about {tenths} {en}" for tenths, _, en in shown)
    return Text(zh=f"预计的升级中，{zh}", en=f"of 10 expected escalations: {en}")


def mask(explanation: Explanation) -> Explanation:
    """Return an explanation for readers above the township, exports and print."""
    return explanation.model_copy(update={"reasons": tuple(mask_line(line) for line in explanation.reasons)})


def mask_line(line: ExplanationLine) -> ExplanationLine:
    """Return a line that gives no figure of one or two cases away."""
    if line.count is None or line.count >= SMALLEST_SHOWN_COUNT:
        hidden = {name: None for name in ("past_term", "on_paper") if 0 < (getattr(line, name) or 0) < SMALLEST_SHOWN_COUNT}
    else:
        hidden = dict.fromkeys(("count", "oldest_days", "days_left", "past_term", "on_paper", "fact")) | {"few": True}
    masked = line.model_copy(update=hidden)
    return masked.model_copy(update={"words": say_line(masked)})


def kind_words(line: ExplanationLine) -> Text:
    """Name the kind of case a line is about.

    >>> kind_words(ExplanationLine(part="open", event_type="dispute", category="labor_wage", expected=0, words=FEW)).zh
    '劳动争议'
    """
    if line.event_type is None or line.category is None:
        return UNNAMED
    category = CATEGORY_ZH.get(line.category, plain(line.category))
    kind = "纠纷" if line.event_type == EventType.DISPUTE else f"类{EVENT_TYPE_ZH[line.event_type].removeprefix('纠纷类')}"
    kind = kind.removeprefix("纠纷") if category.endswith("争议") else kind  # 争议 and 纠纷 are one word too many
    return Text(zh=category + kind, en=f"{plain(line.category)} {EVENT_TYPE_EN[line.event_type]}")


def _open(line: ExplanationLine) -> Text:
    kind = kind_words(line)
    if line.count is None:
        return Text(zh=f"{kind.zh}{FEW.zh}未办结", en=f"{FEW.en} open {kind.en}")
    whole = Text(zh=f"{kind.zh}{line.count}件未办结", en=f"{line.count} open {kind.en}")
    return _with_facts(_with(whole, [_age(line), _term(line)]), [line.fact])


def _age(line: ExplanationLine) -> Text | None:
    if line.oldest_days is None:
        return None
    if line.count == 1:
        return Text(zh=f"已{line.oldest_days}天", en=f"{line.oldest_days} days old")
    return Text(zh=f"最久{line.oldest_days}天", en=f"the oldest {line.oldest_days} days")


def _term(line: ExplanationLine) -> Text | None:
    if line.past_term:
        over = "已超期" if line.count == 1 else f"{line.past_term}件已超期"
        return Text(zh=over, en="past its term" if line.count == 1 else f"{line.past_term} past their term")
    if line.days_left is None:
        return None
    first = "" if line.count == 1 else "最近一件"
    if line.days_left == 0:
        return Text(zh=f"{first}今天到期", en="its term ends today" if line.count == 1 else "the next term ends today")
    return Text(zh=f"{first}{line.days_left}天后到期", en=f"{'its' if line.count == 1 else 'the next'} term ends in {line.days_left} days")


def _closed(line: ExplanationLine) -> Text:
    count = FEW if line.count is None else Text(zh=f"{line.count}件", en=str(line.count))
    whole = Text(zh=f"近期办结、可能反复的{count.zh}", en=f"{count.en} closed lately that may come back")
    paper = Text(zh=f"{line.on_paper}件临到期办结", en=f"{line.on_paper} closed just before the term") if line.on_paper else None
    return _with_facts(whole, [paper, line.fact])


def _with(whole: Text, parts: list[Text | None]) -> Text:
    clauses = [whole, *(part for part in parts if part)]
    return Text(zh="，".join(part.zh for part in clauses), en=", ".join(part.en for part in clauses))


def _with_facts(whole: Text, facts: list[Text | None]) -> Text:
    known = [fact for fact in facts if fact]
    if not known:
        return whole
    return Text(zh=f"{whole.zh}（{'，'.join(fact.zh for fact in known)}）", en=f"{whole.en} ({', '.join(fact.en for fact in known)})")
