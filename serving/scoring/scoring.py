"""Scoring one day: the same facts, panel and model code as in training, for a single as_of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from sqlalchemy import Engine

from features.days import day_number
from features.eventlog.read import EventLog
from features.eventlog.snapshot import LogSnapshot
from features.facts.derive import read_facts
from features.facts.facts import Facts
from features.facts.kept import read_kept_facts
from features.panel.build import Panel, build_features, catalogue
from features.panel.feature import Feature
from features.storage.home import Home
from serving.rankings.schemas import Explanation
from serving.scoring.coverage import Coverage, RatingRules, read_coverage
from serving.scoring.explanations import explain_cells, tells_what_goes_on
from serving.settings import Settings
from serving.text import CONFIDENCE, SMALLEST_SHOWN_COUNT, Text, frequency
from training.learning.model import Fitted, Replicated
from training.learning.model_rows import features_read
from training.learning.parts import Part
from training.registry.local_columns import require_local_columns
from training.registry.published import Published, current

Floats = npt.NDArray[np.float64]
Grids = npt.NDArray[np.int64]
"""Positions in the order of the panel's grids."""

SHOWN_DAYS = 28


def most_reports(facts: Facts, as_of: int) -> npt.NDArray[np.int64]:
    """Return (G,) reports of the case of the last 28 days that most people reported, as known before `as_of`; 0 where each has one."""
    recent = (facts.further.known_day >= as_of - SHOWN_DAYS) & (facts.further.known_day < as_of)
    reports = 1 + np.bincount(facts.further.case[recent], minlength=len(facts.cases.grid))
    most = np.zeros(facts.places.size, np.int64)
    repeated = np.flatnonzero((reports > 1) & (facts.cases.grid >= 0))
    np.maximum.at(most, facts.cases.grid[repeated], reports[repeated])
    return most


def say_burst(reports: int) -> tuple[Text, ...]:
    """Say how often the most reported case was reported; nothing where that is few.

    >>> say_burst(12)[0].zh, say_burst(2)
    ('近28天有同一事由1件、12人次，按1件计', ())
    """
    if reports < SMALLEST_SHOWN_COUNT:
        return ()
    return (
        Text(
            zh=f"近28天有同一事由1件、{reports}人次，按1件计",
            en=f"1 matter of the last 28 days was reported {reports} times and counts once",
        ),
    )


@dataclass(frozen=True)
class ScoredDay:
    """All grids on one day; arrays have shape (G,) in the order of the panel's grids."""

    as_of: date
    model_hash: str
    model_version: str
    model: Fitted
    facts: Facts
    panel: Panel
    """With the columns that the model reads."""
    coverage: Coverage
    expected: Floats
    usual_level: Floats
    risk: Floats
    refitted: Mapping[Part, Replicated]
    """Expectation of the model's replicates for the rows of each part."""

    @property
    def refits(self) -> Floats:
        """Expected escalations by the model's replicates, (B, G)."""
        shape = 1, len(self.expected)
        return np.asarray(sum(rows.sums(shape) for rows in self.refitted.values()))[:, 0]

    @property
    def rated(self) -> Grids:
        """Positions of the grids that are rated."""
        return np.flatnonzero(self.coverage.rated)

    def explain(self, grids: Grids) -> list[Explanation]:
        """Explain the scores of some grids, given by position."""
        average = float(self.risk[self.rated].mean())
        reports = most_reports(self.facts, day_number(self.as_of))
        certainty = [
            (frequency(float(self.risk[grid]), average), CONFIDENCE[self.coverage.confidence[grid]], *say_burst(int(reports[grid])))
            for grid in grids.tolist()
        ]
        return list(explain_cells(self.model, self.panel, self.refitted, grids, certainty))


def score_day(home: Home, engine: Engine, settings: Settings, as_of: date, target: str | None = None) -> ScoredDay:
    """Score every grid with the champion of a target, from what was known before `as_of`.

    Raises:
        NotReadyError: there is no champion.
        StoreError: the champion's files are not what was published, or it reads local columns of other code than is there now.
    """
    return next(score_days(home, engine, settings, [as_of], target))


def score_days(home: Home, engine: Engine, settings: Settings, as_ofs: Sequence[date], target: str | None = None) -> Iterator[ScoredDay]:
    """Score several days as `score_day` would; champion and facts are read once."""
    champion = current(home, engine, target)
    model = Fitted.from_files(dict(champion.files))
    facts = read_kept_facts(EventLog(home, engine), model.target, settings)
    yield from score_facts(champion, model, facts, settings, as_ofs)


def score_snapshot(champion: Published, snapshot: LogSnapshot, settings: Settings, as_ofs: Sequence[date]) -> Iterator[ScoredDay]:
    """Score every grid of a snapshot of a log on several days."""
    model = Fitted.from_files(dict(champion.files))
    yield from score_facts(champion, model, read_facts(snapshot, model.target, settings), settings, as_ofs)


def score_facts(champion: Published, model: Fitted, facts: Facts, settings: Settings, as_ofs: Sequence[date]) -> Iterator[ScoredDay]:
    """Score every grid of some facts on several days; the model is the champion's, read."""
    require_local_columns(champion.files, settings.panel.local_features)
    features = _features_scored(model, catalogue(facts, model.horizon_days, settings))
    for as_of in as_ofs:
        day = day_number(as_of)
        panel = build_features(facts, np.array([day], np.int32), model.horizon_days, settings, features)
        scores = model.predict(panel)
        yield ScoredDay(
            as_of=as_of,
            model_hash=champion.hash,
            model_version=str(champion.version),
            model=model,
            facts=facts,
            panel=panel,
            coverage=read_coverage(facts, day, RatingRules.of(settings.ranking, settings.intake)),
            expected=scores.expected[0],
            usual_level=scores.usual_level[0],
            risk=scores.risk[0],
            refitted=model.replicated(panel, settings.model.threads),
        )


def _features_scored(model: Fitted, features: Sequence[Feature]) -> tuple[Feature, ...]:
    """Return the features that the model reads, and those that are said of a grid whatever it reads."""
    read = {feature.name for feature in features_read(model, features)}
    return tuple(feature for feature in features if feature.name in read or tells_what_goes_on(feature))
