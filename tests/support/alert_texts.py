"""Every text an alert can say, kind by kind, as a page: made by the code that raises alerts, so that it can be read aloud."""

from collections.abc import Iterator
from datetime import date, timedelta

from features.schema import DISPUTE_CATEGORIES, SENSITIVE_CATEGORIES, EventType
from serving.alerts.lifecycle import REASONS, Action
from serving.alerts.messages import TAGS
from serving.alerts.recommended_actions import DEEDS
from serving.alerts.schemas import AlertText, tell
from serving.alerts.text import NO_LIST_BEFORE, RANDOM, SECOND_LOOK, UNCHANGED, WEAK, Odds, Subject, compose
from serving.pages.translations import translations
from serving.rankings.line_words import say_line
from serving.rankings.schemas import Explanation, ExplanationLine
from serving.text import ATTENTION, CONFIDENCE, DISCLAIMER, NOTICES, WITHHELD, Text
from tests.support.made_alerts import make_row

START = date(2026, 1, 9)
ODDS = Odds(0.12, 0.07, 0.18, 0.03)
UNSAID = Text(zh="", en="")
PAGE_KEYS = ("did_", "do_", "due_", "state_", "supervision_", "verdict_", "found_", "part_", "outcome_")
CASES = ({"count": 1, "oldest_days": 58, "days_left": 2}, {"count": 5, "oldest_days": 40, "past_term": 3}, {"few": True})
"""One case whose term is near, several of which some are late, and what readers above the township see."""


def alert_texts_page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("# Texts of alerts", "")
    yield from ("Generated from `serving/alerts` and `serving/rankings` by `make docs`; do not edit. Numbers are examples.", "")
    yield from ("## By kind of case", "")
    for event_type in EventType:
        categories = DISPUTE_CATEGORIES if event_type == EventType.DISPUTE else ("environment",)
        for category in categories:
            if category not in SENSITIVE_CATEGORIES and event_type != EventType.PETITION:
                yield from _kind(event_type, category)
    yield from _kind(None, None)
    yield from ("## Other lines", "")
    others = (_line("closed", count=4, on_paper=3), _line("closed", few=True), _line("new"), _line("rest"))
    yield from (f"- {line.words.zh}" for line in others)
    yield from ("", "## Around them", "")
    yield from _around(compose(_subject(_line("open", event_type="dispute", category="labor_wage", count=5, oldest_days=40))))
    yield from ("", "## Advice and its legal basis", "", "| advice | legal basis | phone |", "| --- | --- | --- |")
    yield from (f"| {each.words.zh} | {each.legal_basis.zh if each.legal_basis else '—'} | {each.short.zh} |" for each in DEEDS.values())
    yield from ("", "## Steps and their reasons", "", "| step | reasons |", "| --- | --- |")
    reasons = {action: "、".join(each.zh for each in codes.values()) for action, codes in REASONS.items()}
    yield from (f"| {translations()[f'did_{action}'].zh} | {reasons[action]} |" for action in Action)
    yield from ("", "## What followed", "")
    yield from (f"- {tell(14, count, visited=visited).words.zh}" for count in (None, 0.0, 2.0, 4.0) for visited in (False, True))
    yield from ("", "## Buttons, states and terms on the pages", "")
    yield from (f"- {text.zh}" for key, text in translations().items() if key.startswith(PAGE_KEYS))
    yield from ("", "## Messages to chats, mailboxes and phones begin with", "", "、".join(f"【{tag}】" for tag in TAGS.values()))


def _kind(event_type: str | None, category: str | None) -> Iterator[str]:
    lines = [_line("open", event_type=event_type, category=category, **figures) for figures in (CASES if category else CASES[-1:])]
    yield from (f"### {event_type} {category}" if category else "### sensitive kinds", "")
    yield from (f"- {say_line(line).zh}" for line in lines)
    text = compose(_subject(lines[0]))
    yield from (f"- 建议：{each.words.zh}" + (f"({each.legal_basis.zh})" if each.legal_basis else "") for each in text.suggestions)
    yield from (f"- 手机：{text.phone}", "")


def _around(text: AlertText) -> Iterator[str]:
    said = [text.title, text.window, text.place, text.usual, text.frequency, *text.changes]
    said += [RANDOM, SECOND_LOOK, WEAK, NO_LIST_BEFORE, UNCHANGED, *CONFIDENCE.values(), *WITHHELD.values(), *ATTENTION.values()]
    said += [DISCLAIMER, *(notice for notice in NOTICES if notice != DISCLAIMER)]
    yield from (f"- {each.zh}" for each in said if each)


def _line(part: str, **stated: object) -> ExplanationLine:
    line = ExplanationLine(part=part, expected=0.4, words=UNSAID, **stated)
    return line.model_copy(update={"words": say_line(line)})


def _subject(line: ExplanationLine) -> Subject:
    row = make_row(rank=4).model_copy(update={"explanation": Explanation(reasons=(line,)), "name": "示例街道滨河社区第05网格"})
    before = make_row(rank=9).model_copy(update={"explanation": Explanation(reasons=())})
    window = {"through": START - timedelta(days=1), "starts": START, "ends": START + timedelta(days=14)}
    return Subject(row=row, score=row.score, explanation=row.explanation, odds=ODDS, rated=605, before=before, **window)
