"""Curves of what the monitor found over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from serving.monitoring.history import WatchedDay

WIDTH, HEIGHT, LEFT, TOP, BASE = 640.0, 190.0, 44.0, 14.0, 150.0
ATTENTION_PSI = 0.25
"""Shift from which the monitor asks for attention."""


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
        return round(BASE - value / top * (BASE - TOP), 1)

    first, last = (days[0].as_of, days[-1].as_of) if days else (date.min, date.min)

    def x(day: WatchedDay) -> float:
        share = (day.as_of - first).days / max((last - first).days, 1)
        return round(LEFT + share * (WIDTH - LEFT - 12), 1)

    upper = [f"{x(day)},{y(day.high or 0)}" for day in bounded]
    lower = [f"{x(day)},{y(day.low or 0)}" for day in reversed(bounded)]
    return Curve(
        key=key,
        points=tuple((x(day), y(value), day.as_of, value) for day, value in known),
        band=" ".join([*upper, *lower]),
        reference=y(reference),
        ticks=tuple((y(value), f"{value:.2f}") for value in (0.0, reference)),
    )
