import pwd
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from features import provenance
from features.provenance import login_name

NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def test_login_name_is_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("LOGNAME", "chen")

    assert "chen" == login_name()


def test_login_name_of_a_user_without_an_entry_is_empty(monkeypatch):
    def unknown(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)

    assert "" == login_name()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the program lie in a folder of its own, without history, built from nothing that is told."""
    monkeypatch.setattr(provenance, "PROJECT", tmp_path)
    monkeypatch.setattr(provenance, "BUILT_FROM", tmp_path / "built_from.txt")
    for remembered in (provenance.build_commit, provenance.code_version):
        remembered.cache_clear()
    yield tmp_path
    for remembered in (provenance.build_commit, provenance.code_version):
        remembered.cache_clear()


def test_code_version_of_an_installed_package_is_the_commit_it_was_built_from(elsewhere: Path) -> None:
    (elsewhere / "built_from.txt").write_text("0123abc\n", "ascii")

    assert "0123abc" == provenance.code_version()


def test_code_version_without_a_commit_is_that_of_the_package(elsewhere: Path) -> None:
    assert version("yujing") == provenance.code_version()


@pytest.mark.parametrize("fault", [OSError("no git"), subprocess.CalledProcessError(128, "git")], ids=["no git", "no history"])
def test_code_version_of_a_checkout_that_cannot_be_asked_is_that_of_the_package(
    fault: Exception, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    (elsewhere / ".git").mkdir()
    monkeypatch.setattr(subprocess, "run", fail)

    assert version("yujing") == provenance.code_version()
