"""What differs between two rows of a grid, figure by figure."""

from collections.abc import Iterator
from dataclasses import dataclass

from serving.lists.rows import GridRow
from serving.pages.catalogue import Speaker
from serving.pages.phrases import count, often, ranks
from serving.words import ATTENTION


@dataclass(frozen=True)
class Change:
    """One figure that differs."""

    name: str
    before: str
    now: str


def changes(before: GridRow, now: GridRow, t: Speaker) -> tuple[Change, ...]:
    """Say what differs between two rows of the same grid."""
    said = (Change(name, then, since) for name, then, since in [*_open_cases(before, now, t), *_scores(before, now, t)])
    return tuple(each for each in said if each.before != each.now)


def _open_cases(before: GridRow, now: GridRow, t: Speaker) -> Iterator[tuple[str, str, str]]:
    for age, (old, new) in enumerate(zip(before.open_cases, now.open_cases, strict=False)):
        yield f"{t('open_of_age')} {t(f'waiting_{age}')}", count(old, t), count(new, t)


def _scores(before: GridRow, now: GridRow, t: Speaker) -> Iterator[tuple[str, str, str]]:
    if now.score and before.score:
        yield t("of_hundred"), often(before.score.risk, t), often(now.score.risk, t)
        yield t("rank"), ranks(before.score, t), ranks(now.score, t)
        yield t("level"), t.of(ATTENTION[before.score.attention_level]), t.of(ATTENTION[now.score.attention_level])
