import json

import pytest

from features.errors import NotFoundError
from features.storage.home import Home
from serving.pages.compare_view import compare, weak_subsets

DAYS = {"first": "2025-05-26", "last": "2025-12-08", "count": 29, "step_days": 7}


def backtest(hit, low, high, *, deviance=(0.1, 0.2), days=DAYS):
    own = {"hit@10%": hit, "poisson_deviance": 0.15, "ci95": {"hit@10%": [low, high], "poisson_deviance": list(deviance)}}
    rising = {"models": {"lightgbm": {"hit@10%": 0.3}, "open_backlog": {"hit@10%": 0.4}, "oracle": {"hit@10%": 0.9}}}
    calm = {"models": {"lightgbm": {"hit@10%": 0.5}, "open_backlog": {"hit@10%": 0.4}, "count_28d": {"hit@10%": None}}}
    return {"as_of": days, "models": {"lightgbm": own}, "subsets": {"rising": rising, "onset": calm}}


@pytest.fixture
def published(tmp_path):
    """Return a function that publishes two models and compares them."""
    home = Home(tmp_path)

    def publish(*pair):
        rows = []
        for number, (report, names) in enumerate(pair, start=1):
            model_hash = str(number) * 64
            folder = home.published / model_hash
            folder.mkdir(parents=True)
            (folder / "backtest.json").write_text(json.dumps(report), encoding="utf-8")
            (folder / "features.json").write_text(json.dumps({"new": {"names": names}}), encoding="utf-8")
            rows.append({"model_hash": model_hash, "model_version": number})
        return compare(home, rows, ("1" * 12, "2" * 12))

    return publish


def test_compare_calls_better_only_what_intervals_tell_apart(published):
    seen = published((backtest(0.4, 0.3, 0.5), ["a", "b"]), (backtest(0.7, 0.6, 0.8), ["b", "c"]))
    verdicts = {figure.key: figure.better for figure in seen.figures}

    assert (1, None, None) == (verdicts["hit@10%"], verdicts["poisson_deviance"], verdicts["auc"])
    assert (("a",), ("c",)) == seen.features
    assert seen.same_days


def test_compare_lower_deviance_is_better(published):
    seen = published((backtest(0.4, 0.3, 0.5, deviance=(0.1, 0.2)), []), (backtest(0.4, 0.3, 0.5, deviance=(0.3, 0.4)), []))

    assert 0 == next(figure.better for figure in seen.figures if figure.key == "poisson_deviance")


def test_compare_models_of_other_days_says_so(published):
    other = backtest(0.4, 0.3, 0.5, days=DAYS | {"last": "2026-01-05"})

    assert not published((backtest(0.4, 0.3, 0.5), []), (other, [])).same_days


def test_compare_model_that_was_not_published_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="published ones"):
        compare(Home(tmp_path), [], ("1" * 12, "2" * 12))


def test_weak_subsets_name_the_parts_where_a_simple_rule_finds_more():
    assert (("rising", 0.3, 0.4),) == weak_subsets(backtest(0.4, 0.3, 0.5))
