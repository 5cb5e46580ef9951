"""Figures in words, the same on every page."""

import re

from serving.lists.rows import Explanation, Score
from serving.pages.catalogue import Speaker
from serving.words import AttentionLevel, Text

LEVEL_CLASS: dict[AttentionLevel, str] = {"priority": "3", "elevated": "2", "watch": "1", "routine": "0"}
"""Step of the level's colour; "n" is no data."""
NOT_RATED = "n"
_REASON = re.compile(r"^[↑↓] (?P<fact>.*):[^:]*$", re.DOTALL)

_MASKED = re.compile(r"\(不足3\w\)| \(under 3\)")
"""What a mask stands for; left out where room is short."""


def fact(words: Text) -> Text:
    """Return what a reason counts, without what goes with it.

    >>> fact(Text(zh="↑ 近28天新增5件:与高于本网格常态相关(×1.80)", en="↑ 5 new in 28 days: goes with more than is usual here (×1.80)")).zh
    '近28天新增5件'
    """
    return Text(zh=_REASON.sub(r"\g<fact>", words.zh), en=_REASON.sub(r"\g<fact>", words.en))


def often(risk: float, t: Speaker) -> str:
    """Say a risk as times in a hundred; neither end is certain."""
    if risk < 0.005:
        return t("times_under_one")
    if risk > 0.985:
        return t("times_over_98")
    return t("times", n=round(100 * risk))


def ranks(score: Score, t: Speaker) -> str:
    """Say a rank."""
    return t("rank_of", n=score.rank)


def moved(score: Score, before: Score | None, t: Speaker) -> str:
    """Say how a rank changed since the list before."""
    if before is None:
        return t("newly_rated")
    steps = before.rank - score.rank
    if steps == 0:
        return t("unchanged")
    return t("rank_up" if steps > 0 else "rank_down", n=abs(steps))


def strongest(explanation: Explanation | None, t: Speaker) -> str:
    """Say the first reason that pushes a score up, else the first of all."""
    if explanation is None or not explanation.reasons:
        return ""
    pushing = [reason for reason in explanation.reasons if reason.factor > 1]
    return _MASKED.sub("", t.of(fact((pushing or list(explanation.reasons))[0].words)))


def count(value: int | None, t: Speaker) -> str:
    """Say a masked count of cases."""
    if value is None:
        return t("few")
    return t("cases", n=value) if value else t("none")


def factor(value: float) -> str:
    """Say a factor in two to three digits.

    >>> factor(1.834), factor(1.047), factor(0.8512), factor(42.98)
    ('×1.8', '×1.05', '×0.85', '×43')
    """
    return f"×{value:.0f}" if value >= 10 else f"×{value:.1f}" if value >= 1.1 else f"×{value:.2f}"
