import pytest
from sklearn.metrics import mean_poisson_deviance

from features.errors import UsageError
from tests.support.trained_worlds import FAST, HORIZON, draw_facts, make_panel, place_rates, weekly
from training.evaluation.ablation import ablate
from training.evaluation.backtest import backtest
from training.learning.columns import choose_columns, families_read
from training.settings import Settings

DAYS = 400


@pytest.fixture(scope="module")
def facts():
    return draw_facts(place_rates(20, seed=1), DAYS, seed=2)


@pytest.fixture(scope="module")
def panel(facts):
    return make_panel(facts, weekly(DAYS))


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Return settings with few draws."""
    return FAST.model_copy(update={"backtest": FAST.backtest.model_copy(update={"bootstrap_draws": 20})})


@pytest.fixture(scope="module")
def result(facts, panel, settings):
    return backtest(facts, panel, HORIZON, settings)


@pytest.fixture(scope="module")
def ablation(facts, panel, result, settings):
    return ablate(facts, panel, result, settings)


def test_ablate_leaves_out_each_family_once(ablation, panel):
    assert list(ablation.models) == ["lightgbm", *families_read(panel)]


def test_ablate_full_model_is_that_of_the_backtest(ablation, result):
    assert ablation.models["lightgbm"] == result.overall.models["lightgbm"]


def test_ablate_without_a_family_equals_a_backtest_without_it(ablation, facts, panel, settings):
    alone = backtest(facts, panel, HORIZON, settings.leaving_out(["trends"]))
    count, expected = alone.predictions["count"].to_numpy(), alone.predictions["expected_lightgbm"].to_numpy()
    found = ablation.models["trends"]["poisson_deviance"]

    assert found == pytest.approx(mean_poisson_deviance(count, expected), rel=1e-9)
    assert found != ablation.models["lightgbm"]["poisson_deviance"], "leaving nothing out would pass as well"


def test_choose_columns_without_a_family_reads_none_of_it(panel):
    family = {feature.name: feature.family for feature in panel.features}
    left = choose_columns(panel, ("trends",)).names

    assert {family[name] for name in choose_columns(panel).names} - {family[name] for name in left} == {"trends"}


def test_choose_columns_without_an_unknown_family_names_those_there_are(panel):
    with pytest.raises(UsageError, match=r"must be one of .*trends.*, got trend\."):
        choose_columns(panel, ("trend",))


def test_settings_leaving_out_adds_to_those_left_out():
    assert FAST.leaving_out(["a"]).leaving_out(["b"]).model.exclude_families == ("a", "b")
    assert FAST.model.exclude_families == ()
