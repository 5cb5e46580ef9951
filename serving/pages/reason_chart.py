"""Reasons as bars: what each multiplies the usual level by, on a logarithmic axis around 1."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from serving.pages.translations import Translator, fact, factor
from serving.rankings.schemas import Explanation
from serving.text import Text

WIDTH, ROOM = 420.0, 58.0
"""Pixels of the axis, and of the figure that may stand on either side of a bar."""
TICKS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 500.0)
NARROWEST = 2.0
"""Least reach of the axis above and below 1."""
APART = 56.0
"""Least pixels between two ticks."""


@dataclass(frozen=True)
class Bar:
    """One reason."""

    name: str
    factor: str
    x: float
    width: float
    at: float
    """Where its figure stands."""
    up: bool


@dataclass(frozen=True)
class ReasonBars:
    """The drawing."""

    width: float
    one: float
    """x of the usual level."""
    ticks: tuple[tuple[float, str], ...]
    bars: tuple[Bar, ...]
    rest: Bar
    """All that is not said one by one, so that the product is the whole factor."""


def draw_reasons(explanation: Explanation, t: Translator) -> ReasonBars:
    """Lay out the published reasons, strongest first, and the rest of the factor as one bar."""
    said = [(t.of(fact(reason.words)), reason.factor) for reason in explanation.reasons]
    whole = math.exp(sum(explanation.contributions.values()))
    rest = whole / math.prod(value for _, value in said)
    axis = _Axis.over([value for _, value in said] + [rest])
    bars = tuple(axis.bar(name, value) for name, value in said)
    ticks = tuple((axis.x(tick), f"×{tick:g}") for tick in axis.ticks())
    return ReasonBars(WIDTH, axis.x(1.0), ticks, bars, axis.bar(t("the_rest"), rest))


def plain(texts: Iterable[Text], t: Translator) -> tuple[str, ...]:
    """Say texts in the reader's language."""
    return tuple(t.of(text) for text in texts)


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float

    @classmethod
    def over(cls, factors: list[float]) -> "_Axis":
        return cls(math.log(min([1 / NARROWEST, *factors])), math.log(max([NARROWEST, *factors])))

    def x(self, value: float) -> float:
        return round(ROOM + (math.log(value) - self.low) / (self.high - self.low) * (WIDTH - 2 * ROOM), 1)

    def ticks(self) -> Iterable[float]:
        """Yield marks of the axis that do not crowd; 1 always."""
        last = -math.inf
        for tick in TICKS:
            near_one = tick != 1.0 and abs(self.x(tick) - self.x(1.0)) < APART
            if self.low <= math.log(tick) <= self.high and not near_one and (tick == 1.0 or self.x(tick) - last >= APART):
                last = self.x(tick)
                yield tick

    def bar(self, name: str, value: float) -> Bar:
        one, end = self.x(1.0), self.x(value)
        return Bar(name, factor(value), min(one, end), round(abs(end - one), 1), end + 8 if value >= 1 else end - 8, value >= 1)
