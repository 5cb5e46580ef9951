"""Text of an alert: the same sentence for the same fact, in Chinese and English, frozen when the alert is raised."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from serving.alerts.recommended_actions import DEEDS, OTHERWISE, actions_for, is_actionable
from serving.alerts.schemas import AlertText, SaidReason, Suggestion
from serving.rankings.line_words import mask_line, outcome_words, with_similar
from serving.rankings.schemas import Explanation, FactorExplanation, GridRow, Score
from serving.text import ATTENTION, CONFIDENCE, DISCLAIMER, WIDTH, AttentionLevel, Text, per_hundred, per_hundred_range

MOST_SUGGESTIONS = 3
PHONE_LENGTH = 150
NAME_LENGTH = 30
WORTH_SAYING = 0.1
"""Relative change of the expected count from which it is mentioned."""

RANDOM = Text(
    zh="本网格由随机抽取产生，与位次无关，用于检查清单以外的情况",
    en="This grid was drawn by lot, whatever its rank, to see what the list would miss",
)
SECOND_LOOK = Text(
    zh="随机复核：等级和位次有意不显示，请独立判断", en="A second look: level and rank are left out on purpose; judge for yourself"
)
WEAK = Text(zh="没有可办理的在办事项作依据，按一般关注提示", en="No open matter stands behind it, so it is said at the level watch")
NO_LIST_BEFORE = Text(zh="此前没有可比的清单", en="There is no earlier list to compare with")
UNCHANGED = Text(zh="与上一份清单相比无明显变化", en="Nothing much changed since the list before")


@dataclass(frozen=True)
class Odds:
    """Chances of at least one escalation, 0 to 1."""

    risk: float
    low: float
    """By the refits that expect least."""
    high: float
    """By those that expect most."""
    average: float
    """Over the list."""


@dataclass(frozen=True)
class Subject:
    """Subject of an alert."""

    row: GridRow
    score: Score
    explanation: Explanation
    odds: Odds
    rated: int
    """Grids with a rank."""
    through: date
    """Last whole day of the data."""
    starts: date
    ends: date
    """First day after the window."""
    before: GridRow | None
    """The grid on the list before."""
    random: bool = False
    second_look: bool = False

    @property
    def level(self) -> AttentionLevel:
        """The level of the list, or `watch` where nothing that can be worked on stands behind a higher one."""
        if self.score.attention_level == "routine" or any(is_actionable(line) for line in self.explanation.named):
            return self.score.attention_level
        return "watch"


def compose(subject: Subject) -> AlertText:
    """Say an alert."""
    codes = _deeds(subject.explanation)
    return AlertText(
        title=_title(subject),
        window=_window(subject),
        place=None if subject.second_look else _place(subject),
        usual=_usual(subject),
        reasons=tuple(SaidReason(group=line.group, words=with_similar(line), line=line) for line in subject.explanation.named),
        background=subject.explanation.context,
        changes=changes(subject.before, subject.row, hide_place=subject.second_look),
        suggestions=tuple(Suggestion(code=code, words=DEEDS[code].words, legal_basis=DEEDS[code].legal_basis) for code in codes),
        frequency=frequency_range(subject.odds),
        notes=tuple(_notes(subject)),
        confidence=CONFIDENCE[subject.row.confidence],
        standing=DISCLAIMER,
        phone=_phone(subject, codes),
    )


def changes(before: GridRow | None, now: GridRow, *, hide_place: bool = False) -> tuple[Text, ...]:
    """Say what changed since the list before: place, level, expected count, reasons."""
    if before is None or before.score is None or now.score is None:
        return (NO_LIST_BEFORE,)
    moved = [] if hide_place else [*_moved(before.score, now.score)]
    return (*moved, *_expected_changed(before.score, now.score), *_new_reasons(before, now)) or (UNCHANGED,)


def frequency_range(odds: Odds) -> Text:
    """Say chances as natural frequencies with their range.

    >>> frequency_range(Odds(0.124, 0.07, 0.181, 0.03)).zh
    '每100个同类网格中约12个随后出现升级（范围7–18个），全区平均约3个'
    """
    often, average, within = per_hundred(odds.risk), per_hundred(odds.average), per_hundred_range(odds.low, odds.high)
    return Text(
        zh=f"每100个同类网格中{often.zh}随后出现升级（{within.zh}），全区平均{average.zh}",
        en=f"of 100 such grids {often.en} see an escalation ({within.en}); on average {average.en}",
    )


def _title(subject: Subject) -> Text:
    name = subject.row.name[:NAME_LENGTH]
    if subject.second_look:
        return Text(zh=f"【随机复核】{name}", en=f"Second look: {name}")
    level = ATTENTION[subject.level]
    head = Text(zh="抽样走访", en="Sample visit") if subject.random else Text(zh="关注提示", en="Notice")
    return Text(zh=f"【{head.zh}】{name} 关注等级：{level.zh}", en=f"{head.en}: {name}, level {level.en}")


def _window(subject: Subject) -> Text:
    last = subject.ends - timedelta(days=1)
    return Text(
        zh=f"数据截至{_day(subject.through)}24:00，适用{_day(subject.starts)}至{_day(last)}",
        en=f"Data through the end of {subject.through}; about {subject.starts} to {last}",
    )


def _place(subject: Subject) -> Text:
    score = subject.score
    return Text(
        zh=f"全区第{score.rank}/{subject.rated}（按实际发生排，多在{score.rank_low}–{score.rank_high}）",
        en=f"place {score.rank} of {subject.rated} (by what happens mostly {score.rank_low} to {score.rank_high})",
    )


def _usual(subject: Subject) -> Text:
    score, days = subject.score, (subject.ends - subject.starts).days
    expected, usual = f"{score.expected_escalations:.2f}", f"{score.usual_level:.2f}"
    return Text(
        zh=f"{days}天内预计升级约{expected}件，本网格常态约{usual}件（×{score.factor:.2f}）",
        en=f"about {expected} escalations expected in {days} days, {usual} are usual here (×{score.factor:.2f})",
    )


def _notes(subject: Subject) -> Iterator[Text]:
    if subject.explanation.outcomes and (said := outcome_words(subject.explanation.outcomes)):
        yield said
    if subject.score.width is not None:
        yield WIDTH[subject.score.width]
    if subject.explanation.unclear:
        yield subject.explanation.unclear
    if subject.random:
        yield RANDOM
    if subject.second_look:
        yield SECOND_LOOK
    elif subject.level != subject.score.attention_level:
        yield WEAK


def _deeds(explanation: Explanation) -> tuple[str, ...]:
    """Return the actions for the lines, the first of each line before any second, without repeating any."""
    first = [actions_for(line)[0] for line in explanation.named]
    further = [code for line in explanation.named for code in actions_for(line)[1:]]
    return tuple(dict.fromkeys([*first, *further, *OTHERWISE]))[:MOST_SUGGESTIONS]


def _moved(before: Score, now: Score) -> Iterator[Text]:
    if before.rank != now.rank:
        yield Text(zh=f"位次由第{before.rank}变为第{now.rank}", en=f"place {before.rank} became {now.rank}")
    if before.attention_level != now.attention_level:
        old, new = ATTENTION[before.attention_level], ATTENTION[now.attention_level]
        yield Text(zh=f"关注等级由{old.zh}变为{new.zh}", en=f"level {old.en} became {new.en}")


def _expected_changed(before: Score, now: Score) -> Iterator[Text]:
    moved = now.expected_escalations - before.expected_escalations
    if before.expected_escalations and abs(moved) >= WORTH_SAYING * before.expected_escalations:
        share = f"{abs(moved) / before.expected_escalations:.0%}"
        word = Text(zh="上升", en="rose") if moved > 0 else Text(zh="下降", en="fell")
        yield Text(zh=f"预计升级数较上期{word.zh}约{share}", en=f"expected escalations {word.en} by about {share}")


def _new_reasons(before: GridRow, now: GridRow) -> Iterator[Text]:
    if before.explanation is None or now.explanation is None:
        return
    if isinstance(before.explanation, FactorExplanation) or isinstance(now.explanation, FactorExplanation):
        return
    known = {line.group for line in before.explanation.named}
    for line in now.explanation.named:
        if line.group not in known:
            words = mask_line(line).words
            yield Text(zh=f"新列入依据：{words.zh}", en=f"new among the reasons: {words.en}")


def _phone(subject: Subject, codes: tuple[str, ...]) -> str:
    """Put as many facts and actions as fit between what must be said."""
    head = f"【{'随机复核' if subject.second_look else '关注'}】{subject.row.name[:NAME_LENGTH]}："
    tail = f"。每100个同类网格中{per_hundred(subject.odds.risk).zh}升级。不针对个人。"
    facts = [mask_line(line).words.zh for line in subject.explanation.named] or ["请关注近期情况"]
    advice = "。建议：" + "，".join(DEEDS[code].short.zh for code in codes[:2])
    while len(facts) > 1 and len(head + "；".join(facts) + advice + tail) > PHONE_LENGTH:
        facts.pop()
    space = PHONE_LENGTH - len(head + advice + tail)
    return head + "；".join(facts)[:space] + advice + tail


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
