"""Start: the margin from which the trees of each part begin, LightGBM's init score."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts.facts import Codes
from features.panel.case_rows import CaseRows

Floats = npt.NDArray[np.float64]

PRIOR_CASES = 20.0
"""Cases of all kinds together that steady one kind's share."""


@dataclass(frozen=True)
class KindOdds:
    """Log odds that a case escalates, by event type and category; shrunk towards those of all kinds."""

    overall: float
    by_kind: dict[str, float]
    """`event_type/category` -> log odds."""
    overall_due: float
    due_by_kind: dict[str, float]
    """The same among cases that fall due within the horizon."""

    def margin(self, rows: CaseRows) -> Floats:
        """Return the log odds of each row's kind; of a kind that was not learnt those of all."""
        return _of_kind(rows, self.by_kind, self.overall)

    def due_margin(self, rows: CaseRows) -> Floats:
        """Return the log odds of each row's kind among cases that fall due; NaN for rows that do not."""
        return np.where(_falls_due(rows), _of_kind(rows, self.due_by_kind, self.overall_due), np.nan)


def fit_kind_odds(rows: CaseRows, happened: Floats) -> KindOdds:
    """Learn the log odds of each kind from rows of which `happened` (R,) is known."""
    due = _falls_due(rows)
    return KindOdds(*_shrunk_odds(rows.kinds, rows.kind, happened), *_shrunk_odds(rows.kinds, rows.kind[due], happened[due]))


def _falls_due(rows: CaseRows) -> npt.NDArray[np.bool_]:
    return rows.column("falls_due") > 0 if "falls_due" in rows.names else np.zeros(len(rows.kind), np.bool_)


def _shrunk_odds(names: tuple[tuple[str, str], ...], kind: Codes, happened: Floats) -> tuple[float, dict[str, float]]:
    """Return the log odds of all rows, and by kind shrunk towards them."""
    overall = float((happened.sum() + 1) / (len(happened) + 2))
    counts = np.bincount(kind, minlength=len(names))
    share = (np.bincount(kind, happened, len(names)) + PRIOR_CASES * overall) / (counts + PRIOR_CASES)
    return _log_odds(overall), {"/".join(name): _log_odds(chance) for name, chance in zip(names, share.tolist(), strict=True)}


def _of_kind(rows: CaseRows, by_kind: dict[str, float], otherwise: float) -> Floats:
    known = np.array([by_kind.get("/".join(kind), otherwise) for kind in rows.kinds], np.float64)
    return known[rows.kind] if len(known) else np.zeros(len(rows.kind))


def _log_odds(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))
