"""Documents are true: every command is described, every one shown runs, and both languages show the same."""

import re
import shlex
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from pydantic import BaseModel
from typer.testing import CliRunner

from features.intake.source_file import SourceFile
from serving.cli.main import app
from serving.settings import Settings
from tests.support.documents import PAGES
from tests.support.golden_sample import make_sample

ROOT = Path(__file__).parent.parent
PAGES_OF_USERS = ("README.md", "docs/guide.md", "docs/alerts-and-accounts.md")
"""Pages for users, in this order; each has a Chinese page beside it."""
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GENERATED_TEXTS = {"alert-texts.md", "features.md"}
"""Long because they show every text or column that there is; rendered notebooks are as long as what they print."""
LAST_SAMPLE_DAY = date(2026, 5, 31)


def fences(page: str) -> list[tuple[str, str]]:
    return FENCE.findall((ROOT / page).read_text(encoding="utf-8"))


def blocks(language: str) -> list[str]:
    return [body for page in PAGES_OF_USERS for found, body in fences(page) if found == language]


def commands(language: str = "sh") -> list[list[str]]:
    lines = "".join(blocks(language)).splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("yujing ")]


def command_names() -> Iterator[str]:
    """Yield every command that help names; renamed ones still work under their old names."""
    for info in app.registered_commands:
        yield info.name or info.callback.__name__
    for group in app.registered_groups:
        yield from (f"{group.name} {info.name}" for info in group.typer_instance.registered_commands if not info.hidden)


def test_page_of_commands_lists_every_command_and_no_other() -> None:
    listed = re.findall(r"^\| `yujing ([a-z ]+)` \|", (ROOT / "docs/commands.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(command_names()) == sorted(listed)


@pytest.mark.parametrize("name", list(command_names()))
def test_help_of_every_command_says_what_it_does(name: str) -> None:
    result = CliRunner().invoke(app, [*name.split(), "--help"])

    assert result.exit_code == 0
    assert "--home" in result.output
    assert "--config" in result.output


@pytest.mark.parametrize("page", PAGES_OF_USERS)
def test_pages_of_users_show_the_same_code_in_both_languages(page: str) -> None:
    assert fences(page) == fences(page.replace(".md", ".zh-CN.md"))


def test_guide_source_file_and_settings_are_such() -> None:
    source, *several = (yaml.safe_load(block) for block in blocks("yaml"))

    assert "town_hotline" == SourceFile(**source).name
    for settings in several:
        loaded = Settings(**settings)
        assert all(keys.keys() <= getattr(loaded, section).model_fields_set for section, keys in settings.items())


@pytest.mark.usefixtures("quick_settings")
def test_guide_commands_run_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sample = make_sample(LAST_SAMPLE_DAY, days=420, grids=20, rng=np.random.default_rng(1))
    sample.cases.write_csv("cases.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
    sample.grids.write_csv("grids.csv")

    for arguments in commands():
        if arguments != ["serve"]:
            result = CliRunner().invoke(app, arguments)
            assert result.exception is None, f"{arguments}: {result.exception!r}\n{result.output}"


@pytest.mark.usefixtures("quick_settings")
def test_guide_example_of_another_shape_runs_with_the_source_file_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs/sources").mkdir(parents=True)
    (tmp_path / "configs/sources/town_hotline.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    (tmp_path / "hotline.csv").write_text("\n".join(hotline(np.random.default_rng(1), 1500)), encoding="utf-8")

    for arguments in commands("bash"):
        result = CliRunner().invoke(app, arguments)
        assert result.exception is None, f"{arguments}: {result.exception!r}\n{result.output}"


def hotline(rng: np.random.Generator, rows: int) -> Iterator[str]:
    """Yield the lines of a ledger of two years up to the last sample day, in the columns of the guide's source file."""
    yield "工单号,网格编码,类别,发生时间,上报时间,办理时限,办结时间"
    for number, days in enumerate(sorted(rng.integers(1, 730, rows), reverse=True)):
        began = datetime.combine(LAST_SAMPLE_DAY, time(9)) - timedelta(days=int(days))
        times = [began, began + timedelta(hours=2), began + timedelta(days=7), began + timedelta(days=int(rng.integers(1, 14)))]
        said = ",".join(f"{moment:%Y/%m/%d %H:%M}" for moment in times)
        yield f"{number},G{int(rng.exponential(6)):02},{rng.choice(['邻里纠纷', '欠薪', ''])},{said}"


def test_default_configuration_equals_the_defaults_in_code() -> None:
    written = yaml.safe_load((ROOT / "configs/default.yaml").read_text(encoding="utf-8"))

    assert Settings().model_dump(mode="json") == written
    assert Settings().model_dump() == Settings.load(ROOT / "configs/default.yaml").model_dump()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_pages_say_what_is_declared(name: str) -> None:
    assert PAGES[name]() == (ROOT / "docs" / name).read_text(encoding="utf-8")


def written_pages() -> list[Path]:
    return [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", written_pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_are_short_and_name_only_what_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (page.parent / link).exists()]
    paths = [
        path for path in re.findall(r"`((?:features|training|serving|tests|configs|docs)/[\w./-]+)`", text) if not (ROOT / path).exists()
    ]

    assert text.count("\n") < 150 or page.name in GENERATED_TEXTS or page.parent.name == "notebooks"
    assert ([], []) == (links, paths)


def settings_named(settings: BaseModel) -> set[str]:
    """Return every setting with its section, such as `serving.port`."""
    sections = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {f"{section}.{name}" for section, value in sections.items() if isinstance(value, BaseModel) for name in type(value).model_fields}


@pytest.mark.parametrize("page", ["docs/deployment.md", "docs/operations.md"])
def test_pages_for_operators_name_settings_and_commands_that_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    sections = "|".join(sorted({name.partition(".")[0] for name in settings_named(Settings())}))
    commands_named = [name.strip() for name in re.findall(r"`yujing ([a-z ]+)", text)]

    assert set(re.findall(rf"`((?:{sections})\.[a-z_]+)[`:]", text)) - settings_named(Settings()) == set()
    assert [name for name in commands_named if not any(f"{name} ".startswith(f"{command} ") for command in command_names())] == []
    for language, body in FENCE.findall(text):
        if language == "yaml":
            Settings(**yaml.safe_load(body))
