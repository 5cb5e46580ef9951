"""The work list of alerts as a page: filters, true counts, cards with what is due, and what became of earlier alerts."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from features.display import CATEGORY_ZH, plain
from serving.alerts.feedback import KindRecord, read_track_record
from serving.alerts.lifecycle import State
from serving.alerts.schemas import Alert
from serving.alerts.worklist import AreaBacklog, Filter, Part, backlog_below, kinds_in_reach, open_now, read_worklist
from serving.disclosure import hide_small
from serving.maps.place_names import Gazetteer, PlaceName
from serving.pages.handling_view import Due, department_name, names_of, say_due
from serving.pages.page import Viewer
from serving.pages.translations import Translator, fact
from serving.text import AttentionLevel

PAGE_SIZE = 36
"""Cards of one page, so that it loads within a second on a weak network."""
TOWNSHIP_DEPTH = 2


class AlertsQuery(BaseModel):
    """Part of the work list."""

    model_config = ConfigDict(extra="forbid")

    part: Part = Part.OPEN
    level: AttentionLevel | None = None
    area: str = Field("", max_length=500)
    kind: str = Field("", max_length=40)
    q: str = Field("", max_length=40)
    page: int = Field(1, ge=1, le=10_000)
    signed: int | None = None
    """Alerts that were just signed for."""
    refused: int = 0
    """Alerts that had changed meanwhile."""

    def address(self, **changed: object) -> str:
        """Return the address of the list with some of it changed; back to its first page unless that is named."""
        named = self.model_dump(exclude={"page", "signed", "refused"}, exclude_none=True) | changed
        query = {name: value for name, value in named.items() if value}
        return f"/alerts?{urlencode(query)}" if query else "/alerts"


@dataclass(frozen=True)
class Card:
    """One alert in the list."""

    alert: Alert
    place: PlaceName
    reason: str
    due: Due | None
    holder: str
    """Department it is with; empty where it is with its area."""


@dataclass(frozen=True)
class AlertsView:
    """The page of the work list."""

    query: AlertsQuery
    counts: Mapping[Part, int]
    total: int
    pages: int
    cards: tuple[Card, ...]
    townships: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str], ...]
    by_township: tuple[tuple[str, AreaBacklog], ...]
    """Names and open alerts of the townships in reach, in the order of their codes; empty where there is but one."""
    record: tuple[str, ...]
    """Outcomes of earlier alerts, in sentences."""

    @property
    def may_sign(self) -> bool:
        """Tell whether a card waits to be signed for."""
        return any(card.alert.state == State.PUBLISHED for card in self.cards)


def view_alerts(viewer: Viewer, query: AlertsQuery) -> AlertsView:
    """Return a page of the alerts in reach, overdue ones first."""
    hours, names = viewer.site.settings.alerts.due_hours, names_of(viewer)
    wanted = Filter(query.part, query.level, query.area or None, query.kind or None, query.q.strip())
    page = (PAGE_SIZE, PAGE_SIZE * (query.page - 1))
    listed = read_worklist(viewer.engine, viewer.actor, wanted, hours, viewer.now, page)
    backlog = backlog_below(open_now(viewer.engine, viewer.scope), TOWNSHIP_DEPTH, hours, viewer.now)
    return AlertsView(
        query=query,
        counts=listed.counts,
        total=listed.total,
        pages=ceil(listed.total / PAGE_SIZE),
        cards=tuple(_card(viewer, alert, names) for alert in listed.alerts),
        townships=_townships(viewer, names),
        kinds=tuple((kind, kind_name(kind, viewer.t)) for kind in kinds_in_reach(viewer.engine, viewer.actor)),
        by_township=tuple((names.title(each.path), each) for each in backlog) if len(backlog) > 1 else (),
        record=tuple(say_record(each, viewer.t) for each in read_track_record(viewer.engine, viewer.actor, viewer.now)),
    )


def kind_name(kind: str, t: Translator) -> str:
    """Return what a kind of case is called."""
    return CATEGORY_ZH.get(kind, kind) if t.language == "zh" else plain(kind)


def say_record(record: KindRecord, t: Translator) -> str:
    """Say what became of the alerts of one kind; counts of one and two are not told.

    >>> say_record(KindRecord("labor_wage", 40, 31, 6), Translator("zh"))
    '劳动争议：近半年共40条，属实31条，不属实6条'
    """
    counts = [t("few") if shown is None else t("notices", n=shown) for shown in hide_small([record.raised, record.real, record.not_real])]
    kind = kind_name(record.kind, t) if record.kind else t("kind_none")
    return t("record", kind=kind, raised=counts[0], real=counts[1], not_real=counts[2])


def _card(viewer: Viewer, alert: Alert, names: Gazetteer) -> Card:
    reasons = alert.text.reasons
    return Card(
        alert=alert,
        place=names.place(alert.path),
        reason=viewer.t.of(fact(reasons[0].words)) if reasons else "",
        due=say_due(viewer, alert),
        holder=department_name(viewer.site.settings.alerts.departments, alert.department, viewer.t) if alert.department else "",
    )


def _townships(viewer: Viewer, names: Gazetteer) -> tuple[tuple[str, str], ...]:
    paths = {"/".join(path.split("/")[:TOWNSHIP_DEPTH]) for path in names.grids}
    return tuple((path, names.area(path)) for path in sorted(paths) if viewer.scope.is_above(path))
