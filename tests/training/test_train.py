import json
import re
from dataclasses import replace

import numpy as np
import pytest

from features.errors import StoreError
from features.panel.build import build_panel
from features.provenance import code_version
from features.storage.home import Home
from tests.support.trained_worlds import draw_facts, place_rates
from tests.training.conftest import NOW, SMALL, small_task
from training.evaluation.backtest import backtest
from training.learning.booster import margin, read_booster
from training.learning.folds import Gap, ripe_as_ofs
from training.registry.accountability import write_impact_assessment, write_transparency_record
from training.registry.gate import FOLD_KEYS, evaluate_gate
from training.registry.model_card import write_card
from training.registry.published import current
from training.train import IMPACT_ASSESSMENT, MODEL_CARD, TRANSPARENCY_RECORD, compare, describe_data, fit_all, train

GAP = Gap(14, 0)


def test_train_store_that_cannot_be_opened_stops_before_anything_is_fitted(tmp_path, world, monkeypatch):
    home = Home(tmp_path)
    home.tracking.write_bytes(b"no database" * 1000)
    monkeypatch.setattr("training.train.build_panel", lambda *_: pytest.fail("the work began"))

    with pytest.raises(StoreError, match="MLflow's database"):
        train(home, small_task(world.facts), NOW)


@pytest.fixture(scope="module")
def panel(world):
    return build_panel(world.facts, ripe_as_ofs(world.facts, GAP, SMALL.backtest), 14, SMALL)


def columns_read(world, panel):
    model = world.registry.show_model(world.second.version)
    names = json.loads(world.registry.read_file(model, "features.json"))["new"]["names"]
    return [feature for feature in panel.features if feature.name in names]


def test_train_same_facts_and_seed_gives_identical_files(world):
    first, second = (world.registry.read_hashes(world.registry.show_model(trained.version)) for trained in (world.first, world.second))

    assert second.keys() - first.keys() == {"comparison.json"}
    assert {name for name, digest in first.items() if second[name] != digest} == {"gate.json"}  # the second was held against the first


def test_fit_all_other_seed_gives_another_model(world, panel):
    """Equal hashes above mean something only if they can differ."""
    model = SMALL.model.model_copy(update={"seed": 2})

    assert fit_all(world.facts, panel, GAP, model).parts != fit_all(world.facts, panel, GAP, SMALL.model).parts


def test_fit_all_up_to_a_day_learns_nothing_that_became_known_later(world):
    day = world.facts.known_through_day - 60
    marks = world.facts.target
    later = marks.known_day > day
    moved = np.where(later, day + 1 + (marks.occurred_day * 7) % 50, marks.occurred_day).astype(np.int32)
    other = replace(marks, occurred_day=moved, known_day=np.maximum(moved, marks.known_day))

    def learn(marks, through):
        facts = replace(world.facts, target=marks, hazards=marks, known_through_day=through)
        panel = build_panel(facts, ripe_as_ofs(facts, GAP, SMALL.backtest), 14, SMALL)
        return fit_all(facts, panel, GAP, SMALL.model).files()

    assert later.any()
    assert learn(marks, day) == learn(other, day)
    assert learn(marks, day + 60) != learn(other, day + 60), "the broken variant must be seen"


def test_train_records_what_made_the_model(world):
    model = world.registry.show_model(world.second.version)

    assert world.challenger == model.version
    assert model.created_at == NOW
    assert model.parameters["data_sequence"] == str(world.facts.sequence)
    assert model.parameters["target_definition"] == '{"transitions":["escalated"]}'
    assert model.parameters["features_sha256"] == world.registry.read_hashes(model)["features.json"]
    assert model.parameters["code_version"]
    report = world.second.result.to_json()
    assert model.metrics["poisson_deviance"] == report["models"]["lightgbm"]["poisson_deviance"]
    assert model.metrics["poisson_deviance.low"] <= model.metrics["poisson_deviance"] <= model.metrics["poisson_deviance.high"]


def test_train_leaves_text_tables_and_pictures_only(world):
    files = [path for path in world.home.artifacts.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]

    assert {path.suffix for path in files} == {".lgb", ".json", ".md", ".html", ".parquet", ".png", ".py", ".txt", ".yaml", ""}
    assert {path.name for path in files if not path.suffix} <= {"MLmodel", "registered_model_meta"}  # and bytecode where one was loaded


def test_train_second_time_compares_with_the_champion_on_the_same_folds(world):
    model = world.registry.show_model(world.second.version)
    comparison = json.loads(world.registry.read_file(model, "comparison.json"))

    assert comparison["turnover"] == 0
    assert comparison["champion"]["as_of"] == world.second.result.to_json()["as_of"]


def test_golden_rows_are_what_the_booster_says(world, panel):
    model = world.registry.show_model(world.second.version)
    golden = json.loads(world.registry.read_file(model, "golden.json"))
    booster = read_booster(world.registry.read_file(model, "new.lgb").decode())
    rows = np.array(golden["rows"]["new"], np.float64)

    assert rows.shape == (200, len(json.loads(world.registry.read_file(model, "features.json"))["new"]["names"]))
    assert margin(booster, rows).tolist() == golden["margins"]["new.lgb"]


def test_card_has_no_empty_field_and_equals_the_record(world, panel):
    model = world.registry.show_model(world.second.version)
    report = json.loads(world.registry.read_file(model, "backtest.json"))
    card = write_card(report, model.parameters, columns_read(world, panel), world.second.objections)

    assert card == world.second.card
    assert "|  |" not in card
    for part in ("Purpose", "Limits", "Must not be used", "Loop control is partial", "不得用于考核排名", model.parameters["code_version"]):
        assert part in card


def test_card_lists_the_columns_the_model_reads_and_no_others(world):
    model = world.registry.show_model(world.second.version)
    read = json.loads(world.registry.read_file(model, "features.json"))["new"]["names"]
    rows = world.second.card.split("## Features it reads")[1].split("\n## ")[0].splitlines()

    assert read == [row.split(" | ")[0].removeprefix("| ") for row in rows if row.startswith("| ")][2:]


def test_card_figure_changed_by_hand_is_caught(world, panel):
    model = world.registry.show_model(world.second.version)
    report = json.loads(world.registry.read_file(model, "backtest.json"))
    report["models"]["lightgbm"]["auc"] += 0.0001

    assert write_card(report, model.parameters, columns_read(world, panel), world.second.objections) != world.second.card


def stored(world, model, name):
    (path,) = [path for path in world.home.artifacts.rglob(name) if model.run_id in path.parts]
    return path.read_text(encoding="utf-8")


def public_records(world, panel, report):
    model = world.registry.show_model(world.second.version)
    profile = describe_data(world.facts, panel, world.second.result).profile
    return {
        TRANSPARENCY_RECORD: write_transparency_record(report, model.parameters, world.second.objections),
        IMPACT_ASSESSMENT: write_impact_assessment(report, model.parameters, profile),
    }


def test_public_records_equal_the_record_of_the_run_and_have_no_empty_field(world, panel):
    model = world.registry.show_model(world.second.version)
    report = json.loads(world.registry.read_file(model, "backtest.json"))
    origin = [model.parameters[name][:16] for name in ("code_version", "model_sha256", "data_sequence")]

    assert world.second.card == stored(world, model, MODEL_CARD)
    for name, text in public_records(world, panel, report).items():
        assert text == stored(world, model, name)
        assert "|  |" not in text
        assert [] == [part for part in (*origin, "〔待填：") if part not in text]


def test_public_records_figure_changed_by_hand_is_caught(world, panel):
    model = world.registry.show_model(world.second.version)
    report = json.loads(world.registry.read_file(model, "backtest.json"))
    report["rows"] += 1

    for name, text in public_records(world, panel, report).items():
        assert text != stored(world, model, name)


@pytest.fixture(scope="module")
def later():
    """Three weeks on: the folds have moved."""
    facts = draw_facts(place_rates(12, 1), 321, 1)
    panel = build_panel(facts, ripe_as_ofs(facts, GAP, SMALL.backtest), 14, SMALL)
    return facts, panel, backtest(facts, panel, GAP, SMALL.backtest, SMALL.model), fit_all(facts, panel, GAP, SMALL.model)


def test_compare_same_recipe_on_later_folds_is_the_candidate_itself(world, later):
    facts, panel, result, fitted = later

    comparison = compare(small_task(facts), panel, result, fitted, current(world.home, world.engine))

    assert comparison.champion == result.to_json()
    assert comparison.champion_hash == current(world.home, world.engine).hash


def test_compare_other_recipe_is_replayed_on_the_candidates_folds(world, later):
    facts, panel, result, fitted = later
    changed = SMALL.model_copy(update={"model": SMALL.model.model_copy(update={"learning_rate": 0.3})})

    comparison = compare(small_task(facts, settings=changed), panel, result, fitted, current(world.home, world.engine))
    champion, candidate = comparison.champion, result.to_json()

    assert [champion[key] for key in FOLD_KEYS] == [candidate[key] for key in FOLD_KEYS]
    assert champion["models"] == candidate["models"]
    assert champion["seconds"] != candidate["seconds"]


def test_compare_champion_of_an_older_program_leaves_the_decision_to_a_person(world, later):
    facts, panel, result, fitted = later
    champion = current(world.home, world.engine)
    older = replace(champion, files={**champion.files, "recipe.json": b'{"depth": 3}', "calibration.json": b"[]"})

    comparison = compare(small_task(facts), panel, result, fitted, older)

    assert any("the champion's folds" in objection for objection in evaluate_gate(result.to_json(), comparison))
    assert any("older program" in objection for objection in evaluate_gate(result.to_json(), comparison))


def test_train_keeps_its_report_with_the_run(world):
    run = world.registry.show_model(world.second.version).run_id
    stored = {path.name: path.read_bytes() for path in (world.home.artifacts / run / "artifacts/report").iterdir()}

    assert world.second.report == stored
    assert {"report.html", "report.json", "predictions.parquet", "hits.png", "new-beeswarm.png"} <= stored.keys()


def test_code_version_is_a_commit_or_a_release():
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|\d+\.\d+\.\d+.*", code_version())
