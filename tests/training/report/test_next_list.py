from dataclasses import replace

import numpy as np
import pytest

from features.panel.build import build_features
from features.panel.feature import Feature, Kind
from tests.support.reported import SETTINGS
from tests.support.trained_worlds import HORIZON
from training.learning.labels import count_labels
from training.report.next_list import look_ahead


def column(name, value):
    return Feature(name, "", "planted", "planted", Kind.DRIVER, "cases", "{n}", "{n}", value, scope=None)


def planted(reported, feature):
    """Return the panel with one more column."""
    features = (*reported.panel.features, feature)
    return build_features(reported.facts, reported.panel.as_ofs, HORIZON, SETTINGS, features)


def test_look_ahead_own_columns_know_nothing_of_the_future(reported):
    found = look_ahead(reported.facts, reported.panel, HORIZON, SETTINGS)

    assert found["changed"] == []
    assert (found["columns"], len(found["as_ofs"])) == (len(reported.panel.features), 2)


def test_look_ahead_column_that_counts_the_horizon_is_caught(reported):
    leak = column("escalations_to_come", lambda block: count_labels(block.facts, block.when.as_ofs, HORIZON))

    assert look_ahead(reported.facts, planted(reported, leak), HORIZON, SETTINGS)["changed"] == ["escalations_to_come"]


def test_look_ahead_column_that_knows_how_open_cases_end_is_caught(reported):
    """A closing day is stored with the case from the start; reading it before it came is a leak that no label check sees."""
    facts = replace(reported.facts, spells=replace(reported.facts.spells, end_day=reported.facts.spells.start_day + np.int32(20)))

    def days_left(block):
        spells = block.facts.spells
        left = [np.maximum(spells.end_day - as_of, 0) * (spells.start_day < as_of) for as_of in block.when.as_ofs]
        return np.array([np.bincount(spells.grid, each, minlength=len(block.grids)) for each in left])

    features = (*reported.panel.features, column("days_until_closed", days_left))
    panel = build_features(facts, reported.panel.as_ofs, HORIZON, SETTINGS, features)

    assert look_ahead(facts, panel, HORIZON, SETTINGS)["changed"] == ["days_until_closed"]


@pytest.mark.parametrize("days", [28, 90])
def test_look_ahead_column_of_the_past_passes(reported, days):
    past = column("escalations_before", lambda block: count_labels(block.facts, block.when.as_ofs - np.int32(days), days, None))

    assert look_ahead(reported.facts, planted(reported, past), HORIZON, SETTINGS)["changed"] == []
