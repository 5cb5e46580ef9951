"""Simulated districts that several tests look at, made once."""

from pathlib import Path

import pytest

from features.simulation.district import District
from features.simulation.preset import Span
from features.simulation.simulate import PRESETS, Order, simulate
from tests.support.acceptance import END, simulated


@pytest.fixture(scope="session")
def nanhu() -> District:
    return simulated(PRESETS["nanhu"], years=4, seed=1)


@pytest.fixture(scope="session")
def tiny() -> District:
    return simulated(PRESETS["tiny"], years=2, seed=1)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of two years of the smallest district."""
    out = tmp_path_factory.mktemp("simulation") / "tiny"
    simulate(Order("tiny", PRESETS["tiny"], Span.of_years(2, END), seed=1), out)
    return out
