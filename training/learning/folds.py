"""Rolling-origin folds: learn from the past, predict the next stretch, move on."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from features.days import Days
from features.errors import NotReadyError
from features.facts.facts import Facts
from training.learning.labels import ripe
from training.settings import BacktestSettings


@dataclass(frozen=True)
class Fold:
    """Positions in one array of as_ofs, both half-open `[start, end)`."""

    train: slice
    test: slice
    cutoff: int
    """First as_of of the test; nothing that became known on this day or later may be learnt from."""


@dataclass(frozen=True)
class Gap:
    """Gap after an as_of until its label can be learnt from."""

    horizon_days: int
    delay_allowance_days: int


def ripe_as_ofs(facts: Facts, gap: Gap, backtest: BacktestSettings) -> Days:
    """Return all as_ofs of the log whose label is ripe, `step_days` apart, the first after the warm-up.

    Raises:
        NotReadyError: no label is ripe yet.
    """
    first = facts.first_day + backtest.warm_up_days
    last = facts.known_through_day - gap.horizon_days - gap.delay_allowance_days
    if last < first:
        days = facts.known_through_day - facts.first_day + 1
        raise NotReadyError(
            f"a log must cover warm-up, horizon and delay allowance, {days} days are {first - last} too few. Ingest a longer log."
        )
    return np.arange(first, last + 1, backtest.step_days, dtype=np.int32)


def rolling_folds(as_ofs: Days, gap: Gap, test_share: float, folds: int) -> tuple[Fold, ...]:
    """Cut the last `test_share` of ascending as_ofs into folds of about equal length, each with all training as_ofs ripe by then.

    Raises:
        NotReadyError: a fold would have nothing to learn from.
    """
    first = len(as_ofs) - max(1, round(len(as_ofs) * test_share))
    if first < 0 or not ripe(as_ofs, gap.horizon_days, gap.delay_allowance_days, int(as_ofs[first])).any():
        raise NotReadyError(
            f"at least one as_of must be ripe before the test begins, but {len(as_ofs)} as_ofs with a horizon of {gap.horizon_days} days "
            f"leave none. Ingest a longer log or shorten the horizon."
        )
    bounds = np.unique(np.linspace(first, len(as_ofs), folds + 1).round().astype(int)).tolist()
    return tuple(_fold(as_ofs, gap, start, end) for start, end in pairwise(bounds))


def _fold(as_ofs: Days, gap: Gap, start: int, end: int) -> Fold:
    cutoff = int(as_ofs[start])
    trained = int(ripe(as_ofs, gap.horizon_days, gap.delay_allowance_days, cutoff).sum())
    return Fold(slice(0, trained), slice(start, end), cutoff)
