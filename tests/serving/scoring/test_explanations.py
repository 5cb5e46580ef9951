import math
from dataclasses import replace

import numpy as np
import pytest

from features.panel.feature import Feature, Kind
from serving.scoring import explanations
from serving.scoring.explanations import explain_rows, may_be_named
from serving.scoring.scoring import score_day
from serving.text import forbidden_words
from tests.support.published_world import AS_OF
from training.learning.model import Contributions


def feature(name, reason, kind=Kind.DRIVER, unit="cases", family="counts"):
    return Feature(name, "", family, reason, kind, unit, zh=f"{name}{{n}}件", en=f"{{n}} {name}", value=None, scope=None)


OPEN = feature("open", "backlog")
OVERDUE = feature("overdue", "backlog")
NEW = feature("new", "recent")
SOURCE = feature("source", "sources", Kind.CONTROL)
AROUND = feature("around", "surroundings", Kind.CONTEXT)
GAP = feature("gap", "quality", Kind.QUALITY)


def explain_one(parts, values=None, features=(OPEN, OVERDUE, NEW, SOURCE, AROUND, GAP)):
    """Explain one row; all values are 5 unless given."""
    given = Contributions(tuple(each.name for each in features), np.array([parts], float), np.array([0.1]), np.array([1.0]))
    (explanation,) = explain_rows(features, np.array([values or [5] * len(features)], np.float32), given, [()])
    return explanation


@pytest.fixture(scope="module")
def day(shared_world):
    return score_day(shared_world.home, shared_world.engine, shared_world.settings, AS_OF)


def largest_error(day):
    """Return how far exp(sum of group contributions) is from the published factor, at worst."""
    product = [math.exp(sum(explanation.contributions.values())) for explanation in day.explain(day.rated)]
    return np.abs(np.array(product) / (day.expected / day.usual_level)[day.rated] - 1).max()


def test_contributions_of_all_grids_multiply_to_the_factor(day):
    assert largest_error(day) <= 1e-6


def test_contributions_with_the_base_left_out_would_be_noticed(day, monkeypatch):
    monkeypatch.setattr(explanations, "BASE", day.model.feature_names and day.panel.features[0].reason)

    assert largest_error(day) > 1e-3


def test_words_of_random_panels_hold_no_forbidden_word_and_fill_every_placeholder(day):
    """Whatever values the features take and however they move the score, the sentences stay lawful."""
    rng = np.random.default_rng(3)
    features, count = day._features, 200
    values = np.where(rng.random((count, len(features))) < 0.2, np.nan, rng.exponential(4, (count, len(features)))).astype(np.float32)
    parts = Contributions(day.model.feature_names, rng.normal(0, 0.3, values.shape), np.zeros(count), np.ones(count))

    explained = list(explain_rows(features, values, parts, [()] * count))
    texts = [text.zh + text.en for each in explained for text in (*(reason.words for reason in each.reasons), *each.context)]

    assert len(texts) > 3 * count
    assert not [text for text in texts if forbidden_words(text) or "{" in text or "nan" in text]


def test_words_with_a_forbidden_phrase_in_the_catalogue_would_be_noticed():
    explanation = explain_one([0.5], features=(replace(OPEN, zh="由于积压{n}件"),))

    assert forbidden_words(explanation.reasons[0].words.zh) == ["由于"]


def test_explain_rows_sums_groups_and_names_what_pulls_most():
    explanation = explain_one([0.2, 0.4, -0.3, 0, 0, 0])

    assert explanation.contributions == {"base": 0.1, "backlog": 0.6, "recent": -0.3, "sources": 0, "surroundings": 0, "quality": 0}
    assert [reason.group for reason in explanation.reasons] == ["backlog", "recent"]
    assert [reason.words.zh for reason in explanation.reasons] == [
        "↑ overdue5件:与高于本网格常态相关(×1.82)",
        "↓ new5件:与低于本网格常态相关(×0.74)",
    ]


def test_explain_rows_control_and_quality_are_never_said_and_context_has_no_arrow():
    explanation = explain_one([0, 0, 0.1, 0.9, -0.5, 0.8])

    assert [reason.group for reason in explanation.reasons] == ["recent"]
    assert [text.zh for text in explanation.context] == ["around5件"]


def test_explain_rows_missing_value_is_not_a_reason():
    explanation = explain_one([0.5, 0.1, 0, 0, 0, 0], values=[np.nan, 4, 1, 1, 1, 1])

    assert [reason.words.zh for reason in explanation.reasons] == ["↑ overdue4件:与高于本网格常态相关(×1.82)"]


def test_explain_rows_gives_three_reasons_and_further_ones_only_if_they_matter():
    features = tuple(feature(f"f{number}", f"group{number}") for number in range(7))

    assert len(explain_one([0.5, 0.4, 0.01, 0.01, 0.01, 0.01, 0.01], features=features).reasons) == 3
    assert len(explain_one([0.5, 0.4, 0.3, 0.2, 0.01, 0.01, 0.01], features=features).reasons) == 4
    assert len(explain_one([0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1], features=features).reasons) == 5


@pytest.mark.parametrize(
    ("about", "allowed"),
    [
        ({"subject": "dispute", "category": "traffic_accident"}, True),
        ({"subject": "dispute", "category": "marriage_family"}, False),
        ({"subject": "police_call", "category": "medical"}, False),
        ({"subject": "petition", "family": "counts"}, False),
        ({"subject": "petition", "family": "kinds", "category": "other"}, False),
        ({"subject": "petition", "family": "backlog", "measure": "overdue_count"}, True),
    ],
)
def test_may_be_named_keeps_homes_and_petitioners_out(about, allowed):
    assert allowed == may_be_named(replace(feature("any", "any"), **about))
