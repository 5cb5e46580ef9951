"""Metrics that the shipped alert rules and dashboard name are those of /metrics."""

import re
from datetime import timedelta

import pytest
import yaml

from serving.operations.jobs import JOBS, Run, record_run
from tests.support.prometheus import RULES, panels
from tests.support.published_world import PUBLISHED_AT

NAME = re.compile(r"\b(?:yujing|http|process)_[a-z_]+\b")
LABEL = re.compile(r'(task|outcome)="([a-z]+)"')


def rules() -> list[dict[str, str]]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


@pytest.fixture
def shown(world, fresh_client) -> str:
    """The figures of a home in which every job worked once and failed once."""
    world.rank()
    for job in JOBS:
        counts = dict.fromkeys(("read", "accepted", "duplicate", "quarantined", "seconds"), 1.0)
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


@pytest.mark.dialect("sqlite")
def test_rows_of_the_newest_ingest_are_rows_alone(shown: str) -> None:
    outcomes = re.findall(r'^yujing_ingest_last_rows\{outcome="(\w+)"', shown, re.MULTILINE)

    assert sorted(outcomes) == ["accepted", "duplicate", "quarantined", "read"]
