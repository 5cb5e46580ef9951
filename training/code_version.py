"""Version of the running code, for the records of models and lists."""

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

from features.build import build_commit

PROJECT = Path(__file__).parents[1]


@cache
def code_version() -> str:
    """Return the commit of the checkout, with `-dirty` where files differ from it, or the commit or version of the installed package."""
    if (PROJECT / ".git").exists():
        command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - no outside input
        except (OSError, subprocess.CalledProcessError):
            pass
    return build_commit() or version("yujing")
