"""Alert and its outcome as readers see them. They name no person: who did what stands in the audit trail alone."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, RowMapping, select

from features.database.alert_tables import alert_transition, sequel, visit
from serving.alerts.lifecycle import Action, Position, State, Supervision
from serving.disclosure import hide_small
from serving.rankings.schemas import ExplanationLine
from serving.text import AttentionLevel, Text

Place = Annotated[
    str, Field(description="Place in the grid tree: codes from the top, joined by /", examples=["330483/330483101/330483101005003"])
]

NOT_DUE = Text(zh="尚未到期", en="not due yet")
"""In place of a sequel until it is settled."""
VISITED = Text(zh="已走访", en="visited")
NOT_VISITED = Text(zh="无走访记录", en="no visit on record")
NO_PROOF = Text(zh="，走访后平稳不等于提示有误", en=", and calm after a visit does not make a notice wrong")


class AlertOutcome(BaseModel):
    """Outcome of one alert."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    escalated: bool | None = Field(description="True where an escalation came within the window; null where the grid was redrawn")
    escalations: int | None = Field(ge=0, description="How many; null stands for one or two, and where it cannot be told", examples=[0])
    visited: bool = Field(description="True where a visit to the grid within the window is on record", examples=[True])
    words: Text = Field(description="The same in words")


def read_outcomes(connection: Connection, rows: Sequence[RowMapping]) -> dict[str, AlertOutcome]:
    """Return by alert_id what followed the alerts of some rows, as far as that is settled."""
    of_these = [row["alert_id"] for row in rows]
    settled = connection.execute(select(sequel.c.alert_id, sequel.c.escalations).where(sequel.c.alert_id.in_(of_these)))
    found: dict[str, float | None] = {row.alert_id: row.escalations for row in settled}
    wanted = [row for row in rows if row["alert_id"] in found]
    visited = _visited(connection, wanted)
    return {row["alert_id"]: tell((row["ends"] - row["starts"]).days, found[row["alert_id"]], visited[row["alert_id"]]) for row in wanted}


def tell(days: int, escalations: float | None, visited: bool) -> AlertOutcome:
    """Say what followed within a window of some days.

    >>> tell(14, 2.0, visited=False).words.zh
    '14天内有升级：少量（不足3件）；无走访记录'
    >>> tell(14, 0.0, visited=True).words.zh
    '14天内无升级；已走访，走访后平稳不等于提示有误'
    """
    response = VISITED if visited else NOT_VISITED
    if escalations is None:
        happened = Text(zh="网格已调整，无法判断", en="the grid was redrawn, so it cannot be told")
        return AlertOutcome(escalated=None, escalations=None, visited=visited, words=_join(happened, response))
    (shown,) = hide_small([escalations])
    if escalations == 0:
        calm = Text(zh=f"{days}天内无升级", en=f"no escalation within {days} days")
        return AlertOutcome(escalated=False, escalations=0, visited=visited, words=_join(calm, response, *([NO_PROOF] if visited else [])))
    counted = Text(zh="少量（不足3件）", en="few (under 3)") if shown is None else Text(zh=f"{shown}件", en=str(shown))
    happened = Text(zh=f"{days}天内有升级：{counted.zh}", en=f"escalated within {days} days: {counted.en}")
    return AlertOutcome(escalated=True, escalations=shown, visited=visited, words=_join(happened, response))


def _visited(connection: Connection, rows: Sequence[RowMapping]) -> Mapping[str, bool]:
    """Tell of each alert whether its grid was visited within its window, by a visit that was entered or an answer that says so."""
    ids, grids = [row["alert_id"] for row in rows], [row["grid_id"] for row in rows]
    answered = select(alert_transition.c.alert_id).where(
        alert_transition.c.alert_id.in_(ids), alert_transition.c.action == Action.ACKNOWLEDGE, alert_transition.c.reason == "visited"
    )
    answers = set(connection.execute(answered).scalars())
    days: dict[str, list[date]] = {}
    for entered in connection.execute(select(visit.c.grid_id, visit.c.visited_on).where(visit.c.grid_id.in_(grids))):
        days.setdefault(entered.grid_id, []).append(entered.visited_on)
    return {
        row["alert_id"]: row["alert_id"] in answers or any(row["starts"] <= day < row["ends"] for day in days.get(row["grid_id"], ()))
        for row in rows
    }


def _join(happened: Text, response: Text, *further: Text) -> Text:
    added = [*further]
    return Text(
        zh=f"{happened.zh}；{response.zh}" + "".join(each.zh for each in added),
        en=f"{happened.en}; {response.en}" + "".join(each.en for each in added),
    )


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Suggestion(_Part):
    """A lawful action from the fixed list."""

    code: str = Field(description="Code of the action", examples=["mediation"])
    words: Text = Field(description="What may be done")
    legal_basis: Text | None = Field(None, description="Law that it rests on, of its own kind of case", examples=[None])


class SaidReason(_Part):
    """One reason as it was said; feedback is given per `group`."""

    group: str = Field(description="Reason group", examples=["open_dispute_labor_wage"])
    words: Text
    line: ExplanationLine | None = Field(None, description="The part of the expected count behind it; null on alerts of older programs")


class AlertText(_Part):
    """All words of an alert, frozen when it was raised."""

    version: Literal[2] = Field(2, description="Form of the words")
    title: Text = Field(description="Which grid, at which level")
    window: Text = Field(description="Data through when, and the days it is about")
    place: Text | None = Field(description="Rank with its range; null where it is not shown")
    usual: Text = Field(description="Expected beside usual")
    reasons: tuple[SaidReason, ...] = Field(description="What goes with the score, strongest first")
    background: tuple[Text, ...] = Field(description="Circumstances, without direction")
    changes: tuple[Text, ...] = Field(description="What changed since the list before")
    suggestions: tuple[Suggestion, ...] = Field(description="At most three")
    frequency: Text = Field(description="How often grids like this one see an escalation, as a natural frequency with its range")
    notes: tuple[Text, ...] = Field((), description="How the grid was chosen, where that needs a word")
    confidence: Text = Field(description="Whether reports can be taken as complete")
    standing: Text = Field(description="What the notice is, and is not")
    phone: str = Field(max_length=150, description="The same for a phone, Chinese, at most 150 characters")


_CITED = re.compile(r"^(?P<words>.*?) ?\((?P<law>《.*》.*|[A-Z].* art\. .*)\)[。.]?$")


def read_text(body: str) -> AlertText:
    """Read the words of an alert from its stored JSON, those of older programs too: there law and certainty stood inside sentences."""
    stored = json.loads(body)
    if "version" not in stored:
        *notes, frequency, confidence = stored.pop("certainty")
        stored |= {"notes": notes, "frequency": frequency, "confidence": confidence}
        stored["suggestions"] = [_with_law_apart(each) for each in stored["suggestions"]]
    return AlertText.model_validate(stored)


def _with_law_apart(suggestion: dict[str, Any]) -> dict[str, Any]:
    cited = {language: _CITED.match(sentence) for language, sentence in suggestion["words"].items()}
    if not all(cited.values()):
        return suggestion
    parts = {name: {language: found[name] for language, found in cited.items() if found} for name in ("words", "law")}
    return suggestion | {"words": parts["words"], "legal_basis": parts["law"]}


class Alert(_Part):
    """One alert, as it stands."""

    alert_id: str = Field(description="Name of the alert", examples=["5d1c09b7e2f84a36"])
    grid_id: str = Field(description="Code of the grid", examples=["330483101005003"])
    path: Place
    target: str = Field(description="What is predicted", examples=["escalation"])
    starts: date = Field(description="First day it is about", examples=["2026-01-09"])
    ends: date = Field(description="First day after its window, on which it expires", examples=["2026-01-23"])
    raised_at: datetime = Field(description="Moment it was raised, UTC", examples=["2026-01-08T22:00:00Z"])
    chosen_by: Literal["score", "random"] = Field(description="`random` marks a grid drawn by lot, so that the list also looks elsewhere")
    selection_probability: float = Field(gt=0, le=1, description="Chance with which it was chosen", examples=[1.0])
    second_look: bool = Field(description="True where level and rank are left out on purpose")
    level: AttentionLevel | None = Field(description="Level for service attention; null where it is not shown", examples=["priority"])
    text: AlertText
    follows: str | None = Field(description="The alert that was reopened as this one", examples=[None])
    state: State = Field(description="Where it stands", examples=["published"])
    since: datetime = Field(description="Moment it got there, UTC", examples=["2026-01-08T22:00:00Z"])
    owner: Place = Field(description="Unit it is with: a place in the grid tree, never a person")
    department: str | None = Field(None, description="Department (责任单位) it was handed to; null where it is with the owner alone")
    supervision: Supervision | None = Field(None, description="Supervision by the unit above; null where there is none")
    kind: str | None = Field(None, description="Category of case that its first reason is about", examples=["labor_wage"])
    version: int = Field(ge=1, description="Grows with every step; a change names the version it was made for", examples=[1])
    sequel: AlertOutcome | None = Field(None, description="What followed; null until the window is over and late reports were waited for")

    @property
    def position(self) -> Position:
        """State and supervision together."""
        return Position(self.state, self.supervision)

    @property
    def etag(self) -> str:
        """Value that `If-Match` must carry."""
        return f'"{self.alert_id}-{self.version}"'


class AlertStep(_Part):
    """One entry of an alert's history."""

    version: int = Field(ge=1, description="Version it led to", examples=[2])
    action: str = Field(description="What was done", examples=["acknowledge"])
    state: State = Field(description="State it led to", examples=["acknowledged"])
    reason: str = Field(description="Code of the closed list of that action", examples=["phoned"])
    owner: Place = Field(description="Unit it was with afterwards")
    department: str | None = Field(None, description="Department it was with afterwards", examples=["labour"])
    unit: Place | None = Field(None, description="Unit that did it; empty is the whole, null is no person or a department")
    unit_department: str | None = Field(None, description="Department that did it", examples=[None])
    at: datetime = Field(description="When, UTC", examples=["2026-01-09T01:10:00Z"])
    own: bool = Field(description="True where the one who asks did it", examples=[True])
