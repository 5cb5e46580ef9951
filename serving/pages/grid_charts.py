"""Drawings of one grid: its year on one axis of time (cases, levels of past lists, notices), and its explanation as bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from serving.alerts.outcomes import NOT_DUE
from serving.alerts.queries import alerts_of_grid
from serving.alerts.schemas import Alert
from serving.pages.page import Viewer
from serving.pages.translations import LEVEL_CLASS, NOT_RATED, Translator, fact
from serving.rankings.entries import Entry
from serving.rankings.line_words import similar_words
from serving.rankings.schemas import Explanation, ExplanationLine, FactorExplanation, GridRow

WIDTH, LEFT, TOP, BASE = 780.0, 60.0, 30.0, 150.0
SPAN = timedelta(days=364)
FOUR_WEEKS = 4
NOTICES = 60
"""Notices that are looked at."""
FEW_HEIGHT = 14.0
"""Height of a bar that stands for one or two: the same for both."""

REASON_WIDTH, ROOM = 420.0, 112.0
"""Pixels of the drawing, and of the figure to the right of a bar."""


@dataclass(frozen=True)
class Bar:
    """Cases of four weeks; `low` and `high` differ where a week of them is masked, both None where all that is known is few."""

    x: float
    width: float
    height: float
    label: str
    few: bool


@dataclass(frozen=True)
class PastAlert:
    """One notice of the grid."""

    alert: Alert
    raised_on: date
    followed: str
    x: float


@dataclass(frozen=True)
class Year:
    """The drawing."""

    bars: tuple[Bar, ...]
    axis: tuple[tuple[float, str], ...]
    levels: tuple[tuple[float, str], ...]
    notices: tuple[PastAlert, ...]
    months: tuple[tuple[float, str], ...]


def draw_year(row: GridRow, lists: Sequence[tuple[Entry, GridRow]], notices: Sequence[PastAlert], as_of: date, t: Translator) -> Year:
    """Lay out the weeks of a grid's row, and how it stood on the lists of that year."""
    groups = [row.weekly_cases[max(end - FOUR_WEEKS, 0) : end] for end in range(len(row.weekly_cases), 0, -FOUR_WEEKS)][:13][::-1]
    sums = [(sum(week or 0 for week in group), group.count(None)) for group in groups]
    top = max([6, *(known + 2 * masked for known, masked in sums)])
    top += top % 2
    width = (WIDTH - LEFT) / 13
    first = 13 - len(sums)
    bars = tuple(_bar(known, masked, LEFT + (first + number) * width, (width, top), t) for number, (known, masked) in enumerate(sums))
    middle = top // 2
    months = tuple((place(day, as_of), t("month", n=day.month)) for day in _quarters(as_of))
    return Year(
        bars=bars,
        axis=tuple((BASE - level / top * (BASE - TOP), t("cases_in_chart", n=level)) for level in (0, middle, top)),
        levels=tuple((place(entry.origin.as_of, as_of), _level(past)) for entry, past in lists if entry.origin.as_of > as_of - SPAN),
        notices=tuple(notice for notice in notices if notice.x >= LEFT),
        months=months,
    )


def read_notices(viewer: Viewer, grid_id: str, as_of: date) -> tuple[PastAlert, ...]:
    """Return the last notices of a grid, the newest first."""
    zone, notices = viewer.site.settings.tz, []
    for each in alerts_of_grid(viewer.engine, viewer.actor, grid_id, NOTICES):
        day = each.raised_at.astimezone(zone).date()
        notices.append(PastAlert(each, day, viewer.t.of(each.sequel.words if each.sequel else NOT_DUE), place(day, as_of)))
    return tuple(notices)


def place(day: date, as_of: date) -> float:
    """Return where a day of the year before `as_of` stands on the axis."""
    return round(LEFT + (1 - (as_of - day) / SPAN) * (WIDTH - LEFT), 1)


def _bar(known: int, masked: int, x: float, scale: tuple[float, int], t: Translator) -> Bar:
    width, top = scale
    if masked and known == 0:
        label = t("few") if masked == 1 else f"{masked}–{2 * masked}"
        return Bar(x + 4, width - 8, FEW_HEIGHT, label, few=True)
    label = (f"{known + masked}–{known + 2 * masked}" if masked else str(known)) if known else t("none")
    return Bar(x + 4, width - 8, (known + masked) / top * (BASE - TOP), label, few=False)


def _level(row: GridRow) -> str:
    return LEVEL_CLASS[row.score.attention_level] if row.score else NOT_RATED


def _quarters(as_of: date) -> list[date]:
    """Return the first days of every third month of the year before."""
    months = [(as_of.year * 12 + as_of.month - 1) - back for back in (0, 3, 6, 9)]
    return [date(month // 12, month % 12 + 1, 1) for month in reversed(months)]


@dataclass(frozen=True)
class ReasonBar:
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
    bars: tuple[ReasonBar, ...]
    words: tuple[str, ...] = ()


def draw_reasons(explanation: Explanation | FactorExplanation, t: Translator) -> ReasonBars:
    """Lay out the published lines, the largest first, on an axis from nothing to the largest."""
    if isinstance(explanation, FactorExplanation):
        return ReasonBars(REASON_WIDTH, (), tuple(t.of(fact(reason.words)) for reason in explanation.reasons))
    most = max((line.expected for line in explanation.reasons), default=0.0) or 1.0
    bars = (
        ReasonBar(
            t.of(line.words),
            t("cases", n=f"{line.expected:.2f}"),
            round((REASON_WIDTH - ROOM) * line.expected / most, 1),
            line.part == "rest",
            _similar(line, t),
        )
        for line in explanation.reasons
    )
    return ReasonBars(REASON_WIDTH, tuple(bars))


def _similar(line: ExplanationLine, t: Translator) -> str:
    return "" if line.similar is None else t.of(similar_words(line.similar))
