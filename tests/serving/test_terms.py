"""One thing has one name: what users read holds no word that the glossary rules out, and Chinese has marks as wide as its letters."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from features.display import forbidden_words

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NARROW = re.compile(r"(?<=[\u4e00-\u9fff》”])[,;:]|[,;:](?=[\u4e00-\u9fff《“])")
READS = ("serving/pages/translations.py", "features/intake/column_meanings.py", "features/intake/personal_data/")
"""Where Chinese is looked for, not shown: patterns, and examples of what is widened."""
SAMPLE = "serving/pages/templates/import.html"
"""Shows lines of a CSV file."""
PATTERN = re.compile(r"\(\?|\[\^|\u4e00-")
"""Literals that are regular expressions, not texts."""


def ruled_out() -> list[str]:
    """Return the last column of the glossary."""
    rows = [line.strip("|").split("|") for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [row[3].strip() for row in rows if CHINESE.search(row[3])]


def literals(path: Path) -> Iterator[str]:
    """Yield the string literals of a Python file that hold Chinese, docstrings of doctests included."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.STRING and CHINESE.search(token.string) and not PATTERN.search(token.string):
            yield token.string


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text that users may read, with where it stands."""
    for path in sorted(path for package in ("features", "training", "serving") for path in (ROOT / package).rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        if "node_modules" not in path.parts and not where.startswith(READS):
            yield from ((where, literal) for literal in literals(path))
    for folder, ending in (("serving/pages", "*.yaml"), ("serving/pages/templates", "*.html"), ("training/report/templates", "*.html")):
        for path in sorted((ROOT / folder).rglob(ending)):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    yield "features/display.py", (ROOT / "features/display.py").read_text(encoding="utf-8")
    pages = (ROOT / "docs").glob("*.zh-CN.md"), (ROOT / "notebooks").glob("*.ipynb")
    for path in [ROOT / "README.zh-CN.md", ROOT / "docs/commands.md", *sorted(path for folder in pages for path in folder)]:
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("word", ruled_out())
def test_no_text_holds_a_word_that_the_glossary_rules_out(word: str) -> None:
    assert [where for where, text in texts() if word in text] == []


def test_chinese_texts_have_wide_marks() -> None:
    shown = [(where, text) for where, text in texts() if where != SAMPLE]

    assert {where.partition("/")[0] for where, _ in shown} == {"features", "training", "serving", "docs", "notebooks", "README.zh-CN.md"}
    assert [(where, text[max(found.start() - 20, 0) : found.end() + 20]) for where, text in shown for found in NARROW.finditer(text)] == []


def test_glossary_rules_out_what_was_found() -> None:
    assert {"名单", "持续偏高", "新近上升", "分析岗", "回答", "加权", "再看一遍"} <= set(ruled_out())
    assert NARROW.search("用于服务排期,不得用于考核排名")
    assert not NARROW.search("约1,200件(范围7–18次)")


def test_every_text_of_an_alert_is_lawful_and_names_no_cause() -> None:
    """The generated page holds every text; it may name no person as a risk, promise nothing and claim no cause."""
    assert forbidden_words((ROOT / "docs" / "alert-texts.md").read_text(encoding="utf-8")) == []
