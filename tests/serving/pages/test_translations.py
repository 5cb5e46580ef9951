"""The catalogue: both halves complete, every key used, nothing said that may not be said."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from features.display import forbidden_words
from features.simulation.describe import config_text
from features.simulation.preset import Span
from serving.pages.translations import translations

PAGES = Path(__file__).parents[3] / "serving" / "pages"
FIELD = re.compile(r"\{(\w+)")


def sources() -> str:
    files = [*PAGES.rglob("*.py"), *PAGES.rglob("*.html")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_words_fill_in_the_same_values_in_both_languages() -> None:
    differing = [key for key, text in translations().items() if set(FIELD.findall(text.zh)) != set(FIELD.findall(text.en))]

    assert differing == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_words_hold_none_that_is_forbidden(language: str) -> None:
    assert [key for key, text in translations().items() if forbidden_words(getattr(text, language))] == []


def test_words_name_every_target_of_a_simulated_district() -> None:
    targets = yaml.safe_load(config_text(Span.of_years(1, date(2026, 6, 1))))["targets"]

    assert {f"target_{name}" for name in targets} <= translations().keys()


def test_words_are_all_used_and_none_is_missing() -> None:
    """A key that is put together begins with one of the stems that stand in the sources."""
    written = sources()
    plain = set(re.findall(r"""\bt\(\s*["'](\w+)["'](?!\s*~)""", written))
    stems = tuple(
        set(re.findall(r"""["'](\w+_)["']\s*~""", written))
        | set(re.findall(r"""t\(f"(\w+_)\{""", written))
        | {f"{kind}_" for kind in re.findall(r"""t\.named\("(\w+)",""", written)}
        | {"age_", "error_", "admin_", "waiting_", "weekday_"}
    )
    quoted = set(re.findall(r"""["'](\w+)["']""", written))

    assert sorted(plain - set(translations())) == []
    ends = tuple(set(re.findall(r"""~\s*["'](_\w+)["']""", written)))
    assert sorted(key for key in translations() if key not in quoted and not key.startswith(stems) and not key.endswith(ends)) == []
