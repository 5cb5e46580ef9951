"""Metrics that the shipped alert rules and dashboard name are those of /metrics."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from serving.operations.job_runs import JOBS, Run, record_run
from tests.support.published_world import PUBLISHED_AT

DEPLOY = Path(__file__).parents[3] / "configs/deploy"
NAME = re.compile(r"\b(?:yujing|http|process)_[a-z_]+\b")
LABEL = re.compile(r'(task|outcome)="([a-z]+)"')


def rules() -> list[dict[str, str]]:
    (group,) = yaml.safe_load((DEPLOY / "prometheus-rules.yaml").read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def panels() -> list[dict]:
    return json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))["panels"]


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


@pytest.fixture
def shown(world, fresh_client) -> str:
    """The figures of a home in which every job worked once and failed once."""
    world.rank()
    for job in JOBS:
        counts = dict.fromkeys(("read", "accepted", "duplicate", "quarantined"), 1.0)
        record_run(world.engine, Run(job, PUBLISHED_AT, 1.0, "no space left"))
        record_run(world.engine, Run(job, PUBLISHED_AT + timedelta(minutes=1), 1.0, None, counts))
    fresh_client.get("/readyz")
    return fresh_client.get("/metrics").text


@pytest.mark.dialect("sqlite")
def test_every_metric_of_rules_and_dashboard_is_given(shown: str) -> None:
    named = {name for expression in expressions() for name in NAME.findall(expression)}

    given = set(re.findall(r"^([a-z_]+)[{ ]", shown, re.MULTILINE))

    assert named - given == set()
    assert len(named) > 15


@pytest.mark.dialect("sqlite")
def test_every_job_and_outcome_of_rules_and_dashboard_is_given(shown: str) -> None:
    wanted = {pair for expression in expressions() for pair in LABEL.findall(expression)}

    assert wanted - set(LABEL.findall(shown)) == set()
    assert wanted


def test_every_rule_says_what_happened() -> None:
    assert [rule["alert"] for rule in rules() if not rule["annotations"]["summary"].endswith(".") or "severity" not in rule["labels"]] == []


def test_dashboard_panels_have_their_own_places_and_numbers() -> None:
    """None lies on another: every cell of the raster is covered once at most."""
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels())
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))
    assert len({panel["id"] for panel in panels()}) == len(panels())
