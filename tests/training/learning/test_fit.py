import os
import signal

import numpy as np
import pytest

from features.errors import FitCrashedError
from training.learning import fit
from training.learning.booster import Columns, Rows, boost
from training.learning.fit import Refit, refit_all
from training.learning.parts import Part
from training.settings import ModelSettings

SETTINGS = ModelSettings(min_data_in_leaf=5, threads=1)
COLUMNS = Columns(tuple(f"c{number}" for number in range(12)), (0,) * 12)


@pytest.fixture(scope="module")
def rows():
    """Rows of sparse columns that exclude each other, which LightGBM bundles."""
    generator = np.random.default_rng(1)
    matrix = np.zeros((900, 12), np.float32)
    matrix[np.arange(900), generator.integers(0, 12, 900)] = generator.integers(1, 60, 900)
    return Rows(matrix, generator.poisson(0.2 + (matrix[:, 3] > 0)), np.zeros(900))


@pytest.fixture(scope="module")
def draws():
    return tuple(np.random.default_rng(2).poisson(1.0, (3, 900)).astype(float))


def test_refit_all_equals_fits_to_the_rows_that_were_drawn(rows, draws):
    alone = tuple(
        boost(Rows(rows.matrix[w > 0], rows.counts[w > 0], rows.offset[w > 0], w[w > 0]), COLUMNS, SETTINGS, 10, refit=number)
        for number, w in enumerate(draws, start=1)
    )
    before = boost(rows, COLUMNS, SETTINGS, 10)

    assert refit_all({Part.NEW: Refit(rows, COLUMNS, 10, draws)}, SETTINGS) == {Part.NEW: alone}
    assert len(set(alone)) == 3
    assert boost(rows, COLUMNS, SETTINGS, 10) == before


def _die(_, draw, __):
    if draw == 1:
        os.kill(os.getpid(), signal.SIGABRT)
    return "text"


def test_refit_all_a_process_that_aborts_is_told_in_one_line(rows, draws, monkeypatch):
    monkeypatch.setattr(fit, "_fit", _die)

    with pytest.raises(FitCrashedError, match="its process died") as told:
        refit_all({Part.NEW: Refit(rows, COLUMNS, 10, draws)}, SETTINGS)

    assert "\n" not in str(told.value)
