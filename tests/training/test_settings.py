"""Settings of training."""

from datetime import date

import pytest
from pydantic import ValidationError

from training.settings import BacktestSettings, CharterSettings, ModelSettings


def test_leaving_out_adds_families_and_changes_nothing_else() -> None:
    before = ModelSettings(exclude_families=("counts",), num_leaves=9)
    after = before.leaving_out(["rates"]).leaving_out(["trends"])

    assert ("counts", "rates", "trends") == after.exclude_families
    assert before == after.model_copy(update={"exclude_families": ("counts",)})
    assert 9 == after.num_leaves


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (ModelSettings, "learning_rate", 0),
        (ModelSettings, "num_leaves", 1),
        (ModelSettings, "feature_fraction", 1.01),
        (ModelSettings, "most_rows", 999),
        (ModelSettings, "inner_share", 1),
        (ModelSettings, "threads", 0),
        (BacktestSettings, "test_share", 1),
        (BacktestSettings, "bootstrap_draws", 19),
        (BacktestSettings, "folds", 0),
        (BacktestSettings, "peers", ("prophet",)),
        (CharterSettings, "until", date(2026, 12, 31)),
        (CharterSettings, "since", date(2026, 1, 1)),
    ],
)
def test_settings_beyond_their_bounds_are_refused_by_name(section: type, key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        section(**{key: value})


@pytest.mark.parametrize("section", [ModelSettings, BacktestSettings])
def test_renamed_keys_lead_to_keys_that_exist(section: type) -> None:
    assert set(section.renamed.values()) <= set(section.model_fields)
    assert set() == set(section.renamed) & set(section.model_fields)


@pytest.mark.parametrize(("until", "fits"), [(date(2025, 12, 31), False), (date(2026, 12, 31), True), (date(2027, 1, 3), False)])
def test_charter_ends_within_a_year_of_its_begin(until: date, fits: bool) -> None:
    if fits:
        assert until == CharterSettings(since=date(2026, 1, 1), until=until).until
    else:
        with pytest.raises(ValidationError, match="within twelve months after"):
            CharterSettings(since=date(2026, 1, 1), until=until)
