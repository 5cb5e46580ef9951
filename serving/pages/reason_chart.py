"""Explanations as bars: what each line adds to the expected count."""

from dataclasses import dataclass

from serving.pages.translations import Translator, fact
from serving.rankings.line_words import similar_words
from serving.rankings.schemas import Explanation, ExplanationLine, FactorExplanation

WIDTH, ROOM = 420.0, 112.0
"""Pixels of the drawing, and of the figure to the right of a bar."""


@dataclass(frozen=True)
class Bar:
    """One line."""

    name: str
    expected: str
    """Escalations it adds, as they are written."""
    width: float
    is_rest: bool
    similar: str = ""
    """Number of ten like cases that escalated."""


@dataclass(frozen=True)
class ReasonBars:
    """The drawing; without bars where an older program published the list, whose reasons are words alone."""

    width: float
    bars: tuple[Bar, ...]
    words: tuple[str, ...] = ()


def draw_reasons(explanation: Explanation | FactorExplanation, t: Translator) -> ReasonBars:
    """Lay out the published lines, the largest first, on an axis from nothing to the largest."""
    if isinstance(explanation, FactorExplanation):
        return ReasonBars(WIDTH, (), tuple(t.of(fact(reason.words)) for reason in explanation.reasons))
    most = max((line.expected for line in explanation.reasons), default=0.0) or 1.0
    bars = (
        Bar(
            t.of(line.words),
            t("cases", n=f"{line.expected:.2f}"),
            round((WIDTH - ROOM) * line.expected / most, 1),
            line.part == "rest",
            _similar(line, t),
        )
        for line in explanation.reasons
    )
    return ReasonBars(WIDTH, tuple(bars))


def _similar(line: ExplanationLine, t: Translator) -> str:
    return "" if line.similar is None else t.of(similar_words(line.similar))
