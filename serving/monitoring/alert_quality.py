"""Quality of alerts: how many were borne out beside how many should have been, and how often staff agree. Never by person or unit.

Alerts are told apart by lot or by score, agreement by level: that nobody looks is another finding than that nothing helps.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Engine, select

from features.database.alert_tables import alert, alert_transition
from features.database.engine import reading
from features.days import day_number, to_date
from features.facts.places import Places, positions
from serving.alerts.feedback import NOT_REAL, REAL
from serving.alerts.lifecycle import Action
from serving.monitoring.drift import Finding
from serving.monitoring.list_quality import Realised
from serving.rankings.publishing import shown
from serving.text import ATTENTION, Text

WINDOW = timedelta(days=180)
SECOND_LOOK = "second_look"
"""Alerts that were shown without their level: people could not follow it."""
LEAST_DECISIONS = 200
MOST, LEAST = 0.95, 0.20
NAMES: dict[str, Text] = {**ATTENTION} | {SECOND_LOOK: Text(zh="随机复核", en="second look")}


@dataclass(frozen=True)
class Followed:
    """Alerts of one way of choosing grids."""

    alerts: int
    expected: float
    """Of them, how many their risk lets expect to be followed by an escalation."""
    followed: int


def follow_alerts(engine: Engine, target: str, realised: Realised, places: Places) -> dict[str, Followed]:
    """Return by `chosen_by` what became of the alerts of the lists that were judged."""
    lists = realised.lists
    days = [to_date(day) for day in lists.as_ofs]
    query = select(alert.c.grid_id, alert.c.starts, alert.c.chosen_by).where(
        alert.c.target == target, alert.c.starts.in_(days), alert.c.follows.is_(None), shown(alert.c.ranking_id)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    grid = positions(places.grid_ids, np.array([row.grid_id for row in rows], np.str_))
    as_of = np.searchsorted(lists.as_ofs, np.array([day_number(row.starts) for row in rows], np.int32))
    chosen_by = np.array([row.chosen_by for row in rows], np.str_)
    risk, followed = lists.risk[as_of, grid], realised.counts[as_of, grid] >= 1
    known = (grid >= 0) & np.isfinite(risk)
    groups = {name: known & (chosen_by == name) for name in sorted(set(chosen_by.tolist()))}
    return {name: Followed(int(used.sum()), float(risk[used].sum()), int(followed[used].sum())) for name, used in groups.items()}


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
    verdicts = list(decided.values())
    return [Agreement(level, len(own), sum(own)) for level in NAMES if (own := [agreed for of, agreed in verdicts if of == level])]


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
