"""To petition is a right: petitions handled on time leave no trace in a model that is trained on a log that holds them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from features.days import to_date
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.facts.facts import Facts
from features.panel.build import build_panel
from features.schema import Col
from tests.support.databases import Databases
from tests.support.golden_sample import make_sample
from tests.support.published_world import LAST_DAY, World, append, fill, new_world
from training.learning.folds import Gap, ripe_as_ofs
from training.train import fit_all

pytestmark = [pytest.mark.full, pytest.mark.dialect("sqlite")]

Places = npt.NDArray[np.int64]

ADDED = 1_000
TERM = timedelta(days=60)
SAMPLE = make_sample(LAST_DAY, days=500, grids=40, rng=np.random.default_rng(7))


@pytest.fixture(params=["no petitions", "petitions of every kind"])
def district(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[World]:
    """A log of disputes, and in one of two also with petitions that are open, late or overdue."""
    with new_world(databases, "sqlite", tmp_path / "home") as world:
        fill(world, SAMPLE)
        if request.param != "no petitions":
            append(world.engine, badly_handled(np.random.default_rng(5)), "petitions")
        yield world


def petitions(grids: Places, received: list[datetime], concluded: Sequence[datetime | None]) -> pl.DataFrame:
    """Return petitions as flat cases; grids are given by their numbers."""
    return pl.DataFrame(
        {
            Col.EVENT_ID: [f"P{grids.sum()}-{number}" for number in range(len(grids))],
            Col.GRID_ID: [SAMPLE.grids[Col.GRID_ID][int(grid)] for grid in grids],
            Col.EVENT_TYPE: "petition",
            Col.CATEGORY: "labor_wage",
            Col.OCCURRED_AT: received,
            Col.REPORTED_AT: received,
            Col.DEADLINE_AT: [moment + TERM for moment in received],
            Col.RESOLVED_AT: concluded,
            Col.SOURCE: "resident",
            Col.PEOPLE_BUCKET: "30+",
        },
        schema_overrides={Col.RESOLVED_AT: pl.Datetime("us")},
    )


def badly_handled(rng: np.random.Generator) -> pl.DataFrame:
    """Return 120 petitions over a year, a third each open to the end, concluded late and concluded in time."""
    first = datetime.combine(LAST_DAY - timedelta(days=400), time(9))
    received = [first + timedelta(days=int(day)) for day in rng.integers(0, 380, 120)]
    takes = [(None, 75, 20)[number % 3] for number in range(120)]
    end = datetime.combine(LAST_DAY, time())
    concluded = [moment + timedelta(days=days) if days else None for moment, days in zip(received, takes, strict=True)]
    return petitions(rng.integers(0, 40, 120), received, [None if moment is None or moment >= end else moment for moment in concluded])


def on_time(as_ofs: list[date], rng: np.random.Generator) -> pl.DataFrame:
    """Return a thousand petitions, each received and concluded between two of these days."""
    starts = [datetime.combine(as_ofs[int(number)], time()) for number in rng.integers(0, len(as_ofs) - 1, ADDED)]
    received = [start + timedelta(days=float(rng.uniform(0.1, 2))) for start in starts]
    return petitions(rng.integers(0, 40, ADDED), received, [moment + timedelta(days=float(rng.uniform(0.1, 4.5))) for moment in received])


def as_ofs_of(world: World, facts: Facts) -> npt.NDArray[np.int32]:
    return ripe_as_ofs(facts, Gap(world.settings.horizon_days, world.settings.delay_allowance_days), world.settings.backtest)


def train_on(world: World) -> tuple[dict[str, bytes], Facts]:
    """Return the files of a model trained on the log as it is, and what it learnt from."""
    facts = read_facts(read_log(world.home, world.engine), None, world.settings)
    gap = Gap(world.settings.horizon_days, world.settings.delay_allowance_days)
    panel = build_panel(facts, as_ofs_of(world, facts), gap.horizon_days, world.settings)
    return fit_all(facts, panel, gap, world.settings.model).files(), facts


def retrained(world: World) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the files of a model before and after a thousand petitions handled on time came into its log."""
    before, facts = train_on(world)
    days = [to_date(day) for day in as_ofs_of(world, facts)]
    append(world.engine, on_time(days, np.random.default_rng(6)), "added")
    after, with_added = train_on(world)

    assert ADDED == len(with_added.cases.grid) - len(facts.cases.grid)
    return before, after


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    return sorted(name for name in before | after if before.get(name) != after.get(name))


def test_retraining_after_a_thousand_petitions_handled_on_time_gives_the_same_bytes(
    district: World, record_property: Callable[[str, object], None]
) -> None:
    before, after = retrained(district)

    record_property("booster files equal byte for byte after a thousand more petitions", sum(name.endswith(".lgb") for name in before))
    assert len([name for name in before if name.endswith(".lgb")]) > 3
    assert [] == changed(before, after)


def test_retraining_that_counts_petitions_among_all_cases_is_caught(district: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("features.facts.facts.Facts.is_petition", property(lambda facts: np.zeros(len(facts.cases.grid), np.bool_)))
    before, after = retrained(district)

    assert "new.lgb" in changed(before, after)
