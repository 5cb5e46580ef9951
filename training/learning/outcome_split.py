"""Outcome split: how a case would escalate if it does; the shares of its outcomes add up to one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from features.facts.facts import Codes, Outcome
from training.learning.booster import Columns, Rows, boost, margin, read_booster
from training.settings import ModelSettings

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

OUTCOMES = (Outcome.HANDED_UP, Outcome.TERM_PASSED, Outcome.CAME_BACK)
"""Outcomes of an open or closed case, in this order."""
HANDED_UP, TERM_PASSED = 0, 1
"""Positions in it of what competes while a case is open."""
PRIOR_ROWS = 1.0
"""Escalated rows, spread over the outcomes that were seen, that keep a share from being exactly none or all."""
LEAST_ROWS = 200
"""Escalated rows, of each of the two, from which trees can tell them apart."""
ROUNDS = 40


@dataclass(frozen=True)
class OutcomeSplit:
    """Shares of the outcomes among rows that escalated, and trees that tell a term passed from a handing up."""

    shares: tuple[float, ...]
    """Of `OUTCOMES`; empty where the target counts new events, which have no other outcome."""
    booster: str = ""
    """Adds to the log odds of a term passed; empty where there was too little to learn from."""

    def of(self, matrix: Matrix) -> Floats:
        """Return the shares of the outcomes of each row, (N, outcomes)."""
        shares = np.tile(np.array(self.shares, np.float64), (len(matrix), 1))
        if self.booster and len(matrix):
            both = self.shares[HANDED_UP] + self.shares[TERM_PASSED]
            passed = expit(_log_odds(self.shares) + margin(read_booster(self.booster), matrix))
            shares[:, HANDED_UP], shares[:, TERM_PASSED] = both * (1 - passed), both * passed
        return shares


NO_SPLIT = OutcomeSplit(())


def fit_shares(codes: Codes, weights: Floats) -> OutcomeSplit:
    """Learn the shares alone from the outcomes of rows, 0 where a row did not escalate."""
    totals = np.array([weights[codes == outcome].sum() for outcome in OUTCOMES])
    seen = totals > 0
    if not seen.any():
        return NO_SPLIT
    shares = (totals + PRIOR_ROWS * seen / seen.sum()) / (totals.sum() + PRIOR_ROWS)
    return OutcomeSplit(tuple(shares.tolist()))


def fit_outcome_split(matrix: Matrix, codes: Codes, weights: Floats, names: tuple[str, ...], model_settings: ModelSettings) -> OutcomeSplit:
    """Learn shares and trees from what trees read of rows (N, F) and their outcomes (N,), 0 where a row did not escalate."""
    split = fit_shares(codes, weights)
    competing = np.flatnonzero(np.isin(codes, OUTCOMES[: TERM_PASSED + 1]))
    passed = (codes[competing] == Outcome.TERM_PASSED).astype(np.float64)
    if not split.shares or min(passed.sum(), len(passed) - passed.sum()) < LEAST_ROWS:
        return split
    offset = np.full(len(competing), _log_odds(split.shares))
    rows = Rows(matrix[competing], passed, offset, weights[competing], "binary")
    return OutcomeSplit(split.shares, boost(rows, Columns(names, (0,) * len(names)), model_settings, ROUNDS))


def _log_odds(shares: tuple[float, ...]) -> float:
    return float(np.log(shares[TERM_PASSED] / shares[HANDED_UP]))
