"""A campaign moves a list as far as the cases that it found can escalate, and hardly any further; a real rise moves it far."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from features.panel.build import build_panel
from features.simulation.district import make_district
from features.simulation.preset import Span
from features.simulation.simulate import PROVINCE, find_preset
from serving.settings import Settings
from tests.support.campaigns import HORIZON, Moves, TrueChances, mean_of, measure_moves
from tests.support.simulated_homes import simulated_home
from training.learning.folds import Gap, ripe_as_ofs
from training.train import fit_all

pytestmark = pytest.mark.full

PRESET, YEARS, SEEDS = "nanhu", 3, (1, 2, 3)
LAST_DAYS, APART_DAYS, LISTS = 35, 49, 5
"""Days from the end of the log to the last list, days between two lists, and how many there are of each district."""

MOST_BEYOND = 0.1
"""Share of what a real rise lifts its grids by which a campaign may lift them beyond what it found."""


def moves_in(seed: int, folder: Path) -> list[Moves]:
    """Return how far the lists of one district move by a model that was trained on the log as it is."""
    work = simulated_home(PRESET, seed, folder, YEARS)
    quick = {"replicates": 0, "inner_folds": 2, "threads": 1}
    settings: Settings = work.settings.model_copy(update={"model": work.settings.model.model_copy(update=quick)})
    facts, _ = work.facts()
    gap = Gap(HORIZON, settings.delay_allowance_days)
    panel = build_panel(facts, ripe_as_ofs(facts, gap, settings.backtest), HORIZON, settings)
    model = fit_all(facts, panel, gap, settings.model)
    span, rng = Span.of_years(YEARS, date(2026, 11, 1)), np.random.default_rng(seed).spawn(1)[0]
    chances = TrueChances.of(make_district(find_preset(PRESET), span, f"{PROVINCE}01", rng))
    last = facts.known_through_day - LAST_DAYS
    draws = (np.random.default_rng([seed, number]) for number in range(LISTS))
    moves = [measure_moves(work.snapshot, model, chances, settings, last - APART_DAYS * number, rng) for number, rng in enumerate(draws)]
    work.close()
    return moves


def test_campaign_lifts_its_grids_hardly_beyond_what_its_found_cases_bring(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Places by which the grids of a campaign move in the list of all grids, mean of fifteen lists of three districts.

    The campaign doubles what staff find in a random third of the grids for 28 days, with kinds and courses of ordinary found cases; the
    rise doubles what residents bring there. In these districts a found case escalates as often as any other, so the list may follow the
    true chances of the open cases that the campaign found; what it lifts its grids beyond them is held against what the rise lifts them.
    """
    mean = mean_of([each for seed in SEEDS for each in moves_in(seed, tmp_path / str(seed))])

    for name, move in vars(mean).items():
        record_property(f"{name}: places up, and either way", f"{move.up:.1f}, {move.either_way:.1f}")
    assert mean.beyond.up < MOST_BEYOND * mean.rise.up
    assert mean.beyond.up < 0.5 * mean.undeclared.up
    assert mean.beyond.either_way < 0.8 * mean.undeclared.either_way
