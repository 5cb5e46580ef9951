"""Made-up districts whose lists send the visits that make the records: what a list does to itself over years, by the product's own code.

Every day some disputes arise in each grid; residents report a share of them, and a visit finds some of the others of the last days. The
lists are made by the panel and the model from what was recorded. Three worlds: all grids alike with an uneven past (`equal`), grids that
differ with an uneven past (`hist`), and grids of which half report less (`underrep`).
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum, auto

import numpy as np
import polars as pl

from features.days import EPOCH
from features.facts.facts import Facts
from features.panel.build import build_panel
from features.undertakings.exposure import with_visits
from features.undertakings.undertaking import EFFORT_SCHEMA
from serving.settings import AlertSettings
from tests.support.trained_worlds import FAST, make_facts
from training.learning.examples import Examples
from training.learning.fit import fit
from training.learning.folds import Gap
from training.learning.labels import count_labels
from training.learning.model import Fitted
from training.settings import ModelSettings

GRIDS, SLOTS = 200, 10
WEEK = 7
BURN_IN, DAYS, WINDOW = 26 * WEEK, 78 * WEEK, 26 * WEEK
"""Days of visits before there are lists, with lists, and of these the last ones, over which is judged."""
REFIT_WEEKS = 8
DETECTION, BACKLOG_DAYS = 0.6, 3
VISIT_DAYS = DETECTION * BACKLOG_DAYS
ALERTS = AlertSettings()
SETTINGS = FAST.model_copy(
    update={
        "model": ModelSettings(
            num_boost_round=40, min_data_in_leaf=200, inner_folds=2, replicates=0, threads=1, least_history_days=28, least_as_ofs=8
        )
    }
)


class Policy(StrEnum):
    """How visits are chosen."""

    NAIVE = auto()
    """By a model that counts all records alike; the same grids may be named every day, and none is drawn at random."""
    POOLED = auto()
    """The product where visits are not known: a tenth of the places is random, and a visited grid rests for the cool-down."""
    BY_VISITS = auto()
    """The product where they are: found cases count by visits besides."""
    ORACLE = auto()
    """By the true rates, every day."""
    RESTING_ORACLE = auto()
    """By the true rates, with the cool-down."""


@dataclass(frozen=True)
class District:
    """What nobody sees."""

    rates: np.ndarray
    """(G,) disputes that arise per day."""
    reported: np.ndarray
    """(G,) share of them that residents report."""
    past: np.ndarray
    """(G,) how often grids were visited before there were lists, in proportion."""

    @property
    def group(self) -> np.ndarray:
        """(G,) flags of the half that was visited more, or reports less."""
        return np.arange(len(self.rates)) >= len(self.rates) // 2


def make_district(world: str, rng: np.random.Generator, grids: int = GRIDS) -> District:
    """Draw a district of one of the three worlds."""
    second = np.arange(grids) >= grids // 2
    rates = np.full(grids, 0.15) if world == "equal" else rng.gamma(2.0, 0.075, grids)
    uneven = world != "underrep"
    return District(
        rates,
        reported=np.full(grids, 0.35) if uneven else np.where(second, 0.2, 0.5),
        past=np.where(second, 2.0, 1.0) if uneven else np.ones(grids),
    )


@dataclass(frozen=True)
class Loop:
    """One district from its first visit to the end of its lists."""

    district: District
    policy: Policy
    rng: np.random.Generator
    arisen: list[np.ndarray] = field(default_factory=list)
    """(G,) disputes of each day."""
    visited: list[np.ndarray] = field(default_factory=list)
    """(G,) visits of each day."""
    records: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    """(G,) reported and found cases of each day."""

    def run(self) -> "Course":
        """Live through all days."""
        model: Fitted | None = None
        scores = np.zeros(len(self.district.rates))
        for day in range(BURN_IN + DAYS):
            if day < BURN_IN:
                drawn = self.rng.random(len(scores)) ** (1 / self.district.past)
                self._live(np.argsort(-drawn)[:SLOTS])
                continue
            if self.policy in (Policy.ORACLE, Policy.RESTING_ORACLE):
                scores = self.district.rates
            elif (day - BURN_IN) % WEEK == 0:
                facts = self._facts(day)
                if model is None or (day - BURN_IN) // WEEK % REFIT_WEEKS == 0:
                    model = _learn(facts, day)
                scores = model.predict(build_panel(facts, np.array([day], np.int32), WEEK, SETTINGS)).expected[0]
            self._live(self._choose(scores))
        return Course(self.district.group, self.district.rates, np.array(self.arisen[BURN_IN:]), np.array(self.visited[BURN_IN:]))

    def _choose(self, scores: np.ndarray) -> np.ndarray:
        """Return the grids of a day: the first by score, ties by lot, and as many at random as the policy wants."""
        order = np.lexsort((self.rng.random(len(scores)), -scores))
        if self.policy not in (Policy.NAIVE, Policy.ORACLE):
            order = order[np.sum(self.visited[-ALERTS.cool_down_days :], axis=0)[order] == 0]
        explored = round(SLOTS * ALERTS.exploration_share) if self.policy in (Policy.POOLED, Policy.BY_VISITS) else 0
        first = SLOTS - explored
        return np.concatenate([order[:first], self.rng.choice(order[first:], explored, replace=False)])

    def _live(self, chosen: np.ndarray) -> None:
        """Let a day pass, with visits to some grids."""
        rates, reported = self.district.rates, self.district.reported
        visits = np.isin(np.arange(len(rates)), chosen).astype(np.int64)
        arisen = self.rng.poisson(rates)
        found = self.rng.poisson(VISIT_DAYS * (1 - reported) * rates) * visits
        self.arisen.append(arisen)
        self.visited.append(visits)
        self.records.append((self.rng.binomial(arisen, reported), found))

    def _facts(self, day: int) -> Facts:
        """Return what is known at the start of a day."""
        counts = np.array(self.records)  # (days, 2, G)
        on, was_found, grid = (np.repeat(index, counts.ravel()) for index in np.indices(counts.shape).reshape(3, -1))
        order = np.lexsort((on, grid))
        facts = make_facts(grid, on, counts.shape[2], day - 1)
        facts = replace(facts, cases=replace(facts.cases, self_found=was_found[order].astype(np.int16)))
        return with_visits(facts, self._effort(facts), VISIT_DAYS if self.policy is Policy.BY_VISITS else None)

    def _effort(self, facts: Facts) -> pl.DataFrame:
        weeks = len(self.visited) // WEEK
        visits = np.array(self.visited[: weeks * WEEK]).reshape(weeks, WEEK, -1).sum(axis=1)
        week = np.repeat(np.datetime64(EPOCH, "D") + WEEK * np.arange(weeks), visits.shape[1])
        grid_id = np.tile(facts.places.grid_ids, weeks)
        return pl.DataFrame({"grid_id": grid_id, "week": week, "visits": visits.ravel()}, schema=EFFORT_SCHEMA)


def _learn(facts: Facts, day: int) -> Fitted:
    as_ofs = np.arange(max(5 * WEEK, day - 52 * WEEK), day - WEEK + 1, WEEK, dtype=np.int32)
    panel = build_panel(facts, as_ofs, WEEK, SETTINGS)
    counts = count_labels(facts, as_ofs, WEEK)
    return fit(Examples(panel, counts, np.ones(counts.shape), Gap(WEEK, 0), facts.target_name), SETTINGS.model)


@dataclass(frozen=True)
class Course:
    """What a policy did, on all days with lists."""

    group: np.ndarray
    rates: np.ndarray
    arisen: np.ndarray
    visited: np.ndarray

    @property
    def amplification(self) -> float:
        """Share of visits that the group got, over its share of disputes."""
        return self._share(self._last(self.visited)) / self._share(self._last(self.arisen))

    @property
    def concentration(self) -> float:
        """Share of visits to the most visited grids, as many as there are slots."""
        visits = np.sort(self._last(self.visited).sum(axis=0))
        return float(visits[-SLOTS:].sum() / visits.sum())

    @property
    def recall(self) -> float:
        """Share of disputes on days on which their grid was visited."""
        arisen = self._last(self.arisen)
        return float((arisen * self._last(self.visited)).sum() / arisen.sum())

    @property
    def blind(self) -> float:
        """Share of the tenth of grids with the highest rates that was never visited."""
        highest = np.argsort(-self.rates)[: len(self.rates) // 10]
        return float((self._last(self.visited).sum(axis=0)[highest] == 0).mean())

    def quarter(self, number: int) -> float:
        """Return the group's share of visits in one quarter of the days."""
        return self._share(np.array_split(self.visited, 4)[number])

    def _last(self, days: np.ndarray) -> np.ndarray:
        return days[-WINDOW:]

    def _share(self, days: np.ndarray) -> float:
        return float(days[:, self.group].sum() / days.sum())


def run_policy(world: str, policy: Policy, seed: int) -> Course:
    """Run one policy in the district of a seed, which is the same for every policy."""
    district = make_district(world, np.random.default_rng(seed))
    return Loop(district, policy, np.random.default_rng([seed, 1])).run()
