"""A feature is declared once, and what is declared is what a model reads, people see and the monitor watches."""

import json
from collections import Counter

import numpy as np
import pytest

from features.days import day_number
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.panel import build
from features.panel.build import build_panel, catalogue
from features.panel.channels import REPORTED, Channel, cases_where, is_type
from features.panel.feature import Feature, Kind, Use, window
from features.schema import EventType
from serving.monitoring.drift import feature_shifts
from serving.scoring.explanations import may_be_named
from serving.text import fill
from tests.serving.conftest import make_trained  # noqa: F401 - a fixture
from tests.support.documents import features_page
from tests.support.event_logs import HORIZON, make_facts, make_rich_log
from tests.support.published_world import LAST_DAY, SETTINGS
from training.attribution import LABELS, column_label, reason_labels
from training.learning.folds import Gap, ripe_as_ofs
from training.registry.published import current
from training.train import fit_all

LATER = np.array([day_number(LAST_DAY) + 300], np.int32)
"""A day a year before which every window lies inside the log."""


class LatelyFamily:
    """A family of one feature, as anybody might add it."""

    def __init__(self, unit, use):
        self.unit, self.use = unit, use

    def features(self, facts, horizon_days):
        del facts, horizon_days
        yield Feature(
            subject="dispute",
            measure="late_share",
            family="lately",
            reason="recent_dispute",
            kind=Kind.DRIVER,
            unit=self.unit,
            zh="近90天新增矛盾纠纷中{n}在近28天",
            en="{n} of the disputes of 90 days are of the last 28",
            value=lambda block: (block.window(Channel(REPORTED, 0), 28) + 1) / (block.window(Channel(REPORTED, 0), 90) + 3),
            window_days=90,
            use=self.use,
        )


class NightFamily:
    """Disputes reported at night, under a reason group of their own: all that CONTRIBUTING.md asks for, and no other file."""

    @staticmethod
    def features(facts, horizon_days):
        del horizon_days
        if (facts.cases.reported_minute >= 0).any():
            yield Feature(
                subject="planted_night_dispute",
                measure="count",
                family="night",
                reason="night",
                kind=Kind.DRIVER,
                unit="cases",
                zh="近28天夜间上报矛盾纠纷{n}件",
                en="{n} disputes reported at night in 28 days",
                value=window(Channel(cases_where("night disputes", is_night_dispute)), 28),
                window_days=28,
            )


def is_night_dispute(facts):
    minute = facts.cases.reported_minute
    return is_type(facts, EventType.DISPUTE) & ((minute >= 22 * 60) | ((minute >= 0) & (minute < 6 * 60)))


@pytest.fixture(scope="module")
def trained(make_trained):  # noqa: F811 - the fixture
    return make_trained("sqlite")


@pytest.fixture(scope="module")
def facts(trained):
    return read_facts(read_log(trained.home, trained.engine), None, SETTINGS)


def fitted_with(facts, family, monkeypatch):
    monkeypatch.setattr(build, "FAMILIES", (*build.FAMILIES, family))
    gap = Gap(SETTINGS.horizon_days, SETTINGS.delay_allowance_days)
    panel = build_panel(facts, ripe_as_ofs(facts, gap, SETTINGS.backtest)[-20:], gap.horizon_days, SETTINGS)
    return fit_all(facts, panel, gap, SETTINGS.model.model_copy(update={"num_boost_round": 2, "replicates": 0}))


@pytest.mark.parametrize("unit", ["share", "ratio", "cases", "days"])
def test_new_feature_of_any_unit_is_read_shown_and_watched(facts, monkeypatch, unit):
    columns = json.loads(fitted_with(facts, LatelyFamily(unit, Use.MODEL), monkeypatch).files()["features.json"])["new"]["names"]
    shifts = {shift.name: shift for shift in feature_shifts(facts, LATER, HORIZON, columns, SETTINGS)}
    (feature,) = (feature for feature in catalogue(facts, HORIZON, SETTINGS) if feature.family == "lately")

    assert "dispute_late_share_grid_90d" == feature.name
    assert feature.name in columns
    assert feature.name in shifts
    assert may_be_named(feature)
    assert "{n}" not in fill(feature.zh, 0.5, feature.unit) + fill(feature.en, 0.5, feature.unit)
    assert "近90天新增矛盾纠纷中n在近28天" == column_label(feature)
    assert {"recent_dispute": "近期新增矛盾纠纷"} == reason_labels([feature])


def test_new_feature_of_the_time_of_day_is_read_named_documented_and_watched(facts, monkeypatch):
    fitted = fitted_with(facts, NightFamily, monkeypatch)
    columns = json.loads(fitted.files()["features.json"])["new"]["names"]
    (feature,) = (feature for feature in catalogue(facts, HORIZON, SETTINGS) if feature.family == "night")

    assert "planted_night_dispute_count_grid_28d" == feature.name
    assert feature.name in columns
    assert feature.name in {shift.name for shift in feature_shifts(facts, LATER, HORIZON, columns, SETTINGS)}
    assert may_be_named(feature)
    assert "近28天夜间上报矛盾纠纷5件" == fill(feature.zh, 5, feature.unit)
    assert "5 disputes reported at night in 28 days" == fill(feature.en, 5, feature.unit)
    assert {"night": "近28天夜间上报矛盾纠纷n件"} == reason_labels([feature])
    assert "| 近28天夜间上报矛盾纠纷{n}件 / {n} disputes reported at night in 28 days |" in features_page()


@pytest.mark.parametrize("use", [Use.LEVEL_ONLY, Use.SHOWN_ONLY, Use.NEVER])
def test_new_feature_declared_for_other_uses_is_not_read(facts, monkeypatch, use):
    assert "dispute_late_share_grid_90d" not in fitted_with(facts, LatelyFamily("ratio", use), monkeypatch).parts[0].columns.names


def test_monitor_watches_exactly_what_the_champion_reads(trained, facts):
    read = current(trained.home, trained.engine).columns

    assert len(read) > 20
    assert sorted(read) == sorted(shift.name for shift in feature_shifts(facts, LATER, HORIZON, read, SETTINGS))


def test_every_reason_group_of_several_columns_has_a_chinese_name():
    features = catalogue(make_facts(**make_rich_log()), HORIZON, SETTINGS)
    sizes = Counter(feature.reason for feature in features)

    assert [] == sorted(reason for reason, size in sizes.items() if size > 1 and reason not in LABELS)
