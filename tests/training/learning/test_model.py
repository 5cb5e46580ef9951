from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from features.errors import NotReadyError
from features.panel.feature import Use
from tests.support.trained_worlds import FAST, HORIZON, draw_facts, make_facts, make_panel, place_rates, weekly, with_values
from training.bootstrap import number_blocks
from training.learning.design_matrix import choose_columns
from training.learning.examples import Examples
from training.learning.fit import fit
from training.learning.folds import Gap
from training.learning.labels import count_labels
from training.learning.model import MOST_TIMES, Fitted, most_expected
from training.learning.usual_level import fit_usual_level
from training.settings import ModelSettings
from training.train import fit_all

DAYS = 400
GRIDS = 40


def waves(seed):
    """Rates of grids that flare up for weeks: something beyond the usual level to learn."""
    generator = np.random.default_rng(seed)
    flare = np.repeat(generator.random((DAYS // 50 + 1, GRIDS)) < 0.2, 50, axis=0)[:DAYS]
    return place_rates(GRIDS, seed) * np.where(flare, 8.0, 1.0)


def examples_of(facts, first=28):
    panel = make_panel(facts, weekly(DAYS, first))
    counts = count_labels(facts, panel.as_ofs, HORIZON)
    return Examples(panel, counts, np.ones(counts.shape), Gap(HORIZON, 0), facts.target_name)


@pytest.fixture(scope="module")
def facts():
    return draw_facts(waves(seed=1), DAYS, seed=2)


@pytest.fixture(scope="module")
def examples(facts):
    return examples_of(facts)


@pytest.fixture(scope="module")
def model(facts, examples):
    return fit(examples, FAST.model, number_blocks(examples.panel.as_ofs, facts.places))


def test_fit_again_gives_the_same_bytes_and_another_seed_does_not(facts, examples, model):
    blocks = number_blocks(examples.panel.as_ofs, facts.places)

    assert model.files() == fit(examples, FAST.model, blocks).files()
    assert model.files() != fit(examples, FAST.model.model_copy(update={"seed": 2}), blocks).files()


def test_from_files_scores_as_before(model, examples):
    again = Fitted.from_files(model.files())

    assert again == model
    np.testing.assert_array_equal(again.predict(examples.panel).risk, model.predict(examples.panel).risk)
    assert again.files() == model.files()


def test_predict_beats_the_usual_level_where_there_is_more_to_know(model):
    later = examples_of(draw_facts(waves(seed=1), DAYS, seed=3), first=200)
    scores = model.predict(later.panel)

    def loss(expected):
        return float((expected - later.counts * np.log(expected)).mean())

    assert loss(scores.expected) < loss(scores.usual_level)
    assert scores.expected.sum() == pytest.approx(later.counts.sum(), rel=0.15)


def test_contributions_multiply_to_the_score(examples):
    model, rows = fit(examples, FAST.model), np.array([0, 7, 500, examples.counts.size - 1])
    scores, (part,) = model.predict(examples.panel), model.contributions(examples.panel, rows)

    factor = np.exp(part.base_value + part.values.sum(axis=1))

    np.testing.assert_allclose(np.exp(part.reference) * factor, scores.expected.ravel()[rows], rtol=1e-6)
    np.testing.assert_allclose(part.expected, scores.expected.ravel()[rows], rtol=1e-6)
    assert part.values.shape == (4, len(part.feature_names))


def test_predict_replicates_differ_a_little(model, examples):
    replicates = model.predict_replicates(examples.panel)

    assert replicates.shape == (2, *examples.counts.shape)
    assert not np.array_equal(replicates[0], replicates[1])
    assert np.corrcoef(replicates[0].ravel(), model.predict(examples.panel).expected.ravel())[0, 1] > 0.9


def test_predict_one_as_of_equals_the_same_row_of_many(facts, model, examples):
    one = make_panel(facts, examples.panel.as_ofs[-1:])

    np.testing.assert_array_equal(model.predict(one).expected, model.predict(examples.panel).expected[-1:])


def test_fit_without_signal_is_no_further_from_the_truth_than_the_usual_level():
    """Constant rates hold nothing beyond the level: trees that fit chance must not be grown."""
    truth = place_rates(GRIDS, seed=5)
    learnt, later = (examples_of(draw_facts(truth, DAYS, seed=seed), first) for seed, first in ((6, 28), (7, 200)))

    def further(settings):
        scores = fit(learnt, settings).predict(later.panel)
        start = fit_usual_level(learnt.panel, learnt.counts, learnt.exposed_days(), FAST.model.most_rows).per_day(later.panel) * HORIZON
        level, model = (np.mean((np.log(said) - np.log(truth * HORIZON)) ** 2) for said in (start, scores.expected))
        return model / level

    assert further(FAST.model) <= 1.02

    monkey = FAST.model.model_copy(update={"learning_rate": 0.3, "num_leaves": 31, "min_data_in_leaf": 5, "lambda_l2": 0.0})
    assert further(monkey) <= 1.02, "rounds must stay few where trees learn chance by heart"


def test_fit_too_few_as_ofs_grows_no_tree(examples):
    few = examples.part(slice(0, FAST.model.least_as_ofs - 1))
    scores = fit(few, FAST.model).predict(few.panel)

    level = fit_usual_level(few.panel, few.counts, few.exposed_days(), FAST.model.most_rows).per_day(few.panel) * HORIZON
    np.testing.assert_allclose(scores.expected, level, rtol=1e-12)


def test_fit_nothing_happened_says_so(examples):
    with pytest.raises(NotReadyError, match="must have occurred"):
        fit(replace(examples, counts=np.zeros_like(examples.counts)), FAST.model)


def test_choose_columns_reads_the_catalogue(examples):
    panel = examples.panel
    columns = choose_columns(panel)
    offered = {feature.name: feature for feature in panel.features}

    assert all(offered[name].use is Use.MODEL for name in columns.names)
    assert [offered[name].direction for name in columns.names] == list(columns.directions)
    assert "history_days" not in columns.names
    assert "dispute_count_grid_28d" not in columns.names, "a bare count of what came in repeats the level"
    assert "season_sin" not in columns.names, "13 months do not tell a season from a trend"


def test_choose_columns_leaves_out_what_never_changes(examples):
    panel, name = examples.panel, "dispute_ratio_grid_28d"
    still = with_values(panel, np.where(np.array(panel.names)[:, None, None] == name, np.nan, panel.values))

    assert name in choose_columns(panel).names
    assert name not in choose_columns(still).names


def test_fit_more_directions_are_kept(model, examples):
    """A column that may only raise the count never lowers it, in any row."""
    columns = model.parts[0].columns
    name = next(name for name, direction in zip(columns.names, columns.directions, strict=True) if direction == 1)
    place = examples.panel.names.index(name)
    raised = examples.panel.values.copy()
    raised[place] += 5

    before, after = (model.predict(with_values(examples.panel, values)).expected for values in (examples.panel.values, raised))

    assert (after >= before * (1 - 1e-12)).all()


def exposed_world():
    """Half of the grids are watched twenty times as much; their records, not their rates, are twenty times as many."""
    generator = np.random.default_rng(1)
    truth = generator.gamma(2.0, 3.0, 200)
    exposure = np.where(generator.permutation(200) < 100, 1.0, 0.05)
    panel = make_panel(make_facts(grid=[0], day=[0], grids=200, through=800), weekly(700, first=400))
    counted = [
        place
        for place, feature in enumerate(panel.features)
        if (feature.measure, feature.scope) == ("count", "grid") and feature.window_days
    ]
    features = tuple(panel.features[place] for place in (*counted, panel.names.index("usual_rate_grid"), panel.names.index("history_days")))
    shape = panel.values.shape[1:]
    values = np.empty((len(features), *shape), np.float32)
    for place, feature in enumerate(features[:-2]):
        values[place] = generator.poisson(truth * exposure * feature.window_days, shape)
    year = [feature.name for feature in features].index("target_count_grid_365d")
    values[-2], values[-1] = values[year] / (365 * exposure), 365
    counts = generator.poisson(truth * exposure * HORIZON, shape).astype(np.float32)
    return truth, exposure, replace(panel, features=features, values=values), counts


def judged(truth, exposure, scores):
    """Return rank correlation with the truth, and the watched half's share of the top decile beside its true share."""
    top, true_top = (np.argsort(-values)[:20] for values in (scores, truth))
    return spearmanr(truth, scores).statistic, (exposure[top] == 1).mean(), (exposure[true_top] == 1).mean()


def test_fit_offset_keeps_effort_out_of_the_ranking():
    truth, exposure, panel, counts = exposed_world()

    def scores(recorded):
        part = Examples(panel, counts, np.broadcast_to(recorded, counts.shape), Gap(HORIZON, 0), "escalation")
        return fit(part, FAST.model).predict(panel).expected.mean(axis=0)

    correlation, share, true_share = judged(truth, exposure, scores(exposure))
    assert correlation >= 0.95
    assert share == pytest.approx(true_share, abs=0.1)

    panel.column("usual_rate_grid")[...] *= exposure
    correlation, share, _ = judged(truth, exposure, scores(np.ones(200)))
    assert correlation <= 0.7, "without the offset effort must be mistaken for risk"
    assert share == 1.0


PLAUSIBILITY_DAYS = 280
SETTINGS = ModelSettings(num_boost_round=20, inner_folds=1, replicates=0, least_as_ofs=2, threads=1)


def test_most_expected_holds_every_row_of_a_fit_and_no_explosion():
    facts = draw_facts(place_rates(20, 1), PLAUSIBILITY_DAYS, 2)
    panel = make_panel(facts, weekly(PLAUSIBILITY_DAYS))
    model = fit_all(facts, panel, Gap(14, 0), SETTINGS)

    most, expected = most_expected(model, panel), model.predict(panel).expected

    assert (expected <= most).all()
    assert (replace(model, scale=1000.0).predict(panel).expected > most).any()


def test_most_expected_counts_each_case_at_risk_once_beside_the_level():
    facts = draw_facts(place_rates(20, 1), PLAUSIBILITY_DAYS, 2)
    panel = make_panel(facts, weekly(PLAUSIBILITY_DAYS))
    model = fit_all(facts, panel, Gap(14, 0), SETTINGS)
    new = model.parts[-1]
    level = new.start.per_day(panel) * 14
    waiting = np.zeros(level.shape)
    for part in model.parts[:-1]:
        rows = panel.open_cases if part.part == "open" else panel.closed_cases
        np.add.at(waiting, (rows.as_of, rows.grid), rows.weight)

    np.testing.assert_allclose(waiting + MOST_TIMES * (level + level.mean(axis=1)[:, None]), most_expected(model, panel))
