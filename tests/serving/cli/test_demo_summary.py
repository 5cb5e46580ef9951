"""The end of the demo says what happened in one language, that of the environment."""

import re
from datetime import date

import pytest

from features.storage.home import Home
from serving.cli.console import say
from serving.cli.demo_summary import Figures, summarise
from serving.cli.workspace import Workspace

FIGURES = Figures(39, 973, 14, date(2026, 1, 9), 20, hit=0.182, rule="open_backlog", hit_of_rule=None, objections=14)


@pytest.mark.parametrize(("language", "first"), [("zh_CN.UTF-8", "发生了什么"), ("en_GB.UTF-8", "What happened"), ("", "What happened")])
def test_summary_is_in_the_language_of_the_environment_alone(language, first, tmp_path, monkeypatch, capsys) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", language)

    for line in summarise(Workspace(Home(tmp_path), None), FIGURES):
        say(line)

    told = capsys.readouterr().err
    assert first == told.splitlines()[0]
    assert ("held 18 % of" in told, "14条不同意见" in told) == (not language.startswith("zh"), language.startswith("zh"))
    assert bool(re.search("[\u4e00-\u9fff]", told)) == language.startswith("zh")
