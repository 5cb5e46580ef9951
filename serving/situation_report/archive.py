"""Situation analyses that were written: kept in the home, handed out as they are to those who see the whole."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from features.errors import NotFoundError
from features.storage.atomic_files import atomic_write
from features.storage.home import Home

NAME = re.compile(r"\d{4}(-\d\d|Q[1-4])-[\w-]+")


@dataclass(frozen=True)
class KeptReport:
    """One analysis."""

    name: str
    """Period and target, such as 2026-10-escalation."""
    written_at: datetime


def keep_report(home: Home, name: str, content: bytes) -> None:
    """Keep the HTML of an analysis; one of the same name gives way to it."""
    atomic_write(home.folder(home.reports) / f"{name}.html", content)


def kept_reports(home: Home) -> list[KeptReport]:
    """Return what is kept, the latest period first."""
    paths = sorted((path for path in home.reports.glob("*.html") if NAME.fullmatch(path.stem)), reverse=True)
    return [KeptReport(path.stem, datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in paths]


def read_report(home: Home, name: str) -> bytes:
    """Return the HTML of an analysis.

    Raises:
        NotFoundError: none of that name is kept.
    """
    path: Path = home.reports / f"{name}.html"
    if not NAME.fullmatch(name) or not path.is_file():
        raise NotFoundError("No such report is kept for this account. Run `yujing report --month YYYY-MM`.")
    return path.read_bytes()
