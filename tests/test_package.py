"""What is installed is what is declared, pinned and hashed."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OWN = ("features", "training", "serving")


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_names(requirements: list[str]) -> set[str]:
    return {normalised(re.split(r"[<>=\[;~! ]", requirement, maxsplit=1)[0]) for requirement in requirements}


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_every_imported_package_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = requirement_names([*project["dependencies"], *project["optional-dependencies"]["postgres"]])
    modules = {module for package in OWN for path in (ROOT / package).rglob("*.py") for module in imported_modules(path)}
    outside = modules - sys.stdlib_module_names - {*OWN}
    distributions = packages_distributions()

    undeclared = {module for module in outside if not declared & {normalised(name) for name in distributions.get(module, [])}}

    assert undeclared == set()


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt", "uv.txt"])
def test_requirements_are_pinned_and_hashed_and_name_no_index(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    entries = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)

    assert entries
    assert [entry for entry in entries if not re.match(r"[\w.\-\[\]]+==\S+ .*?--hash=sha256:", entry, re.DOTALL)] == []
    assert "://" not in text


def test_development_and_runtime_pin_the_same_versions() -> None:
    runtime, development = (
        set(re.findall(r"^([\w.\-\[\],]+==\S+)", (ROOT / "requirements" / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("runtime.txt", "dev.txt")
    )

    assert runtime - development == set()
