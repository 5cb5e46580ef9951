from dataclasses import replace

import numpy as np

from tests.support.trained_worlds import draw_facts, make_panel, place_rates, weekly
from training.learning.folds import Gap
from training.learning.plausibility import MOST_TIMES, most_expected
from training.settings import ModelSettings
from training.train import fit_all

DAYS = 280
SETTINGS = ModelSettings(num_boost_round=20, inner_folds=1, replicates=0, least_as_ofs=2, threads=1)


def test_most_expected_holds_every_row_of_a_fit_and_no_explosion():
    facts = draw_facts(place_rates(20, 1), DAYS, 2)
    panel = make_panel(facts, weekly(DAYS))
    model = fit_all(facts, panel, Gap(14, 0), SETTINGS)

    most, expected = most_expected(model, panel), model.predict(panel).expected

    assert (expected <= most).all()
    assert (replace(model, scale=1000.0).predict(panel).expected > most).any()


def test_most_expected_counts_each_case_at_risk_once_beside_the_level():
    facts = draw_facts(place_rates(20, 1), DAYS, 2)
    panel = make_panel(facts, weekly(DAYS))
    model = fit_all(facts, panel, Gap(14, 0), SETTINGS)
    new = model.parts[-1]
    level = new.start.per_day(panel) * 14
    waiting = np.zeros(level.shape)
    for part in model.parts[:-1]:
        rows = panel.open_cases if part.part == "open" else panel.closed_cases
        np.add.at(waiting, (rows.as_of, rows.grid), rows.weight)

    np.testing.assert_allclose(waiting + MOST_TIMES * (level + level.mean(axis=1)[:, None]), most_expected(model, panel))
