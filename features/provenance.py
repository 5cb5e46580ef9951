"""Provenance, for records of models, lists and changes: which code ran, and under which login."""

import getpass
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

BUILT_FROM = Path(__file__).with_name("built_from.txt")

PROJECT = Path(__file__).parents[1]


@cache
def build_commit() -> str:
    """Return the commit of the build; empty in a checkout, which has its own history."""
    return BUILT_FROM.read_text(encoding="ascii").strip() if BUILT_FROM.exists() else ""


def login_name() -> str:
    """Return the login name; empty where the system has none, as in a container that runs under a bare number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


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
