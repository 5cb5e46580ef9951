"""A campaign that doubles what staff find hardly moves the list that a real doubling moves."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from features.days import day_number
from features.eventlog.snapshot import LogSnapshot
from features.facts.derive import read_facts
from features.panel.build import build_panel
from features.schema import Action, Col
from features.undertakings.undertaking import VERSION_SCHEMA
from serving.settings import Settings
from tests.support.simulated_homes import simulated_home
from training.learning.folds import Gap
from training.learning.model import Fitted
from training.train import fit_all

pytestmark = pytest.mark.full

HORIZON, DAYS = 14, 28
AS_OFS = (date(2026, 6, 25), date(2026, 8, 6), date(2026, 9, 10), date(2026, 10, 15))
MOMENTS = (Col.AT, Col.KNOWN_AT, Col.OCCURRED_AT, Col.DEADLINE_AT)


def begin(as_of: date) -> datetime:
    return datetime.combine(as_of - timedelta(days=DAYS), time(), UTC)


def doubled(snapshot: LogSnapshot, as_of: date, places: list[str], *, found_alone: bool) -> LogSnapshot:
    """Give each case reported there in the weeks before as_of a twin on another day of those weeks, with all that became of it."""
    rng, records = np.random.default_rng(day_number(as_of)), snapshot.records
    grids = [grid for grid, path in snapshot.grids.select(Col.GRID_ID, Col.PARENT_PATH).iter_rows() if path.startswith(tuple(places))]
    wanted = pl.col(Col.SELF_FOUND).fill_null(value=False) if found_alone else pl.lit(value=True)
    lately = pl.col(Col.KNOWN_AT).is_between(begin(as_of), begin(as_of) + timedelta(days=DAYS), closed="left")
    opened = pl.col(Col.ACTION) == Action.REPORTED
    cases = records.filter(opened, wanted, lately, pl.col(Col.GRID_ID).cast(pl.String).is_in(grids))
    age = (cases[Col.KNOWN_AT] - begin(as_of)).dt.total_days().to_numpy()
    moved = pl.DataFrame({Col.EVENT_SEQ: cases[Col.EVENT_SEQ], "days": rng.integers(DAYS, size=len(cases)) - age})
    twins = records.join(moved, on=Col.EVENT_SEQ, maintain_order="left")
    shifted = [pl.col(name) + pl.duration(days="days") for name in MOMENTS]
    numbers = pl.int_range(1, pl.len() + 1) + records[Col.SEQ].max()
    twins = twins.with_columns(*shifted, numbers.alias(Col.SEQ))
    own = twins.filter(opened).select(Col.EVENT_SEQ, pl.col(Col.SEQ).alias("own"))
    twins = twins.join(own, on=Col.EVENT_SEQ, maintain_order="left").with_columns(pl.col("own").alias(Col.EVENT_SEQ))
    both = pl.concat([records, twins.select(records.columns)])
    return replace(snapshot, records=both, sequence=int(both[Col.SEQ].to_numpy()[-1]))


def in_campaign(snapshot: LogSnapshot, as_of: date, places: list[str]) -> LogSnapshot:
    """Register a campaign of those weeks."""
    start = begin(as_of)
    version = (
        "campaign",
        1,
        "campaign",
        "screening",
        ";".join(places),
        start.date(),
        start.date(),
        as_of,
        False,
        start - timedelta(days=1),
    )
    return replace(snapshot, undertakings=pl.concat([snapshot.undertakings, pl.DataFrame([version], VERSION_SCHEMA, orient="row")]))


def fit_all_weeks(snapshot: LogSnapshot, settings: Settings) -> Fitted:
    facts = read_facts(snapshot, "escalation", settings)
    as_ofs = np.arange(facts.first_day + DAYS, facts.known_through_day - 2 * HORIZON, HORIZON, dtype=np.int32)
    gap = Gap(HORIZON, settings.delay_allowance_days)
    model = settings.model.model_copy(update={"replicates": 0})
    return fit_all(facts, build_panel(facts, as_ofs, HORIZON, settings), gap, model)


def ranks(model: Fitted, snapshot: LogSnapshot, as_of: date, settings: Settings) -> npt.NDArray[np.int64]:
    facts = read_facts(snapshot, "escalation", settings)
    expected = model.predict(build_panel(facts, np.array([day_number(as_of)], np.int32), HORIZON, settings)).expected[0]
    return np.argsort(np.argsort(-expected, kind="stable"))


def test_campaign_that_doubles_what_staff_find_moves_ranks_less_than_a_tenth_of_a_real_doubling(tmp_path: Path) -> None:
    work = simulated_home("undertakings", 1, tmp_path)
    snapshot, settings = work.snapshot, work.settings
    work.close()
    model = fit_all_weeks(snapshot, settings)
    townships = sorted({"/".join(path.split("/")[:2]) for path in snapshot.grids[Col.PARENT_PATH]})
    places = townships[: len(townships) // 2]
    by_campaign, really = [], []
    for as_of in AS_OFS:
        before = ranks(model, snapshot, as_of, settings)
        campaign = in_campaign(doubled(snapshot, as_of, places, found_alone=True), as_of, places)
        by_campaign.append(np.abs(ranks(model, campaign, as_of, settings) - before).mean())
        really.append(np.abs(ranks(model, doubled(snapshot, as_of, places, found_alone=False), as_of, settings) - before).mean())

    assert np.mean(really) > 3
    assert np.mean(by_campaign) < 0.1 * np.mean(really), (by_campaign, really)
