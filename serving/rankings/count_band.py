"""Count band: where the escalations of an area will lie on four of five lists."""

from scipy.special import nbdtrik, pdtrik

SHARES = (0.1, 0.9)


def count_band(mean: float, variation: float = 0.0) -> tuple[float, float]:
    """Return the 10 % and 90 % quantiles of a negative binomial count of variance mean + variation x mean ** 2.

    >>> count_band(19.0), count_band(19.0, 0.05)
    ((14.0, 25.0), (12.0, 27.0))
    """
    low, high = (max(round(_quantile(share, mean, variation) + 0.5), 0) for share in SHARES)
    return float(low), float(high)


def _quantile(share: float, mean: float, variation: float) -> float:
    if variation <= 0:
        return float(pdtrik(share, mean))
    size = 1 / variation
    return float(nbdtrik(share, size, size / (size + mean)))
