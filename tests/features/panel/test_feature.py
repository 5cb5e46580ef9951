"""Rules that every declared feature keeps: name, words, unit, use."""

import re
from collections import Counter

import pytest

from features.panel.build import FAMILIES, catalogue
from features.panel.feature import Kind, Use
from features.schema import EventType
from features.settings import BuildSettings, CalendarSettings, PanelSettings, Period, PetitionVolume
from tests.support.event_logs import HORIZON, make_facts

EXAM = Period(name="gaokao", start="2025-06-07", end="2025-06-10")
SETTINGS = BuildSettings(calendar=CalendarSettings(country="CN", exam_periods=(EXAM,), sensitive_periods=(EXAM,)))
SCOPED = re.compile(
    r"[a-z][a-z0-9_]*_(count|ratio|mean|since|decay|rate|share|gap|expected)(_\w+)?_?(grid|neighbours|community|township|district)(_\d+d)?"
)
OF_THE_LOG = {"history_days"}
CAUSES = re.compile("因为|导致|造成|由于|caused|because", re.IGNORECASE)


@pytest.fixture(scope="module")
def features(rich_log):
    return catalogue(make_facts(**rich_log), HORIZON, SETTINGS)


def faulty(features, fits):
    return [feature.name for feature in features if not fits(feature)]


def test_catalogue_of_a_rich_log_has_every_family(features):
    families = {feature.family for feature in features}

    assert {"history", "counts", "kinds", "sources", "due", "backlog", "handling", "trends", "recency", "repeats"} <= families
    assert {"neighbours", "surroundings", "quality", "calendar"} <= families
    assert len(FAMILIES) < len(families)


def test_catalogue_names_are_unique(features):
    assert [] == [name for name, times in Counter(feature.name for feature in features).items() if times > 1]


def test_catalogue_names_are_ascii_snake_case(features):
    assert [] == faulty(features, lambda feature: re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", feature.name, re.ASCII))


def test_catalogue_names_say_source_statistic_scope_and_window(features):
    placed = [feature for feature in features if feature.family != "calendar" and feature.name not in OF_THE_LOG]

    assert [] == faulty(placed, lambda feature: SCOPED.fullmatch(feature.name))


def test_catalogue_window_stands_at_the_end_of_the_name(features):
    windowed = [feature for feature in features if feature.window_days is not None]

    assert len(windowed) > 50
    assert [] == faulty(windowed, lambda feature: feature.name.endswith(f"_{feature.window_days}d"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_catalogue_phrases_hold_the_value_or_nothing_to_fill_in(features, language):
    phrases = {feature.name: getattr(feature, language) for feature in features}

    assert [] == faulty(features, lambda feature: phrases[feature.name] and set(re.findall(r"{.*?}|%s", phrases[feature.name])) <= {"{n}"})
    assert [] == faulty(features, lambda feature: not CAUSES.search(phrases[feature.name]))


def test_catalogue_zh_phrases_are_chinese_and_en_phrases_are_not(features):
    assert [] == faulty(features, lambda feature: re.search("[\u4e00-\u9fff]", feature.zh))
    assert [] == faulty(features, lambda feature: feature.en.isascii())


def test_catalogue_phrases_tell_features_apart(features):
    """Two columns a reader could not tell apart; the two halves of the season are one thing to a reader."""
    shown = [feature for feature in features if feature.kind != Kind.CONTROL and not feature.name.startswith("season")]

    assert [] == [phrase for phrase, times in Counter(feature.zh for feature in shown).items() if times > 1 and "折合" not in phrase]


def test_catalogue_every_feature_has_unit_reason_and_kind(features):
    assert [] == faulty(features, lambda feature: feature.unit and feature.reason and feature.kind in Kind)


def test_catalogue_directions_are_up_down_or_either(features):
    assert [] == faulty(features, lambda feature: feature.direction in {-1, 0, 1})
    assert {1} <= {feature.direction for feature in features}


def test_catalogue_calendar_and_quality_have_no_direction(features):
    assert [] == faulty(features, lambda feature: feature.direction == 0 or feature.kind == Kind.DRIVER)


def test_catalogue_quality_is_never_in_the_model(features):
    quality = [feature for feature in features if feature.kind == Kind.QUALITY or feature.family == "quality"]

    assert len(quality) >= 2
    assert [] == faulty(quality, lambda feature: feature.use is Use.SHOWN_ONLY and feature.kind == Kind.QUALITY)


def test_catalogue_petition_volume_is_never_in_the_model(features):
    """Only the office's handling of petitions is, and more unfinished work can only raise the count."""
    petitions = [feature for feature in features if EventType.PETITION in feature.name]
    read = [feature for feature in petitions if feature.use is Use.MODEL]

    assert len(petitions) > len(read) > 0
    assert {"backlog"} == {feature.family for feature in read}
    assert {1} == {feature.direction for feature in read}


def test_catalogue_petition_volume_is_in_the_model_where_somebody_answers_for_it(rich_log):
    switch = PetitionVolume(in_model=True, reason="study", by="li", until="2026-12-31")
    settings = SETTINGS.model_copy(update={"panel": PanelSettings(petition_volume=switch)})
    counted = [feature for feature in catalogue(make_facts(**rich_log), HORIZON, settings) if feature.is_petition_volume]

    assert len(counted) > 5
    assert {Use.MODEL} == {feature.use for feature in counted}


def test_catalogue_of_another_horizon_has_its_due_count(rich_log):
    names = {feature.name for feature in catalogue(make_facts(**rich_log), 10, SETTINGS)}

    assert "due_count_grid_10d" in names
