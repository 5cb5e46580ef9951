"""The catalogue: both halves complete, every key used, nothing said that may not be said."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from features.display import forbidden_words
from features.simulation.describe import config_text
from features.simulation.preset import Span
from serving.pages.translations import Translator, count, moved, often, strongest, translations
from serving.rankings.schemas import Explanation, FactorExplanation, Reason
from serving.text import Text
from tests.support.made_alerts import make_line, make_score

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


ZH, EN = Translator("zh"), Translator("en")


@pytest.mark.parametrize(("value", "zh", "en"), [(None, "少量", "few"), (0, "无", "none"), (3, "3件", "3 cases")])
def test_count_that_is_masked_is_few_and_never_a_number(value: int | None, zh: str, en: str) -> None:
    assert (zh, en) == (count(value, ZH), count(value, EN))


@pytest.mark.parametrize(
    ("risk", "said"),
    [(0.0, ZH("often_under_one")), (0.005, ZH("often_under_one")), (0.0051, ZH("often", n=1)), (0.985, ZH("often", n=98))],
)
def test_often_says_neither_never_nor_always(risk: float, said: str) -> None:
    assert said == often(risk, ZH)
    assert ZH("often_over_98") == often(1 - risk / 10**3, ZH)


@pytest.mark.parametrize(("before", "key"), [(7, "rank_up"), (1, "rank_down")])
def test_moved_up_is_to_a_smaller_rank(before: int, key: str) -> None:
    assert ZH(key, n=3) == moved(make_score(4), make_score(before), ZH)


def test_moved_says_that_a_grid_stayed_or_was_not_rated_before() -> None:
    assert (ZH("unchanged"), ZH("newly_rated")) == (moved(make_score(4), make_score(4), ZH), moved(make_score(4), None, ZH))


def test_strongest_of_nothing_is_empty_and_of_lines_the_first_without_its_mask() -> None:
    masked = make_line().model_copy(update={"words": Text(zh="少量(不足3件)未办结", en="few (under 3) open")})
    shown = Explanation(reasons=(masked, make_line()))

    assert ["", ""] == [strongest(explanation, ZH) for explanation in (None, Explanation(reasons=()))]
    assert ("少量未办结", "few open") == (strongest(shown, ZH), strongest(shown, EN))


def test_strongest_of_an_older_list_is_the_first_reason_that_pushes_up() -> None:
    reasons = [Reason(group=str(factor), factor=factor, words=Text(zh=f"↑ 事实{factor}:说明", en="")) for factor in (0.5, 1.8, 2.5)]
    old = FactorExplanation(contributions={}, reasons=tuple(reasons), context=(), certainty=())

    assert "事实1.8" == strongest(old, ZH)
    assert "事实0.5" == strongest(old.model_copy(update={"reasons": tuple(reasons[:1])}), ZH)


def test_named_thing_without_a_word_keeps_its_name() -> None:
    assert "of_a_local_log" == ZH.named("target", "of_a_local_log")
    assert ZH("target_escalation") == ZH.named("target", "escalation")
