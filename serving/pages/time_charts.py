"""Drawings along time: escalations per week beside what was expected, and curves of what the monitor found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Engine, select

from features.database.tables import ranking
from serving.accounts.permissions import Scope
from serving.accounts.row_security import reading_within
from serving.monitoring.history import WatchedDay
from serving.rankings.entries import Entry
from serving.rankings.list_rows import read_rows
from serving.rankings.schemas import AreaRow, Level, count_band

WEEKS_BACK, WEEKS_AHEAD = 8, 2
WEEK = timedelta(days=7)
LEFT, RIGHT, TOP, BOTTOM = 44.0, 630.0, 36.0, 158.0
"""Edges of the plot in a drawing of 640 x 186."""

WIDTH, HEIGHT, DRIFT_LEFT, DRIFT_TOP, BASE = 640.0, 190.0, 44.0, 14.0, 150.0
ATTENTION_PSI = 0.25
"""Shift from which the monitor asks for attention."""


@dataclass(frozen=True)
class Week:
    """One week; None is not known, or masked."""

    monday: date
    actual: int | None
    masked: bool
    expected: float | None
    variation: float = 0.0
    """Dispersion of the count about it."""

    @property
    def band(self) -> tuple[float, float] | None:
        """The 80 % interval of the count around what was expected."""
        return count_band(self.expected, self.variation) if self.expected else None


@dataclass(frozen=True)
class Dot:
    """One actual count."""

    x: float
    y: float
    count: int


@dataclass(frozen=True)
class TrendDrawing:
    """Data of the drawing."""

    band: str
    expected: str
    line: str
    dots: tuple[Dot, ...]
    few: tuple[float, ...]
    """x of weeks whose count is masked."""
    ticks: tuple[tuple[float, str], ...]
    levels: tuple[tuple[float, int], ...]
    now: float
    """x from which weeks lie ahead."""


def read_weeks(engine: Engine, scope: Scope, entry: Entry, area: AreaRow, level: Level) -> tuple[Week, ...]:
    """Return the weeks around a list: past ones as it counted them, beside what the lists of their days expected."""
    monday = entry.origin.as_of - timedelta(days=entry.origin.as_of.weekday())
    known = area.weekly_escalations[-WEEKS_BACK:]
    first = monday - WEEK * len(known)
    expectations = _expectations(engine, scope, entry, (level, area.path, first - 2 * WEEK))
    weeks = []
    for number in range(len(known) + WEEKS_AHEAD):
        start = first + WEEK * number
        past = number < len(known)
        actual = known[number] if past else None
        weeks.append(Week(start, actual, past and actual is None, *_expected(expectations, start, entry.origin.horizon_days)))
    return tuple(weeks)


def draw_trend(weeks: Sequence[Week]) -> TrendDrawing:
    """Lay weeks out from left to right."""
    highest = max([5.0, *(week.actual or 0 for week in weeks), *(week.band[1] for week in weeks if week.band)])
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000) if highest / step <= 4)
    top = step * -(-highest // step)

    def x(number: int) -> float:
        return round(LEFT + (number + 0.5) * (RIGHT - LEFT) / len(weeks), 1)

    def y(value: float) -> float:
        return round(BOTTOM - value / top * (BOTTOM - TOP), 1)

    banded = [(x(number), week.band) for number, week in enumerate(weeks) if week.band]
    edge = [f"{at},{y(band[1])}" for at, band in banded] + [f"{at},{y(band[0])}" for at, band in reversed(banded)]
    dots = tuple(Dot(x(number), y(week.actual), week.actual) for number, week in enumerate(weeks) if week.actual is not None)
    ahead = len(weeks) - WEEKS_AHEAD
    return TrendDrawing(
        band=" ".join(edge),
        expected=" ".join(f"{x(number)},{y(week.expected)}" for number, week in enumerate(weeks) if week.expected is not None),
        line=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        dots=dots,
        few=tuple(x(number) for number, week in enumerate(weeks) if week.masked),
        ticks=tuple((x(number), f"{week.monday.month}/{week.monday.day}") for number, week in enumerate(weeks)),
        levels=tuple((y(level), level) for level in range(0, int(top) + 1, step)),
        now=round((x(ahead) + x(ahead - 1)) / 2, 1),
    )


def _expectations(engine: Engine, scope: Scope, entry: Entry, wanted: tuple[Level, str, date]) -> dict[date, AreaRow]:
    """Return, by date, the row of an area on the newest revision of each list."""
    level, place, since = wanted
    lists = (ranking.c.target == entry.origin.target, ranking.c.as_of.between(since, entry.origin.as_of))
    query = select(ranking.c.id, ranking.c.as_of).where(*lists).order_by(ranking.c.id)
    with reading_within(engine, scope) as connection:
        as_ofs = {row.id: row.as_of for row in connection.execute(query)}
        rows = sorted(read_rows(connection, as_ofs, level, [place], scope))
    return {as_ofs[row.ranking_id]: AreaRow.model_validate_json(row.body) for row in rows}


def _expected(expectations: dict[date, AreaRow], monday: date, horizon_days: int) -> tuple[float | None, float]:
    """Return what was expected of a week by the newest list before the end of its Monday whose horizon reaches into it, and dispersion."""
    fitting = [day for day in expectations if day < monday + WEEK and day + timedelta(days=horizon_days) > monday]
    if not fitting:
        return None, 0.0
    area = expectations[max(fitting)]
    return area.expected_escalations * WEEK.days / horizon_days, area.variation


@dataclass(frozen=True)
class Curve:
    """One figure over time, as a drawing; `points` are its days from left to right."""

    key: str
    """Key of its words."""
    points: tuple[tuple[float, float, date, float], ...]
    """x, y, day and value."""
    band: str
    """Points of the interval around it; empty without one."""
    reference: float
    """y of the line that it is read against."""
    ticks: tuple[tuple[float, str], ...]
    """y and label of the axis."""

    @property
    def line(self) -> str:
        """Points of the polyline."""
        return " ".join(f"{x},{y}" for x, y, *_ in self.points)


def draw_drift(days: Sequence[WatchedDay]) -> tuple[Curve, ...]:
    """Draw features, predictions and realised over expected; none where nothing was found yet."""
    drawn = (
        _curve("drift_curve_features", days, lambda day: day.features, ATTENTION_PSI),
        _curve("drift_curve_predictions", days, lambda day: day.predictions, ATTENTION_PSI),
        _curve("drift_curve_realised", days, lambda day: day.realised, 1.0),
    )
    return tuple(curve for curve in drawn if curve.points)


def _curve(key: str, days: Sequence[WatchedDay], value_of: Callable[[WatchedDay], float | None], reference: float) -> Curve:
    known = [(day, value) for day in days if (value := value_of(day)) is not None]
    bounded = [day for day, _ in known if day.low is not None and day.high is not None] if key == "drift_curve_realised" else []
    top = max([reference * 1.5, *(value for _, value in known), *(day.high or 0 for day in bounded)]) * 1.05

    def y(value: float) -> float:
        return round(BASE - value / top * (BASE - DRIFT_TOP), 1)

    first, last = (days[0].as_of, days[-1].as_of) if days else (date.min, date.min)

    def x(day: WatchedDay) -> float:
        share = (day.as_of - first).days / max((last - first).days, 1)
        return round(DRIFT_LEFT + share * (WIDTH - DRIFT_LEFT - 12), 1)

    upper = [f"{x(day)},{y(day.high or 0)}" for day in bounded]
    lower = [f"{x(day)},{y(day.low or 0)}" for day in reversed(bounded)]
    return Curve(
        key=key,
        points=tuple((x(day), y(value), day.as_of, value) for day, value in known),
        band=" ".join([*upper, *lower]),
        reference=y(reference),
        ticks=tuple((y(value), f"{value:.2f}") for value in (0.0, reference)),
    )
