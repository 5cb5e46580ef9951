"""Reports that were written: kept in the home with what the next one comes back to, and handed out in every form.

Each report is for the accounts of exactly its area, so that no two can be subtracted from each other.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from features.errors import NotFoundError, UsageError
from features.storage.atomic_files import atomic_write
from features.storage.home import Home
from serving.accounts.permissions import EVERYTHING, Scope
from serving.documents.paper import Language, Paper, Point, Section, Table
from serving.server.list_cache import PublishedList
from serving.situation_report.period import Period, period_code
from serving.situation_report.topics import LastTime, Topic

NO_REPORT = "No such report is kept for this account. Run `yujing report --month YYYY-MM`."
TOPIC_FIELDS = [each.name for each in fields(Topic)]
NAME = re.compile(r"\d{4}(-\d\d|Q[1-4])-[\w-]+")


@dataclass(frozen=True)
class KeptReport:
    """One report."""

    name: str
    """Period and target, such as 2026-10-escalation; with the code of the township where it is about one."""
    period: str
    """Month or quarter, such as 2026-10."""
    area: str
    """Path of the township, empty for the whole."""
    written_at: datetime
    papers: Mapping[Language, Paper]
    """The same in each language; reports of 0.1.0 are in Chinese only."""
    topics: tuple[Topic, ...]
    decided: bool = False
    """True where lead and action of the topics are what a meeting decided."""

    def paper(self, language: Language = "zh") -> Paper:
        """Return the report in a language, else in Chinese."""
        return self.papers.get(language) or self.papers["zh"]


def report_name(period: str, target: str, area: str) -> str:
    """Return the name of a report.

    >>> report_name("2026-10", "escalation", "990101/990101001")
    '2026-10-escalation-990101001'
    """
    return "-".join(filter(None, (period, target, area.rpartition("/")[2])))


def keep_report(home: Home, report: KeptReport) -> None:
    """Keep a report; one of the same name gives way to it."""
    content = {**asdict(report), "written_at": report.written_at.isoformat()}
    for paper in content["papers"].values():
        paper["plots"] = {name: base64.b64encode(plot).decode() for name, plot in paper["plots"].items()}
    atomic_write(home.folder(home.reports) / f"{report.name}.json", json.dumps(content, ensure_ascii=False).encode())


def kept_reports(home: Home) -> list[KeptReport]:
    """Return what is kept, the latest period first."""
    return [_read(path) for path in sorted(home.reports.glob("*.json"), reverse=True) if NAME.fullmatch(path.stem)]


def read_report(home: Home, name: str) -> KeptReport:
    """Return a report.

    Raises:
        NotFoundError: none of that name is kept.
    """
    path = home.reports / f"{name}.json"
    if not NAME.fullmatch(name) or not path.is_file():
        raise NotFoundError(NO_REPORT)
    return _read(path)


def read_last(home: Home, period: Period, target: str, area: str) -> LastTime | None:
    """Return what the report of the period before put forward; None where it is not kept."""
    before = period.previous
    path = home.reports / f"{report_name(period_code(before), target, area)}.json"
    if not path.is_file():
        return None
    kept = _read(path)
    return LastTime(before, kept.topics, kept.decided)


def enter_decisions(home: Home, name: str, decisions: Mapping[str, tuple[str, str]]) -> KeptReport:
    """Enter what a meeting decided about the topics of a report: kind -> who leads, and code of the action.

    Raises:
        NotFoundError: none of that name is kept.
        UsageError: a kind is none of its topics.
    """
    report = read_report(home, name)
    if unknown := decisions.keys() - {topic.kind for topic in report.topics}:
        raise UsageError(f"decisions must be about the topics of the report, found {sorted(unknown)!r}.")
    topics = tuple(_decided(topic, decisions.get(topic.kind)) for topic in report.topics)
    decided = replace(report, topics=topics, decided=True)
    keep_report(home, decided)
    return decided


def _decided(topic: Topic, decision: tuple[str, str] | None) -> Topic:
    return replace(topic, lead=decision[0], action=decision[1]) if decision else topic


def _read(path: Path) -> KeptReport:
    stored: dict[str, Any] = json.loads(path.read_bytes())
    papers = stored.pop("papers", None) or {"zh": stored.pop("paper")}
    topics = tuple(Topic(**{name: each[name] for name in TOPIC_FIELDS}) for each in stored.pop("topics"))
    read = {language: _paper(paper) for language, paper in papers.items()}
    return KeptReport(**stored | {"written_at": datetime.fromisoformat(stored["written_at"]), "papers": read, "topics": topics})


def _paper(stored: dict[str, Any]) -> Paper:
    plots = {name: base64.b64decode(plot) for name, plot in stored["plots"].items()}
    texts = {name: tuple(stored[name]) for name in ("headline", "standing")}
    return Paper(**stored | texts | {"sections": [_section(each) for each in stored["sections"]], "plots": plots})


def _section(stored: dict[str, Any]) -> Section:
    table = stored["table"]
    parts: dict[str, Any] = {
        "sentences": tuple(stored["sentences"]),
        "points": tuple(Point(**each) for each in stored["points"]),
        "table": Table(tuple(table["header"]), _rows(table["rows"])) if table else None,
    }
    return Section(**stored | parts)


def _rows(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return [tuple(row) for row in rows]


def area_of_reports(scope: Scope, listed: PublishedList | None) -> str | None:
    """Return the area whose reports an account reads and makes: empty for the whole, a township's path, None for any other."""
    if scope.department:
        return None
    if scope == EVERYTHING or _holds_every_district(scope, listed):
        return ""
    townships = listed.within(scope, "township") if listed else ()
    is_township = len(townships) == 1 and f'"path":"{scope.path}"'.encode() in townships[0]
    return scope.path if is_township else None


def _holds_every_district(scope: Scope, listed: PublishedList | None) -> bool:
    districts = listed.within(EVERYTHING, "district") if listed else ()
    return bool(districts) and listed is not None and listed.within(scope, "district") == districts
