"""Local features are read where they keep the rules of the product's own, and refused with the rule they break."""

import importlib
from pathlib import Path

import pytest

from features.errors import UsageError
from features.panel.build import build_panel, catalogue
from features.panel.feature import Use
from features.panel.local_features import read_local_features
from serving.settings import Settings
from tests.support.event_logs import HORIZON, Case, column, days, make_facts

SAMPLE = Path(__file__).parents[3] / "docs" / "samples" / "night_disputes.py"
HEAD = """
import numpy as np
from dataclasses import replace
from features.panel.channels import CLOSED, OPEN, REPORTED, Channel, cases_where, is_type
from features.panel.feature import Feature, Kind, window, level
def one(value, subject="own", measure="count", zh="近28天自有事项{n}件", en="{n} own matters in 28 days", **more):
    return Feature(subject, measure, "local", "own", Kind.DRIVER, "cases", zh, en, value, **more)
"""


@pytest.fixture(scope="module")
def facts(rich_log):
    return make_facts(**rich_log)


@pytest.fixture
def settings_of(tmp_path):
    """Return settings that name a file of these lines after the imports."""

    def write(lines: str) -> Settings:
        path = tmp_path / "own.py"
        path.write_text(HEAD + lines, encoding="utf-8")
        return Settings(panel={"threads": 1, "local_features": str(path)})

    return write


def local(facts, settings):
    return [feature for feature in catalogue(facts, HORIZON, settings) if feature.family == "local"]


def test_sample_counts_disputes_from_22_to_6_o_clock():
    settings = Settings(panel={"threads": 1, "local_features": str(SAMPLE)})
    hours = (21.9, 22, 23.9, 5.9, 6, 12)
    cases = [Case("a", 10 + hour / 24) for hour in hours] + [Case("a", 10 + 23 / 24, event_type="hazard"), Case("a", 10)]
    panel = build_panel(make_facts(cases, settings=settings), days(10, 11, 38, 39), HORIZON, settings)

    assert [0, 3, 3, 0] == column(panel, "night_dispute_count_grid_28d")
    assert [0, 3, 3, 3] == column(panel, "night_dispute_count_grid_90d")
    assert (Use.MODEL, read_local_features(str(SAMPLE)).origin) == (panel.features[-1].use, panel.features[-1].origin)


def test_local_features_come_after_the_products_own_and_change_none_of_them(facts, settings_of):
    settings = settings_of("def features(facts, days): yield one(window(Channel(REPORTED, 0), 28), window_days=28)")
    names = [feature.name for feature in catalogue(facts, HORIZON, settings)]

    assert [*(feature.name for feature in catalogue(facts, HORIZON, Settings())), "own_count_grid_28d"] == names


def test_local_features_of_states_of_kinds_and_of_the_block_pass(facts, settings_of):
    settings = settings_of("""
def features(facts, days):
    for index, name in enumerate(facts.event_types):
        if name != "petition":
            yield one(level(Channel(OPEN, index)), f"own_{name}", "open_count", f"未办结{name}事项{{n}}件", f"{{n}} open {name}")
    yield one(lambda block: block.of_neighbours(Channel(REPORTED, 0), 28), scope="neighbours", window_days=28)
    yield one(lambda block: block.when.as_ofs[:, None] % 7.0, subject="own_weekday", measure="ratio")
""")

    assert ["own_dispute_open_count_grid", "own_hazard_open_count_grid", "own_count_neighbours_28d", "own_weekday_ratio_grid"] == [
        feature.name for feature in local(facts, settings)
    ]


LEAKS = {
    "cases of later days": """
def features(facts, days):
    yield one(lambda block: np.broadcast_to(np.bincount(block.facts.cases.grid, minlength=block.shape[1]), block.shape))
""",
    "how open cases end": """
def features(facts, days):
    def share(block):
        spells = block.facts.spells
        later = spells.end_day[None, :] < block.when.as_ofs[:, None] + 60
        return np.stack([np.bincount(spells.grid[row], minlength=block.shape[1]) for row in later])
    yield one(share)
""",
    "facts kept from the declaration": """
def features(facts, days):
    totals = np.bincount(facts.target.grid, minlength=facts.places.size)
    yield one(lambda block: np.broadcast_to(totals[block.grids], block.shape))
""",
    "the last day of the log": """
def features(facts, days):
    yield one(lambda block: np.full(block.shape, float(block.shared.facts.known_through_day)))
""",
}


@pytest.mark.parametrize("lines", LEAKS.values(), ids=LEAKS)
def test_local_feature_that_knows_later_days_is_refused(facts, settings_of, lines):
    with pytest.raises(UsageError, match=r"own_count_grid must follow from what was known before \d{4}-\d\d-\d\d, .* Mend own.py"):
        catalogue(facts, HORIZON, settings_of(lines))


BY_PETITIONS = """
def features(facts, days):
    petition = facts.event_types.index("petition")
    yield one(window(Channel(REPORTED, petition), 90), window_days=90)
"""


def test_local_feature_of_petition_volume_is_refused_unless_somebody_answers_for_it(facts, settings_of):
    settings = settings_of(BY_PETITIONS)
    switch = {"in_model": True, "reason": "study", "by": "li", "until": "2026-12-31"}
    allowed = Settings(panel={**settings.panel.model_dump(), "petition_volume": switch})

    with pytest.raises(UsageError, match="own_count_grid_90d must not depend on petitions"):
        catalogue(facts, HORIZON, settings)
    assert ["own_count_grid_90d"] == [feature.name for feature in local(facts, allowed)]


ZERO = "def features(facts, days): yield one(lambda block: np.zeros(block.shape), "


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (ZERO + "zh='own {n}')", "must have words in both languages"),
        (ZERO + "en='自有{n}')", "must have words in both languages"),
        (ZERO + "zh='自有{count}件')", r"its words hold \{count\}"),
        (ZERO + "zh='由于积压{n}件')", "must not say '由于'"),
        (ZERO + "subject='Own')", "must be named in lower-case"),
        (ZERO + "subject='dispute', window_days=28)", "dispute_count_grid_28d must have a name of its own"),
        ("def features(facts, days): return [one(len), one(len)]", "must have a name of its own"),
        ("def features(facts, days): yield 1", "must yield Feature alone, and yielded int"),
        ("def features(facts, days): raise KeyError('x')", "and raised KeyError"),
        ("def features(facts, days): yield one(lambda block: np.zeros(3))", "own_count_grid must have one number per as_of and grid"),
        ("def feature(facts, days): pass", "must define features"),
        ("def features(", "SyntaxError"),
    ],
)
def test_local_feature_that_breaks_a_rule_is_refused_by_its_name(facts, settings_of, lines, fault):
    with pytest.raises(UsageError, match=fault):
        catalogue(facts, HORIZON, settings_of(lines))


def test_local_features_file_that_is_missing_is_refused():
    with pytest.raises(UsageError, match=r"Python file that can be read, got '/nowhere/own.py': No such file"):
        read_local_features("/nowhere/own.py")


def test_local_features_file_that_everybody_may_write_is_refused(settings_of, tmp_path):
    settings = settings_of(ZERO + ")")
    (tmp_path / "own.py").chmod(0o666)

    with pytest.raises(UsageError, match="everybody may write"):
        read_local_features(settings.panel.local_features)


def test_local_features_of_an_entry_point_are_read(facts, settings_of, tmp_path, monkeypatch):
    lines = settings_of(ZERO + ")") and (tmp_path / "own.py").read_bytes()
    (tmp_path / "district_columns.py").write_bytes(lines)
    about = tmp_path / "district-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: district\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[yujing.features]\ndistrict = district_columns:features\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    settings = Settings(panel={"local_features": "district"})

    assert ["own_count_grid"] == [feature.name for feature in local(facts, settings)]


def test_local_features_of_an_unknown_entry_point_name_the_known():
    with pytest.raises(UsageError, match=r"entry point of yujing.features \(none\), got 'district'"):
        read_local_features("district")
