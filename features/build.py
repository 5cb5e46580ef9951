"""The commit that an installed package was built from, as the build wrote it down."""

from functools import cache
from pathlib import Path

BUILT_FROM = Path(__file__).with_name("built_from.txt")


@cache
def build_commit() -> str:
    """Return the commit of the build; empty in a checkout, which has its own history."""
    return BUILT_FROM.read_text(encoding="ascii").strip() if BUILT_FROM.exists() else ""
