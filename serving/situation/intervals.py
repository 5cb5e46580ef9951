"""Intervals of counts and of their ratios, exact under the Poisson law."""

from dataclasses import dataclass

from scipy.stats import beta, chi2

TAIL = 0.025


@dataclass(frozen=True)
class Change:
    """How many times as many there were, by day."""

    ratio: float
    low: float
    high: float


def count_interval(count: float) -> tuple[float, float]:
    """Return the 95 % interval of the mean behind a Poisson count.

    >>> [round(bound, 2) for bound in count_interval(10)]
    [4.8, 18.39]
    """
    low = float(chi2.ppf(TAIL, 2 * count)) / 2 if count > 0 else 0.0
    return low, float(chi2.ppf(1 - TAIL, 2 * (count + 1))) / 2


def change(now: float, days: int, before: float, days_before: int, tail: float = TAIL) -> Change | None:
    """Compare two Poisson counts; None where there is nothing to compare with.

    Given their sum, the first is binomial, so that its exact interval gives that of the ratio.
    """
    if not now or not before:
        return None
    scale = days_before / days
    low, high = (float(share) for share in (beta.ppf(tail, now, before + 1), beta.ppf(1 - tail, now + 1, before)))
    return Change(now / before * scale, low / (1 - low) * scale, high / (1 - high) * scale)
