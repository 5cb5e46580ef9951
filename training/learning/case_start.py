"""Start of cases: the margin from which trees begin (init score), a regression on the odds of a case's kind and on what else is known.

A tree of a few leaves follows a smooth rise in many steps, each of which takes rows of its own. Of a rare outcome there are too few, of a
frequent one the steps use up the trees. How far the regression may move away from the odds of the kind is found on the last of the rows it
learns from.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import logit
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.facts.facts import Codes
from features.panel.case_columns import DUE_ODDS, KIND_ODDS
from features.panel.case_rows import CaseRows
from training.learning.parts import Part
from training.learning.sampling import sample_alike

RAMP_DAYS = 30.0
"""Days up to which a term rises in proportion."""
RAMP = " ramp"
"""Ends the name of such a term."""
DUE = " due"
"""Ends the name of one that speaks of cases whose term ends within the horizon alone."""
FREEDOMS = (0.003, 0.01, 0.1, 1.0)
"""Variances of the slopes, per standard deviation of a term, that are tried; the more freedom, the less the prior holds."""
LEARNT_UNTIL, JUDGED_FROM = 0.6, 0.7
"""Shares of the as_ofs; what followed those between them overlaps with what followed the later ones."""
LEAST_EVENTS = 50
"""Escalated rows on each side from which a freedom can be chosen."""
LEAST_SHARE, LEAST_SPREAD = 1e-3, 1e-6
CASE_COPIES = 4
"""Tables of all columns that a fit has in memory at a time."""
SAMPLE_SEED = 1

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
    """Return the log odds of all rows, and those of every kind that has a row, shrunk towards them."""
    overall = float((happened.sum() + 1) / (len(happened) + 2))
    counts = np.bincount(kind, minlength=len(names))
    share = (np.bincount(kind, happened, len(names)) + PRIOR_CASES * overall) / (counts + PRIOR_CASES)
    return _log_odds(overall), {"/".join(names[number]): _log_odds(float(share[number])) for number in np.flatnonzero(counts)}


def _of_kind(rows: CaseRows, by_kind: dict[str, float], otherwise: float) -> Floats:
    known = np.array([by_kind.get("/".join(kind), otherwise) for kind in rows.kinds], np.float64)
    return known[rows.kind] if len(known) else np.zeros(len(rows.kind))


def _log_odds(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


@dataclass(frozen=True)
class Term:
    """One term of the regression."""

    slope: float
    center: float
    """Its mean, at which it adds nothing; a missing value stands there too."""
    low: float
    high: float
    """Least and greatest value in training: it says nothing beyond."""

    def margin(self, values: Floats) -> Floats:
        """Return what the term adds to the margin."""
        known = np.where(np.isnan(values), self.center, np.clip(values, self.low, self.high))
        return np.asarray(self.slope * (known - self.center))


@dataclass(frozen=True)
class CaseStart:
    """Encoding of case rows, learnt on training rows only."""

    odds: KindOdds
    intercept: float
    """Log odds of a case in which every term is at its mean."""
    terms: dict[str, Term]

    @classmethod
    def by_kind(cls, odds: KindOdds) -> Self:
        """Return the start that knows nothing but the kind."""
        known = (odds.overall, *odds.by_kind.values())
        return cls(odds, odds.overall, {KIND_ODDS.name: Term(1.0, odds.overall, min(known), max(known))})

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read what `asdict` returned; models of before had the odds of the kind alone."""
        if "odds" not in content:
            return cls.by_kind(KindOdds(**content))
        return cls(KindOdds(**content["odds"]), content["intercept"], {name: Term(**term) for name, term in content["terms"].items()})

    def margin(self, rows: CaseRows) -> Floats:
        """Return the margin of each row, (R,)."""
        margin = np.full(len(rows.kind), self.odds.overall)
        for _, added in self.steps(rows):
            margin += added
        return margin

    def steps(self, rows: CaseRows) -> Iterator[tuple[str, Floats]]:
        """Yield what leads from the log odds of all cases to the margin of each row, by the column that says it; first what none does."""
        yield "", np.full(len(rows.kind), self.intercept - self.odds.overall)
        for name, term in sorted(self.terms.items()):
            yield _column_of(name), term.margin(_values(rows, self.odds, name))


def fit_case_start(rows: CaseRows, happened: Floats, most_rows: int) -> CaseStart:
    """Learn from rows of which `happened` (R,) is known; the regression from at most so many of them."""
    odds = fit_kind_odds(rows, happened)
    freedom = _choose_freedom(rows, happened, most_rows)
    return CaseStart.by_kind(odds) if freedom is None else _regress(rows, odds, happened, most_rows, freedom)


def _choose_freedom(rows: CaseRows, happened: Floats, most_rows: int) -> float | None:
    """Return the freedom that predicted the last of the rows best from those before; None where the odds of the kind alone did."""
    as_ofs = int(rows.as_of.max(initial=-1)) + 1
    early, late = slice(0, round(LEARNT_UNTIL * as_ofs)), slice(round(JUDGED_FROM * as_ofs), as_ofs)
    past, after = rows.at(early), rows.at(late)
    before, followed = happened[rows.span(early)], happened[rows.span(late)]
    if min(_rarer(before), _rarer(followed)) < LEAST_EVENTS:
        return None
    odds = fit_kind_odds(past, before)
    starts: dict[float | None, CaseStart] = {None: CaseStart.by_kind(odds)}
    starts |= {freedom: _regress(past, odds, before, most_rows, freedom) for freedom in FREEDOMS}
    losses = {freedom: after.weight @ Part.OPEN.loss(start.margin(after), followed) for freedom, start in starts.items()}
    return min(losses, key=losses.__getitem__)


def _rarer(happened: Floats) -> float:
    """Return how many rows had the rarer outcome."""
    return float(min(happened.sum(), len(happened) - happened.sum()))


def _regress(rows: CaseRows, odds: KindOdds, happened: Floats, most_rows: int, freedom: float) -> CaseStart:
    """Fit the regression by maximum likelihood under a normal prior of the slopes; a term against its column's direction stays out."""
    chosen = sample_alike(len(happened), most_rows, SAMPLE_SEED)
    values = {name: _values(rows, odds, name)[chosen] for name in _names(rows)}
    terms = {name: term for name, value in values.items() if (term := _of_values(value)).low < term.high}
    table = {name: term.margin(values[name]) for name, term in terms.items()}
    while table:
        intercept, slopes = _fit_slopes(table, happened[chosen], rows.weight[chosen], freedom)
        against = {name for name, slope in slopes.items() if slope * _direction(rows, name) < 0}
        if not against:
            return CaseStart(odds, intercept, {name: replace(terms[name], slope=slope) for name, slope in slopes.items()})
        table = {name: term for name, term in table.items() if name not in against}
    return CaseStart.by_kind(odds)


def _fit_slopes(table: dict[str, Floats], happened: Floats, weights: Floats, freedom: float) -> tuple[float, dict[str, float]]:
    """Return the intercept and the slope of each term, whose values have the mean 0."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - ranking reads a fit and needs no estimator

    spread = {name: max(float(values.std()), LEAST_SPREAD) for name, values in table.items()}
    fit = LogisticRegression(C=freedom, solver="newton-cholesky")
    with threadpool_limits(1):
        fit.fit(np.stack([values / spread[name] for name, values in table.items()], axis=1), happened, weights)
    slopes = zip(table, fit.coef_[0].tolist(), strict=True)
    return float(fit.intercept_[0]), {name: slope / spread[name] for name, slope in slopes}


def _of_values(values: Floats) -> Term:
    """Return a term of slope 1 over the values that are known."""
    known = values[~np.isnan(values)]
    return Term(1.0, float(known.mean()), float(known.min()), float(known.max())) if len(known) else Term(1.0, 0.0, 0.0, 0.0)


def _names(rows: CaseRows) -> list[str]:
    """Return the terms that columns make: one each, and a ramp beside it of days."""
    learnt = (KIND_ODDS, DUE_ODDS) if "falls_due" in rows.names else (KIND_ODDS,)
    days = [column.name for column in rows.columns if column.unit == "days"]
    own = [column.name for column in (*learnt, *rows.columns)]
    return own + [name + RAMP for name in days] + ([name + DUE for name in days] if DUE_ODDS in learnt else [])


def _direction(rows: CaseRows, name: str) -> int:
    directions = {column.name: column.direction for column in (KIND_ODDS, DUE_ODDS, *rows.columns)}
    return directions[_column_of(name)]


def _column_of(name: str) -> str:
    """Return the column that a term is made of.

    >>> _column_of("age ramp"), _column_of("days_left")
    ('age', 'days_left')
    """
    return name.partition(" ")[0]


def _values(rows: CaseRows, odds: KindOdds, name: str) -> Floats:
    """Return the values of a term, (R,): logarithms of days and counts, log odds of shares, all else as it is; NaN where there is none."""
    if name == KIND_ODDS.name:
        return odds.margin(rows)
    if name == DUE_ODDS.name:
        return odds.due_margin(rows)
    column = rows.columns[rows.names.index(_column_of(name))]
    values = rows.column(column.name).astype(np.float64)
    if name.endswith(DUE):
        return np.where(rows.column("falls_due") > 0, np.clip(values, 0.0, RAMP_DAYS), np.nan)
    if name.endswith(RAMP):
        return np.clip(values, 0.0, RAMP_DAYS)
    if column.unit in ("days", "cases", "times"):
        return np.asarray(np.log1p(np.maximum(values, 0.0)))
    return np.asarray(logit(np.clip(values, LEAST_SHARE, 1 - LEAST_SHARE))) if column.unit == "share" else values
