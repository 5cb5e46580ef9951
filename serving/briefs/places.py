"""Grids in a brief: where, why, how often such a grid sees an escalation, and what helps."""

from collections.abc import Iterator, Mapping, Sequence

from serving.alerts.recommended_actions import DEEDS, actions_for, is_actionable
from serving.briefs.desk import Desk
from serving.documents.paper import Point, spoken
from serving.rankings.line_words import mask_line
from serving.rankings.schemas import Explanation, ExplanationLine, FactorExplanation, GridRow
from serving.text import Text, per_hundred

MOST_REASONS, MOST_ACTIONS = 2, 2
MOST_NAMES = 8


def describe(desk: Desk, row: GridRow, *, is_new: bool) -> Point:
    """Say one grid of the list; counts of one and two are masked, for paper goes from hand to hand."""
    say = desk.say
    parts = [*_reasons(desk, row.explanation)] or [say("依据见网格页", "see the page of the grid for the reasons")]
    often = per_hundred(row.score.risk) if row.score else Text(zh="", en="")
    advice = say("、", ", ").join(_advice(desk, row.explanation))
    body = say(
        f"{'；'.join(parts)}。建议：{advice}。（每100个同类网格中{often.zh}随后升级）",
        f"{'; '.join(parts)}. Advice: {advice}. (Of 100 such grids {often.en} see an escalation.)",
    )
    return Point(row.name, body, say("新", "new") if is_new else "")


def name_places(desk: Desk, names: Mapping[str, str]) -> str:
    """Join the names of places, in the order of their codes; of many the first few and how many more there are."""
    shown = [names[path] for path in sorted(names)][:MOST_NAMES]
    joined = desk.say("、", ", ").join(shown)
    further = len(names) - len(shown)
    return joined + (desk.say(f"等{len(names)}个", f" and {further} more") if further else "")


def _reasons(desk: Desk, explanation: Explanation | FactorExplanation | None) -> Iterator[str]:
    if isinstance(explanation, Explanation):
        yield from (spoken(mask_line(line).words, desk.language) for line in _telling(explanation))
    elif explanation:
        facts = [reason.fact or reason.words for reason in explanation.reasons if reason.factor > 1]
        yield from (spoken(fact, desk.language) for fact in facts[:MOST_REASONS])


def _telling(explanation: Explanation) -> Sequence[ExplanationLine]:
    """Return the lines to name: those about cases that somebody can work on, and others only where there are none."""
    return ([line for line in explanation.named if is_actionable(line)] or explanation.named)[:MOST_REASONS]


def _advice(desk: Desk, explanation: Explanation | FactorExplanation | None) -> Sequence[str]:
    lines = _telling(explanation) if isinstance(explanation, Explanation) else ()
    codes = list(dict.fromkeys(code for line in lines for code in actions_for(line)[:MOST_ACTIONS])) or ["home_visit"]
    return [desk.say(DEEDS[code].phone, DEEDS[code].words.en) for code in codes[:MOST_ACTIONS]]
