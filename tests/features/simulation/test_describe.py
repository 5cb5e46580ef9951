"""README and settings of simulated files, read by the product itself."""

import re

import yaml

from features.intake.source_file import SourceFile
from features.schema import CASE_OPTIONAL, CASE_REQUIRED
from features.settings import validate
from features.simulation.describe import config_text, readme, source_text
from features.simulation.dispute_numbers import Mediation
from features.simulation.mix import INJURY_CALL, OWN_CATEGORIES
from features.simulation.preset import Preset, Rates
from serving.settings import Settings
from tests.features.simulation.small import SPAN


def text(**changed: object) -> str:
    return readme("small", Preset(**changed), SPAN, 7)


def test_readme_says_what_it_was_made_from() -> None:
    assert "Preset small, seed 7, days from 2025-01-01 up to but not including 2025-03-05." in text()


def test_readme_files_end_as_they_are_written() -> None:
    assert "| cases.csv |" in text()
    assert "| cases.parquet |" in text(parquet=True)
    assert "cases.csv" not in text(parquet=True)


def test_readme_lists_every_number_that_is_assumed_with_its_value() -> None:
    changed = text(mediation=Mediation(relapse=0.123), rates=Rates(dispute=6.5))

    assert "- mediation.relapse = 0.123: Share of the closed that come back within 180 days." in changed
    assert "- rates.dispute =" not in changed


def test_readme_leaves_no_place_unfilled() -> None:
    assert [] == re.findall(r"\{[a-z_]+\}", text())


def test_config_text_is_read_by_the_product() -> None:
    settings = validate(Settings, yaml.safe_load(config_text(SPAN)), "config.yaml")

    assert ("escalated", "overdue", "reopened") == settings.target.transitions
    assert (INJURY_CALL,) == settings.targets["strict"].events.category
    assert "escalation" == settings.targets["strict"].parent
    assert set(OWN_CATEGORIES) == set(settings.categories)
    assert 4 == len(settings.calendar.sensitive_periods)


def test_source_text_is_read_by_the_product() -> None:
    source = validate(SourceFile, yaml.safe_load(source_text()), "source.yaml")

    assert (*CASE_REQUIRED, *CASE_OPTIONAL) == source.needed
    assert ["overdue"] == [rule.action for rule in source.derived]
