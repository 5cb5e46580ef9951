"""Evidence for and against the model in use is on its page, as the trainer and the monitor wrote it, in words."""

import json
from dataclasses import asdict, replace

import pytest

from serving.pages.model_view import MODEL, NOT_RULES, read_drift, read_gate
from serving.pages.translations import Translator
from tests.serving.pages.conftest import BACKTEST
from tests.serving.pages.test_pages import faults
from tests.support.people import TOWNSHIP, visit
from tests.training.registry.test_gate import champion, report
from training.evaluation.disparity import Group, Grouping, Verdict, to_json
from training.registry.gate import check_all
from training.rivals import BOUNDS, PEERS

UNSURE = {"verdict": "inconclusive", "ratio": 0.6, "chance": 0.3}
SEEN = {
    "as_of": "2026-01-08",
    "findings": [{"about": "quality", "zh": "实际件数为预计的1.40–1.90倍，预计有偏", "en": "more followed than expected"}],
    "features": [{"name": "dispute_count_grid_28d", "zh": "近28天新增矛盾纠纷", "psi": 0.31}],
    "predictions": {"psi": 0.07},
    "quality": {"realised_over_expected": {"value": 1.6, "ci95": [1.4, 1.9]}},
}
KINDS = to_json(
    {
        "area_type": Grouping(
            (Group("old_town", 20, 40, 0.5, 0.5, 1.02, (0.9, 1.1)), Group("cave_dwellings", 20, 3)), None, None, Verdict.NOT_ESTIMABLE
        ),
        "township": Grouping((Group(TOWNSHIP, 20, 43, 0.5, 0.5, 1.0, (0.8, 1.2)),), 0.62, 0.3, Verdict.INCONCLUSIVE),
    }
)


@pytest.fixture
def look():
    """Return a function that gives the page of the models as an analyst sees it."""

    def look(world, **preferred: str) -> str:
        with visit(world, "analyst", **preferred) as analyst:
            return analyst.get("/models").text

    return look


@pytest.fixture
def judged(own_world):
    """A home whose champion has its checks, its kinds of places and a look at drift beside it."""
    for folder in own_world.home.published.iterdir():
        checks = check_all(report(0.8, interval=None, grouping=UNSURE), champion(0.7, share=0.1))
        (folder / "gate.json").write_text(json.dumps([asdict(check) for check in checks]), encoding="utf-8")
        (folder / "backtest.json").write_text(json.dumps(BACKTEST | {"disparity": KINDS}), encoding="utf-8")
    seen = own_world.home.folder(own_world.home.monitoring) / "escalation.json"
    seen.write_text(json.dumps(SEEN, ensure_ascii=False), encoding="utf-8")
    return own_world


def test_models_page_shows_gate_places_and_drift(judged, look) -> None:
    page = look(judged)

    assert page.index("未通过") < page.index("不能断定")
    assert "不差于在用模型（偏差）" in page
    assert "≤ 0.7000" in page
    assert "老城区" in page
    assert "cave_dwellings" in page
    assert "样本太少，不能估计" in page
    assert "命中率最低比最高0.62" in page
    assert "预计有偏" in page
    assert "1.60 (1.40–1.90)" in page
    assert f"MLFLOW_DISABLE_TELEMETRY=true mlflow ui --backend-store-uri {judged.home.tracking_url}" in page
    assert faults(page) == []


def test_models_page_links_to_mlflow_where_its_address_is_set(judged, look) -> None:
    served = judged.settings.serving.model_copy(update={"mlflow_url": "https://mlflow.example/#/experiments/1"})
    world = replace(judged, settings=judged.settings.model_copy(update={"serving": served}))
    page = look(world)

    assert 'href="https://mlflow.example/#/experiments/1"' in page
    assert "mlflow ui" not in page


def test_models_page_of_an_older_program_says_what_is_not_known(own_world, look) -> None:
    page = look(own_world, language="en")

    assert "kept no checks" in page
    assert "<code>yujing monitor</code>" in page


def test_read_gate_marks_what_cannot_be_told_as_no_pass(judged) -> None:
    (folder,) = judged.home.published.iterdir()
    marks = {line.asked: (line.mark, line.found) for line in read_gate(folder / "gate.json", Translator("en"))}

    assert marks["no worse than the model in use (deviance)"] == ("gate_failed", "0.8000")
    assert marks["better than the rule (95% interval of the deviance difference) · count of 90 days"] == ("gate_failed", None)
    assert marks["recall alike in all kinds of places (lowest over highest) · by type of area"][0] == "gate_unsure"
    assert marks["few of the top 5% of grids change"] == ("gate_passed", "10%")


def test_read_drift_where_nothing_could_be_estimated_leaves_figures_out(tmp_path) -> None:
    reason = {"reason": {"zh": "不能估计", "en": "cannot be estimated"}}
    (tmp_path / "seen.json").write_text(json.dumps(SEEN | {"features": reason, "predictions": reason, "quality": reason}))
    drift = read_drift(tmp_path / "seen.json", Translator("zh"))

    assert (drift.shifts, drift.predictions, drift.realised) == ((), None, None)


def test_not_rules_are_the_model_its_peers_and_the_bounds() -> None:
    assert {MODEL, *PEERS, *BOUNDS} == NOT_RULES
