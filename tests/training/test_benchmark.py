"""The benchmark measures the steps of the product itself, each against something in the same run."""

import time
from functools import partial

import numpy as np
import pytest

from serving.scoring.benchmark import list_costs
from serving.settings import Settings
from training.benchmark import MIB, SAMPLE_SECONDS, STEPS, Cost, measure_steps, peak
from training.plots.draw import draw_costs


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def costs(told):
    settings = Settings(panel={"threads": 1}, model={"threads": 1, "min_data_in_leaf": 20, "replicates": 2})
    further = partial(list_costs, settings=settings)
    return list(measure_steps(60, settings, settings, settings.model, lambda *step: told.append(step), further))


def test_measure_steps_yields_each_step_with_its_limit_or_peer(costs, told):
    assert [(cost.step, cost.against) for cost in costs] == [
        ("take in a day", "bytes written once"),
        ("facts", "Parquet read once"),
        ("keep facts", "bytes written once"),
        ("take kept facts", "facts derived"),
        ("panel of one day", "Polars"),
        ("panel to learn from", None),
        ("fit", "LightGBM alone"),
        ("score", "LightGBM alone"),
        ("score with refits", None),
        ("rows of the list", None),
        ("sum up and publish", "same bytes inserted"),
        ("read the list", "same bytes selected"),
        ("read one row", None),
    ]
    assert told[-1] == (STEPS, STEPS)
    assert all(cost.grids == 60 and cost.cpu > 0 for cost in costs)


def test_peak_sees_memory_that_was_given_back():
    with peak() as most:
        block = np.ones(64 * MIB // 8)
        for _ in range(1000):  # until the watching thread has looked
            if most[0] >= 32 * MIB:
                break
            time.sleep(SAMPLE_SECONDS)
        del block

    assert most[0] / MIB == pytest.approx(64, abs=16)


def test_peak_sees_memory_that_is_still_held():
    with peak() as most:
        block = np.ones(64 * MIB // 8)

    assert most[0] / MIB == pytest.approx(64, abs=16)
    assert block.any()


def test_draw_costs_draws_a_line_per_step():
    costs = [Cost(grids, step, 1.0, grids / 100, 1.0) for grids in (60, 600) for step in ("facts", "fit")]
    seconds = {step: {cost.grids: cost.cpu for cost in costs if cost.step == step} for step in ("facts", "fit")}

    assert draw_costs(seconds).startswith(b"\x89PNG")
