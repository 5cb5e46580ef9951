"""Every installed package is declared, pinned and hashed."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.version import Version

from hatch_build import BUNDLED, bill_of_materials

ROOT = Path(__file__).parent.parent
OWN = ("features", "training", "serving")
SAFE_FROM = {
    "fastapi": "0.165",
    "joblib": "1.2.0",
    "lightgbm": "4.6.0",
    "mlflow": "3.11.0",
    "pyarrow": "14.0.1",
    "pyjwt": "2.12.0",
    "python-multipart": "0.0.27",
    "starlette": "1.0.1",
}
"""First versions without the holes that were published for them."""


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
    optional = [name for extra in ("postgres", "dask") for name in project["optional-dependencies"][extra]]
    declared = requirement_names([*project["dependencies"], *optional])
    modules = {module for package in OWN for path in (ROOT / package).rglob("*.py") for module in imported_modules(path)}
    outside = modules - sys.stdlib_module_names - {*OWN}
    distributions = packages_distributions()

    undeclared = {module for module in outside if not declared & {normalised(name) for name in distributions.get(module, [module])}}

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


def unsafe_pins(pins: dict[str, str]) -> list[str]:
    return [
        f"{name} {pins[name]} is below {safe}" for name, safe in SAFE_FROM.items() if name in pins and Version(pins[name]) < Version(safe)
    ]


def pinned(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return {normalised(package): version for package, version in re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", text, re.MULTILINE)}


def test_pinned_versions_have_no_known_hole() -> None:
    pins = pinned("runtime.txt")

    assert {"fastapi", "lightgbm", "mlflow", "pyarrow", "starlette"} <= pins.keys()
    assert unsafe_pins(pins) == []


def test_version_with_a_known_hole_would_be_found() -> None:
    assert unsafe_pins(pinned("runtime.txt") | {"starlette": "1.0.0"}) == ["starlette 1.0.0 is below 1.0.1"]


def test_bill_of_materials_names_every_pinned_package_and_what_the_pages_hold() -> None:
    bill = bill_of_materials(ROOT)
    lock = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    pinned = {normalised(name): version for name, version in re.findall(r"^([\w.-]+?)(?:\[.*?\])?==(\S+)", lock, re.MULTILINE)}
    named = {each["name"]: each["version"] for each in bill["components"] if each["purl"].startswith("pkg:pypi/")}
    references = [each["bom-ref"] for each in bill["components"]]

    assert (bill["bomFormat"], bill["specVersion"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "1.6", "yujing")
    assert pinned == named
    assert len(references) == len(set(references))
    assert {"workbox-core", "idb"} <= {each["name"] for each in bill["components"]}


def test_bundled_packages_are_those_that_the_pages_import() -> None:
    """Else the bill would leave one out."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "serving/frontend/src").rglob("*.ts")]
    imported = {name for text in sources for name in re.findall(r'^import (?!type).* from "([^."][^"]*)"', text, re.MULTILINE)}

    assert set(BUNDLED) == imported
