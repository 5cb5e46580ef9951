import json
from dataclasses import replace
from mmap import PAGESIZE
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import mean_poisson_deviance, roc_auc_score

from features.errors import NotReadyError, UsageError
from features.panel.build import Panel
from serving.settings import Settings
from tests.support.trained_worlds import FAST, HORIZON, draw_facts, make_facts, make_panel, place_rates, weekly, with_values
from training.evaluation import fold_runner as replaying
from training.evaluation.backtest import Largest, ablate, backtest, check_largest, judge, set_stage
from training.evaluation.metrics import METRICS
from training.evaluation.predictions import SUBSETS
from training.learning import examples
from training.learning.design_matrix import choose_columns, families_read
from training.learning.examples import training_part
from training.learning.fit import fit
from training.learning.folds import Gap, rolling_folds

DAYS = 400
GAP = Gap(HORIZON, 0)


@pytest.fixture(scope="module")
def facts():
    return draw_facts(place_rates(30, seed=1), DAYS, seed=2)


@pytest.fixture(scope="module")
def panel(facts):
    return make_panel(facts, weekly(DAYS + 30))  # the last as_ofs are not ripe


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def result(facts, panel, steps):
    return backtest(facts, panel, GAP, FAST.backtest, FAST.model, lambda done, total: steps.append((done, total)))


def test_contributions_of_the_parts_add_up_to_what_was_expected_and_followed(result):
    parts = [each for each in result.contributions if not each.kind]
    kinds = [each for each in result.contributions if each.kind and each.part == "open"]

    assert sum(each.expected for each in parts) == pytest.approx(result.predictions["expected_lightgbm"].sum())
    assert sum(each.realised for each in parts) == pytest.approx(result.predictions["count"].sum())
    assert sum(each.expected for each in kinds) == pytest.approx(sum(each.expected for each in parts if each.part == "open"))


def test_to_json_has_exactly_the_published_keys(result):
    report = json.loads(json.dumps(result.to_json(), allow_nan=False))

    keys = (
        *("target", "horizon_days", "known_through", "as_of", "rows", "escalations", "positives", "base_rate", "models", "differences"),
        *("subsets", "disparity", "plausibility", "contributions", "coverage", "notes", "seconds"),
    )
    assert sorted(report) == sorted(keys)
    assert sorted(report["as_of"]) == ["count", "first", "last", "step_days"]
    assert all(sorted(model) == sorted([*METRICS, "ci95"]) for model in report["models"].values())
    assert all(sorted(model["ci95"]) == sorted(METRICS) for model in report["models"].values())
    assert next(iter(report["models"])) == "lightgbm"
    assert set(report["differences"]) == set(report["models"]) - {"lightgbm"}
    assert set(report["subsets"]) == {*SUBSETS, "surge"}
    assert "z_score_28d" in report["subsets"]["surge"]["models"]


def test_backtest_within_little_memory_samples_rows_and_says_so(facts, result):
    """Learnt from a quarter of the rows, what is expected hardly changes, and its sum still is what happens."""
    bounded = FAST.model_copy(update={"memory_gib": 2**-13})
    panel = make_panel(facts, weekly(DAYS + 30), bounded)
    sampled = backtest(facts, panel, GAP, bounded.backtest, bounded.model)
    said = [note for note in sampled.notes if note.startswith("sampled")]

    assert [note for note in result.notes if note.startswith("sampled")] == []
    assert said[-1].startswith("sampled: the last refit of part new learnt from")
    assert sampled.overall.models["lightgbm"]["poisson_deviance"] == pytest.approx(
        result.overall.models["lightgbm"]["poisson_deviance"], rel=0.1
    )
    assert sampled.predictions["expected_lightgbm"].sum() == pytest.approx(sampled.predictions["count"].sum(), rel=0.15)


def test_backtest_gives_back_the_pages_of_a_panel_in_a_file_after_every_refit(facts, monkeypatch):
    bounded = FAST.model_copy(update={"memory_gib": 2**-13})
    panel = make_panel(facts, weekly(DAYS + 30), bounded)
    left, release = [], Panel.release
    monkeypatch.setattr(Panel, "release", lambda self: (release(self), left.append(resident_bytes(panel.values))))
    float(panel.values.sum())
    read = resident_bytes(panel.values)
    backtest(facts, panel, GAP, bounded.backtest, bounded.model)

    assert read >= panel.values.nbytes
    assert len(left) > 2 * FAST.backtest.folds
    assert set(left) == {0}


def resident_bytes(array) -> int:
    """Return how much of the pages that an array lies on is in this process's memory; the highest bit of a page's entry says so."""
    address = array.__array_interface__["data"][0]
    first, end = address // PAGESIZE, -(-(address + array.nbytes) // PAGESIZE)
    with Path("/proc/self/pagemap").open("rb", buffering=0) as pages:
        pages.seek(8 * first)
        entries = np.frombuffer(pages.read(8 * (end - first)), np.uint64)
    return int((entries >> np.uint64(63)).sum()) * PAGESIZE


def test_backtest_tells_of_events_that_two_feeds_both_sent(facts, panel):
    notes = backtest(replace(facts, doubles={"hotline + platform": 3}), panel, GAP, FAST.backtest, FAST.model).notes

    assert [note.split(" with ")[0] for note in notes if note.startswith("doubles")] == [
        "doubles: 3 events came through hotline + platform"
    ]


def test_to_json_counts_the_test_rows_only(result, panel):
    report = result.to_json()
    predictions = result.predictions

    assert report["rows"] == len(predictions) == report["as_of"]["count"] * 30
    assert report["escalations"] == predictions["count"].sum()
    assert report["positives"] == (predictions["count"] >= 1).sum()
    assert report["as_of"]["last"] == "1971-01-21"
    assert report["as_of"]["step_days"] == 7


def test_backtest_metrics_follow_from_the_stored_predictions(result):
    predictions, models = result.predictions, result.to_json()["models"]
    expected, positive = predictions["expected_lightgbm"].to_numpy(), predictions["count"].to_numpy() >= 1

    assert roc_auc_score(positive, expected) == pytest.approx(models["lightgbm"]["auc"])
    assert mean_poisson_deviance(predictions["count"], expected) == pytest.approx(models["lightgbm"]["poisson_deviance"])


def test_backtest_again_gives_the_same_predictions(result, facts, panel):
    assert result.predictions.equals(backtest(facts, panel, GAP, FAST.backtest, FAST.model).predictions)


def test_backtest_without_signal_is_no_better_than_the_level_and_no_worse(result):
    """Constant rates: the year's rate is all there is to know."""
    gap = result.to_json()["differences"]["long_run_rate"]["poisson_deviance"]

    assert gap["value"] == pytest.approx(0, abs=0.05)


def test_backtest_says_what_is_left_out(result):
    assert "baseline due is left out: the log yields no column due_count_grid_14d." in result.notes
    assert "surge: poisson_deviance: the label is yes or no, not a count." in result.notes


def test_judge_subset_that_is_empty_is_null_with_a_reason(result):
    _, parts = judge(result.predictions.with_columns(onset=False), FAST.backtest)

    assert parts["onset"].rows == 0
    assert parts["onset"].models["lightgbm"]["auc"] is None
    assert parts["onset"].notes[0].endswith("none of 0 rows saw an escalation.")


def test_backtest_reports_its_progress(result, steps):
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)], "two rehearsals, two folds"


def test_backtest_log_too_short_says_so():
    facts = draw_facts(place_rates(5, seed=1), 60, seed=2)

    with pytest.raises(NotReadyError, match="Ingest a longer log"):
        backtest(facts, make_panel(facts, weekly(60)), GAP, FAST.backtest, FAST.model)


def scrambled(facts, panel, fold):
    """Return facts and panel in which everything at or after the fold's cutoff is something else."""
    generator = np.random.default_rng(7)
    values = panel.values.copy()
    values[:, fold.test.start :] = generator.permuted(values[:, fold.test.start :], axis=2) + 1
    later = facts.target.known_day >= fold.cutoff
    day = np.where(later, generator.integers(fold.cutoff, DAYS, len(later)), facts.target.occurred_day).astype(np.int32)
    marks = replace(facts.target, occurred_day=day, known_day=np.maximum(day, facts.target.known_day))
    return replace(facts, target=marks, hazards=marks), with_values(panel, values)


def test_fit_future_does_not_change_the_model(facts, panel):
    fold = rolling_folds(panel.as_ofs, GAP, 0.3, 2)[0]

    before = fit(training_part(facts, panel, fold, GAP), FAST.model)
    after = fit(training_part(*scrambled(facts, panel, fold), fold, GAP), FAST.model)

    assert before.files() == after.files()


def test_fit_future_test_sees_a_fold_without_a_gap(facts, panel):
    """Training up to the day before the test takes labels that lie in the future; the test above must notice."""
    fold = rolling_folds(panel.as_ofs, GAP, 0.3, 2)[0]
    leaky = replace(fold, train=slice(0, fold.test.start), cutoff=DAYS)

    before = fit(training_part(facts, panel, leaky, GAP), FAST.model)
    after = fit(training_part(*scrambled(facts, panel, fold), leaky, GAP), FAST.model)

    assert before.files() != after.files()


def said_last(facts, panel):
    columns = "expected_lightgbm", "risk_lightgbm", "most_expected", "variation", "common_variation"
    return backtest(facts, panel, GAP, FAST.backtest, FAST.model).predictions[columns].tail(30)


def test_backtest_fold_learns_nothing_later_from_the_folds_before(monkeypatch, facts, panel):
    """What earlier refits predicted is judged by what was known on the fold's own cutoff."""
    ripe = panel.at(slice(0, int((panel.as_ofs + HORIZON <= DAYS).sum())))
    last = rolling_folds(ripe.as_ofs, GAP, FAST.backtest.test_share, FAST.backtest.folds)[-1]
    later, _ = scrambled(facts, panel, last)

    assert said_last(facts, panel).equals(said_last(later, panel))

    def leaky(facts, panel, fold, gap):
        return training_part(facts, panel, replace(fold, train=slice(0, fold.test.stop), cutoff=DAYS), gap)

    monkeypatch.setattr(replaying, "training_part", leaky)
    assert not said_last(facts, panel).equals(said_last(later, panel)), "the broken variant must be seen"


def test_training_part_late_report_is_not_learnt(monkeypatch, facts, panel):
    """An escalation that occurred before the cutoff but is known only after it is no label yet."""
    fold = rolling_folds(panel.as_ofs, GAP, 0.3, 2)[0]
    last_learnt = int(panel.as_ofs[fold.train][-1])
    late = make_facts(grid=[0, 0], day=[last_learnt, last_learnt], grids=30, through=DAYS, known_delay=60)

    assert training_part(late, panel, fold, GAP).counts.sum() == 0

    count_labels = examples.count_labels
    monkeypatch.setattr(examples, "count_labels", lambda facts, as_ofs, days, **_: count_labels(facts, as_ofs, days))
    assert training_part(late, panel, fold, GAP).counts.sum() > 0, "the broken variant must be seen"


def table(expected, most):
    return pl.DataFrame({"as_of": ["2026-01-05"] * 3, "grid_id": ["a", "b", "c"], "expected_lightgbm": expected, "most_expected": most})


def test_check_largest_where_all_is_justified_shows_the_largest():
    found = check_largest(table([0.2, 0.9, 0.1], [2.0, 2.0, 2.0]))

    assert (found.largest, found.beyond, found.rows_beyond) == (Largest("b", "2026-01-05", 0.9, 2.0), None, 0)


def test_check_largest_beyond_is_the_row_furthest_from_what_is_justified():
    found = check_largest(table([5.0, 4.0, 0.1], [4.5, 1.0, 2.0]))

    assert found.beyond == Largest("b", "2026-01-05", 4.0, 1.0)
    assert (found.largest.grid_id, found.rows_beyond) == ("a", 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_check_largest_an_expected_count_that_is_no_number_is_beyond(value):
    assert check_largest(table([0.2, value, 0.1], [2.0, 2.0, 2.0])).rows_beyond == 1


@pytest.fixture(scope="module")
def ablation_facts():
    return draw_facts(place_rates(20, seed=1), DAYS, seed=2)


@pytest.fixture(scope="module")
def ablation_panel(ablation_facts):
    return make_panel(ablation_facts, weekly(DAYS))


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Return settings with few draws."""
    return FAST.model_copy(update={"backtest": FAST.backtest.model_copy(update={"bootstrap_draws": 20})})


@pytest.fixture(scope="module")
def ablation_result(ablation_facts, ablation_panel, settings):
    return backtest(ablation_facts, ablation_panel, GAP, settings.backtest, settings.model)


@pytest.fixture(scope="module")
def ablation(ablation_facts, ablation_panel, ablation_result, settings):
    stage, folds = set_stage(ablation_facts, ablation_panel, GAP, settings.backtest, settings.model)
    return ablate(stage, folds, ablation_result, settings.backtest)


def test_ablate_leaves_out_each_family_once(ablation, ablation_panel):
    assert list(ablation.models) == ["lightgbm", *families_read(ablation_panel)]


def test_ablate_full_model_is_that_of_the_backtest(ablation, ablation_result):
    assert ablation.models["lightgbm"] == ablation_result.overall.models["lightgbm"]


def test_ablate_without_a_family_equals_a_backtest_without_it(ablation, ablation_facts, ablation_panel, settings):
    alone = backtest(ablation_facts, ablation_panel, GAP, settings.backtest, settings.model.leaving_out(["trends"]))
    count, expected = alone.predictions["count"].to_numpy(), alone.predictions["expected_lightgbm"].to_numpy()
    found = ablation.models["trends"]["poisson_deviance"]

    assert found == pytest.approx(mean_poisson_deviance(count, expected), rel=1e-9)
    assert found != ablation.models["lightgbm"]["poisson_deviance"], "leaving nothing out would pass as well"


def test_choose_columns_without_a_family_reads_none_of_it(ablation_panel):
    family = {feature.name: feature.family for feature in ablation_panel.features}
    left = choose_columns(ablation_panel, ("trends",)).names

    assert {family[name] for name in choose_columns(ablation_panel).names} - {family[name] for name in left} == {"trends"}


def test_choose_columns_without_an_unknown_family_names_those_there_are(ablation_panel):
    with pytest.raises(UsageError, match=r"must be one of .*trends.*, got trend\."):
        choose_columns(ablation_panel, ("trend",))
