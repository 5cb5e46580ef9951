"""Agreement: how often staff say that an alert was right, by level, and whether that says that nobody looks, or that nothing helps."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from features.database.alert_tables import alert, alert_transition
from features.database.engine import reading
from serving.alerts.feedback import NOT_REAL, REAL
from serving.alerts.lifecycle import Action
from serving.monitoring.drift import Finding
from serving.text import ATTENTION, Text

WINDOW = timedelta(days=180)
SECOND_LOOK = "second_look"
"""Alerts that were shown without their level: people could not follow it."""
LEAST_DECISIONS = 200
MOST, LEAST = 0.95, 0.20
NAMES: dict[str, Text] = {**ATTENTION} | {SECOND_LOOK: Text(zh="随机复核", en="second look")}


@dataclass(frozen=True)
class Agreement:
    """Answers of staff to the alerts of one level."""

    level: str
    decisions: int
    agreed: int

    @property
    def share(self) -> float:
        """Share of the decisions that agreed with the alert."""
        return self.agreed / self.decisions

    @property
    def is_odd(self) -> bool:
        """Tell whether enough decisions agree almost always, or almost never."""
        return self.decisions >= LEAST_DECISIONS and not LEAST <= self.share <= MOST


def read_agreement(engine: Engine, target: str, until: datetime) -> list[Agreement]:
    """Return by level the alerts of half a year that staff decided on; the last decision on an alert counts, by whom is not asked."""
    query = (
        select(alert.c.alert_id, alert.c.level, alert.c.second_look, alert_transition.c.action, alert_transition.c.reason)
        .join(alert_transition, alert_transition.c.alert_id == alert.c.alert_id)
        .where(alert.c.target == target, alert.c.raised_at > until - WINDOW, alert_transition.c.at <= until)
        .order_by(alert.c.alert_id, alert_transition.c.version)
    )
    with reading(engine) as connection:
        steps = connection.execute(query).all()
    decided: dict[str, tuple[str, bool]] = {}
    for step in steps:
        agreed = (step.action, step.reason) in REAL
        if agreed or (step.action, step.reason) in NOT_REAL or step.action == Action.DATA_WRONG:
            decided[step.alert_id] = (SECOND_LOOK if step.second_look else step.level, agreed)
    said = list(decided.values())
    return [Agreement(level, len(own), sum(own)) for level in NAMES if (own := [agreed for of, agreed in said if of == level])]


def agreement_findings(agreements: list[Agreement]) -> list[Finding]:
    """Say of which levels people agree so often that they may not look, or so rarely that alerts may be useless."""
    return [Finding("agreement", _words(each)) for each in agreements if each.is_odd]


def _words(each: Agreement) -> Text:
    name, share = NAMES[each.level], f"{each.share:.0%}"
    if each.share > MOST:
        return Text(
            zh=f"“{name.zh}”提醒{each.decisions}次处理中{share}认为属实，高于95%：请核对是否逐条判断",
            en=f"{share} of {each.decisions} decisions agree with alerts of level {name.en}, above 95 %: check that each is judged",
        )
    return Text(
        zh=f"“{name.zh}”提醒{each.decisions}次处理中仅{share}认为属实，低于20%：请核对提醒是否有用",
        en=f"only {share} of {each.decisions} decisions agree with alerts of level {name.en}, below 20 %: check whether they help",
    )
