"""Every word of the pages, in both languages, from one file."""

import re
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import yaml

from serving.rankings.schemas import Explanation, FactorExplanation, Score
from serving.text import LEAST_RISK, MOST_RISK, AttentionLevel, Text

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NARROW = re.compile(r"(?<=[\u4e00-\u9fff])[,;:]|[,;:](?=[\u4e00-\u9fff])")
WIDE = {",": "，", ";": "；", ":": "："}


@cache
def translations() -> dict[str, Text]:
    """Return the words by key."""
    written = files("serving.pages").joinpath("words.yaml").read_text(encoding="utf-8")
    return {key: Text(**both) for key, both in yaml.safe_load(written).items()}


class Translator:
    """Says things in one language.

    >>> Translator("zh")("cases", n=3), Translator("en")("cases", n=3)
    ('3件', '3 cases')
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, key: str, **values: object) -> str:
        """Return a phrase of the translations, with its values filled in."""
        return self.of(translations()[key]).format(**values)

    def named(self, kind: str, name: str) -> str:
        """Return what a thing of some kind is called, or its name where the translations do not have it."""
        return self(key) if (key := f"{kind}_{name}") in translations() else name

    def of(self, text: Text) -> str:
        """Return the half of a text that is in this language; Chinese gets marks as wide as its letters.

        >>> Translator("zh").of(Text(zh="截至24:00,范围:1,200至1,300件", en=""))
        '截至24:00，范围：1,200至1,300件'
        """
        return NARROW.sub(lambda found: WIDE[found[0]], text.zh) if self.language == "zh" else text.en


LEVEL_CLASS: dict[AttentionLevel, str] = {"priority": "3", "elevated": "2", "watch": "1", "routine": "0"}
"""Step of the level's colour; "n" is no data."""
NOT_RATED = "n"
_REASON = re.compile(r"^[↑↓] (?P<fact>.*):[^:]*$", re.DOTALL)

_MASKED = re.compile(r"[(（]不足3\w[)）]| \(under 3\)")
"""Meaning of a mask; left out where room is short."""


def fact(words: Text) -> Text:
    """Return what a reason counts, without what goes with it.

    >>> fact(Text(zh="↑ 近28天新增5件:与高于本网格常态相关(×1.80)", en="↑ 5 new in 28 days: goes with more than is usual here (×1.80)")).zh
    '近28天新增5件'
    """
    return Text(zh=_REASON.sub(r"\g<fact>", words.zh), en=_REASON.sub(r"\g<fact>", words.en))


def often(risk: float, t: Translator) -> str:
    """Say of how many in a hundred such grids a risk speaks; neither end is certain."""
    if risk <= LEAST_RISK:
        return t("often_under_one")
    if risk > MOST_RISK:
        return t("often_over_98")
    return t("often", n=round(100 * risk))


def ranks(score: Score, t: Translator) -> str:
    """Say a rank."""
    return t("rank_of", n=score.rank)


def moved(score: Score, before: Score | None, t: Translator) -> str:
    """Say how a rank changed since the list before."""
    if before is None:
        return t("newly_rated")
    steps = before.rank - score.rank
    if steps == 0:
        return t("unchanged")
    return t("rank_up" if steps > 0 else "rank_down", n=abs(steps))


def strongest(explanation: Explanation | FactorExplanation | None, t: Translator) -> str:
    """Say the line that adds most; of an older list the first reason that pushes a score up, else the first of all."""
    if explanation is None or not explanation.reasons:
        return ""
    if isinstance(explanation, Explanation):
        return _MASKED.sub("", t.of(explanation.reasons[0].words))
    pushing = [reason for reason in explanation.reasons if reason.factor > 1]
    return _MASKED.sub("", t.of(fact((pushing or list(explanation.reasons))[0].words)))


def count(value: int | None, t: Translator) -> str:
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
