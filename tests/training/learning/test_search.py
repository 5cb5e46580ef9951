import numpy as np
import pytest
from sklearn.metrics import mean_poisson_deviance

from features.storage.home import Home
from tests.support.trained_worlds import FAST, GAP, draw_facts, make_facts, make_panel, place_rates, weekly
from training.evaluation.backtest import set_stage
from training.learning.inner_validation import inner_validate, tune
from training.learning.search import search

DAYS = 400
MODEL = FAST.model.model_copy(update={"num_boost_round": 20})


def seen_before_the_test(facts):
    stage, folds = set_stage(facts, make_panel(facts, weekly(DAYS)), GAP, FAST.backtest, FAST.model)
    return stage.seen_by(folds[0]), folds[0].cutoff


@pytest.fixture(scope="module")
def facts():
    return draw_facts(place_rates(30, seed=1), DAYS, seed=2)


@pytest.fixture(scope="module")
def examples(facts):
    return seen_before_the_test(facts)[0]


@pytest.fixture(scope="module")
def at_once(examples, tmp_path_factory):
    return search(Home(tmp_path_factory.mktemp("once")), examples, MODEL, 5)


def test_search_taken_up_again_ends_as_one_at_once(examples, home, at_once):
    steps = []
    search(home, examples, MODEL, 3)

    again = search(home, examples, MODEL, 5, lambda done, total: steps.append((done, total)))

    assert again == at_once
    assert steps == [(4, 5), (5, 5)]
    assert again.tried == 5


def test_search_other_seed_tries_other_settings(examples, home, at_once):
    """Equal results above mean something only if they can differ."""
    other = search(home, examples, MODEL.model_copy(update={"seed": 2}), 5)

    assert other.deviance != at_once.deviance


def test_search_deviance_is_that_of_what_refits_foretold(examples, at_once):
    """The settings as they were, measured once more by scikit-learn at the chosen number of trees."""
    past = inner_validate(examples, MODEL)
    rounds = tune(past, examples, MODEL).rounds
    known = [told.known(examples) for told in past]
    counts = np.concatenate([seen.counts for _, seen in known]).ravel()
    expected = np.concatenate([sum(told.expected(rounds).values()) for told, _ in known]).ravel()

    assert at_once.before == pytest.approx(mean_poisson_deviance(counts, expected))
    assert at_once.deviance <= at_once.before


def test_search_does_not_see_what_follows_the_training_part(facts, examples, home, at_once):
    """Ten times as many cases happen after the cutoff of the first fold, and nothing changes."""
    _, cutoff = seen_before_the_test(facts)
    late = np.repeat(np.flatnonzero(facts.cases.known_day >= cutoff), 10)
    day, grid = (np.concatenate([column, column[late]]) for column in (facts.cases.known_day, facts.cases.grid))
    flooded = make_facts(grid, day, 30, DAYS)

    assert search(home, seen_before_the_test(flooded)[0], MODEL, 5) == at_once
