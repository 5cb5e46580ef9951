import numpy as np
import pytest

from features.errors import NotReadyError
from tests.support.trained_worlds import make_facts
from training.learning.folds import Gap, ripe_as_ofs, rolling_folds
from training.settings import BacktestSettings

GAP = Gap(horizon_days=14, delay_allowance_days=7)
AS_OFS = np.arange(0, 70, 7, dtype=np.int32)


def test_rolling_folds_train_labels_are_ripe_when_the_test_begins():
    folds = rolling_folds(AS_OFS, GAP, test_share=0.4, folds=2)

    assert [(slice(0, 4), slice(6, 8), 42), (slice(0, 6), slice(8, 10), 56)] == [(f.train, f.test, f.cutoff) for f in folds]
    for fold in folds:
        assert (AS_OFS[fold.train] + 14 + 7).max() <= AS_OFS[fold.test].min()


def test_rolling_folds_more_folds_than_tests_gives_one_each():
    folds = rolling_folds(AS_OFS, GAP, test_share=0.2, folds=5)

    assert [slice(8, 9), slice(9, 10)] == [fold.test for fold in folds]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rolling_folds_too_short_says_so(count):
    with pytest.raises(NotReadyError, match="must be ripe before the test begins"):
        rolling_folds(AS_OFS[:count], GAP, test_share=0.3, folds=2)


def test_ripe_as_ofs_start_after_the_warm_up_and_end_where_labels_do():
    facts = make_facts(grid=[0], day=[0], grids=1, through=70)

    assert ripe_as_ofs(facts, GAP, BacktestSettings()).tolist() == [28, 35, 42, 49]


def test_ripe_as_ofs_log_too_short_says_so():
    facts = make_facts(grid=[0], day=[0], grids=1, through=48)

    with pytest.raises(NotReadyError, match="49 days are 1 too few"):
        ripe_as_ofs(facts, GAP, BacktestSettings())
