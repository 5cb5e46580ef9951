"""Templates are readable in their source and small where they are sent."""

import sys
from pathlib import Path

import pytest
from jinja2 import Environment, UndefinedError

from serving.documents.templates import html_environment

SOURCE = """<ul>
  {% for each in names %}
    <li
      class="name"
      >{{ each }}</li
    >
  {% endfor %}
</ul>
{% if names %}<b>{{ names[0] }}</b>{% endif %}
first
"""


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    (tmp_path / "made_pages").mkdir()
    (tmp_path / "made_pages" / "list.html").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "made_pages" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "made_pages", raising=False)
    return html_environment("made_pages", "")


def test_html_environment_indented_source_is_sent_without_its_indentation(templates: Environment) -> None:
    sent = templates.get_template("list.html").render(names=["a", "b"])

    assert '<ul>\n<li\nclass="name">a</li>\n<li\nclass="name">b</li>\n</ul>\n<b>a</b>\nfirst' == sent


def test_html_environment_lines_of_a_value_are_kept(templates: Environment) -> None:
    assert "one\n   two" in templates.get_template("list.html").render(names=["one\n   two"])


def test_html_environment_value_with_markup_is_escaped(templates: Environment) -> None:
    assert "&lt;b&gt;" in templates.get_template("list.html").render(names=["<b>"])


def test_html_environment_unknown_name_is_an_error(templates: Environment) -> None:
    with pytest.raises(UndefinedError, match="names"):
        templates.get_template("list.html").render()
