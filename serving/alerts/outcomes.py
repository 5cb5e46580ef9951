"""Outcomes of alerts: whether an escalation came within the window, and whether somebody went there.

A warning that worked looks like a false alarm, so the one is never told without the other.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, RowMapping, select

from features.database.alert_tables import alert_transition, sequel, visit
from serving.alerts.lifecycle import Action
from serving.disclosure import hide_small
from serving.text import Text

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
    asked = [row for row in rows if row["alert_id"] in found]
    visited = _visited(connection, asked)
    return {row["alert_id"]: tell((row["ends"] - row["starts"]).days, found[row["alert_id"]], visited[row["alert_id"]]) for row in asked}


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
    said = Text(zh="少量（不足3件）", en="few (under 3)") if shown is None else Text(zh=f"{shown}件", en=str(shown))
    happened = Text(zh=f"{days}天内有升级：{said.zh}", en=f"escalated within {days} days: {said.en}")
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
