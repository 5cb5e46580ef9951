"""Made-up history of the demo: staff who answer the alerts of the weeks before, by the product's own doors, and undertakings of each kind.

The undertakings stand beside those that the simulation writes, and move nothing in its cases.
"""

import csv
import hashlib
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from features.schema import Col
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.accounts.permissions import Actor, Role
    from serving.alerts.schemas import Alert
    from serving.rankings.entries import Entry

PUBLISHED, STAFF_BEGINS = time(6), time(9)
COURSE_DAYS = 9
"""Longest course of an alert."""
Step = tuple[int, str, str]
"""Days after the alert was raised, action, reason."""

COURSES: dict[str, tuple[int, tuple[Step, ...]]] = {
    "settled": (30, ((0, "acknowledge", "visited"), (1, "start", "mediation"), (4, "close", "settled"))),
    "served": (16, ((0, "acknowledge", "phoned"), (2, "start", "service"), (5, "close", "served"))),
    "calm": (12, ((1, "close", "calm"),)),
    "waiting": (8, ((0, "acknowledge", "phoned"), (2, "comment", "waiting_parties"))),
    "handed_over": (
        12,
        ((0, "acknowledge", "under_way"), (1, "hand_over", "above"), (3, "start", "joint_consult"), (6, "close", "referred")),
    ),
    "not_needed": (6, ((1, "not_needed", "known"),)),
    "wrong": (5, ((1, "data_wrong", "not_updated"),)),
    "supervised": (
        6,
        (
            (3, "supervise", "overdue"),
            (4, "acknowledge", "visited"),
            (5, "start", "joint_consult"),
            (7, "close", "settled"),
            (8, "strike_off", "verified"),
        ),
    ),
    "unanswered": (5, ()),
}
"""Course -> of a hundred alerts how many take it, and its steps."""
VERDICTS = ("agrees", "agrees", "agrees", "agrees", "does_not", "cannot_tell")

COLUMNS = ("undertaking_id", "kind", "sub_kind", "places", "public_at", "start_at", "end_at", "name", "assessed", "heard", "attention")
TREATED = 24
TREATED_DAYS = 400
"""Since when the estates of the demo are treated: long enough for a year before to be compared with a year after."""


@dataclass(frozen=True)
class Staff:
    """The accounts that answer in the demo."""

    command: "Actor"
    duty: "Actor"
    """Answers where no township account does; what it contests, another account of the centre decides."""
    township: "Actor"

    def in_charge_of(self, found: "Alert", action: str) -> "Actor":
        """Return who takes a step: the township in its area, the centre elsewhere and where the unit above is asked for."""
        above = action in ("supervise", "strike_off")
        return self.township if self.township.scope.covers(found.path) and not above else self.duty


@dataclass(frozen=True)
class History:
    """A demo whose past is being written."""

    work: Workspace
    today: date
    seed: int
    now: datetime

    def published_at(self, as_of: date) -> datetime:
        """Return the moment at which a day's list is published: its morning, or now where that has not come."""
        return min(datetime.combine(as_of, PUBLISHED, self.work.settings.tz), self.now)

    def list_days(self, count: int) -> list[date]:
        """Return the days with a list: the last ones, and one so early that its alerts have an outcome."""
        settings = self.work.settings
        horizon = settings.target.horizon_days or settings.horizon_days
        early = self.today - timedelta(days=count + horizon + settings.delay_allowance_days)
        return [early, *(self.today - timedelta(days=ago) for ago in reversed(range(count)))]

    def write(self, as_ofs: Sequence[date]) -> None:
        """Publish the lists, and let staff work on every day between them and after the first."""
        from serving.rankings.ledger import newest
        from serving.scoring.daily_run import rank_days

        work, staff = self.work, self.staff(as_ofs[0])
        last = newest(work.engine)
        missing = [day for day in as_ofs if last is None or day > last.origin.as_of]
        for entry in rank_days(work.home, work.engine, work.settings, missing, self.published_at):
            for day in self._days_until_next(entry, missing):
                self.work_on(day, staff)
        _place_worker(work, staff.township, self.now)
        for name, _, _ in demo_accounts(work):
            _give_one_time_password(work, name, self.now)

    def _days_until_next(self, entry: "Entry", as_ofs: Sequence[date]) -> Iterator[date]:
        """Yield the days on which staff work before the next list: none on the last, whose alerts wait for the reader."""
        first = entry.origin.as_of
        following = next((day for day in as_ofs if day > first), None)
        if following:
            days = min((following - first).days, COURSE_DAYS)
            yield from (first + timedelta(days=ago) for ago in range(days))

    def staff(self, first: date) -> Staff:
        """Return those who answer; their accounts are there since before the first list."""
        created_at = self.published_at(first) - timedelta(days=1)
        actors = {name: _account(self.work, name, role, scope, created_at) for name, role, scope in demo_accounts(self.work)}
        return Staff(actors["admin"], actors["duty"], actors["township"])

    def work_on(self, day: date, staff: Staff) -> None:
        """Let every alert take the step of its course that falls on a day, and answer what was contested before."""
        from serving.alerts.corrections import CorrectionStep, answer_correction, list_corrections
        from serving.alerts.queries import Wanted, list_alerts

        engine, zone = self.work.engine, self.work.settings.tz
        morning = datetime.combine(day, STAFF_BEGINS, zone)
        for contested in list_corrections(engine, staff.command):
            if contested.decided_at is None and contested.at < morning:
                answer_correction(engine, staff.command, contested.id, CorrectionStep.ACKNOWLEDGED, morning)
                answer_correction(engine, staff.command, contested.id, CorrectionStep.ACCEPTED, morning + timedelta(minutes=20))
        found = sorted(list_alerts(engine, staff.command, Wanted(), MOST_ALERTS), key=lambda each: (each.starts, each.grid_id))
        for number, alert in enumerate(found):
            self._take_step(alert, day, staff, morning + timedelta(minutes=30 + number))

    def _take_step(self, alert: "Alert", day: date, staff: Staff, at: datetime) -> None:
        age = (day - alert.raised_at.astimezone(self.work.settings.tz).date()).days
        subject = f"{alert.grid_id} {alert.starts}"  # not its name, which changes with the version of the program
        course = chosen(COURSES, self._draw(subject))
        for days, action, reason in COURSES[course][1]:
            if days == age:
                actor = staff.in_charge_of(alert, action)
                _step(self.work, actor, alert, (action, reason), at)
                if action == "acknowledge" and alert.text.reasons:
                    _judge(self.work, actor, alert, VERDICTS[self._draw(f"{subject} verdict") % len(VERDICTS)], at)
                if reason in ("visited", "calm"):
                    _visit(self.work, actor, alert, day, self._draw(f"{subject} visit"), at)

    def _draw(self, subject: str) -> int:
        """Return a number below 100 that seed and subject settle."""
        return int.from_bytes(hashlib.sha256(f"{self.seed} {subject}".encode()).digest()[:4]) % 100


MOST_ALERTS = 10_000


def chosen(courses: dict[str, tuple[int, tuple[Step, ...]]], draw: int) -> str:
    """Return the course that a number below 100 falls on.

    >>> chosen(COURSES, 0), chosen(COURSES, 99)
    ('settled', 'unanswered')
    """
    for name, (share, _) in courses.items():
        if draw < share:
            return name
        draw -= share
    return name


def demo_accounts(work: Workspace) -> "list[tuple[str, Role, str]]":
    """Return name, role and scope of the accounts: the township with most cases, for the grid worker until alerts wait somewhere in it."""
    from serving.accounts.permissions import Role

    cases = _cases_by_community(work)
    in_township = Counter[str]()
    for community, count in cases.items():
        in_township[_township(community)] += count
    township = _largest(in_township)
    return [
        ("admin", Role.COMMAND, ""),
        ("duty", Role.COMMAND, ""),
        ("analyst", Role.ANALYST, ""),
        ("township", Role.TOWNSHIP, township),
        ("worker", Role.GRID_WORKER, township),
        ("auditor", Role.AUDITOR, ""),
    ]


def _place_worker(work: Workspace, township: "Actor", now: datetime) -> None:
    """Give the grid worker the community of the township with most alerts that wait, if any does."""
    from serving.accounts.accounts import Grant, change_account, find_account
    from serving.accounts.permissions import Role, Scope
    from serving.alerts.lifecycle import State
    from serving.alerts.queries import Wanted, list_alerts
    from serving.audit import OPERATOR

    unanswered = list_alerts(work.engine, township, Wanted(frozenset({State.PUBLISHED})), MOST_ALERTS)
    waiting = Counter(alert.path.rpartition("/")[0] for alert in unanswered)
    if waiting:
        worker = find_account(work.engine, "worker").actor
        change_account(work.engine, worker.account_id, Grant(Role.GRID_WORKER, Scope(_largest(waiting))), OPERATOR, now)


def _cases_by_community(work: Workspace) -> dict[str, int]:
    from sqlalchemy import func, select

    from features.database.engine import reading
    from features.database.tables import event, grid

    query = select(grid.c.parent_path, func.count()).join(event, event.c.grid_id == grid.c.grid_id).group_by(grid.c.parent_path)
    with reading(work.engine) as connection:
        return {str(path): int(count) for path, count in connection.execute(query) if path}


def _township(path: str) -> str:
    return "/".join(path.split("/")[:2])


def _largest(counts: Mapping[str, int]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))


def one_time_passwords(work: Workspace, now: datetime) -> "list[tuple[str, Role, str]]":
    """Return name, role and a new one-time password of every account of the demo whose holder has not chosen a password yet."""
    from serving.accounts.accounts import find_account

    roles = {name: role for name, role, _ in demo_accounts(work)}
    waiting = [name for name in roles if find_account(work.engine, name).actor.must_change_password]
    return [(name, roles[name], _give_one_time_password(work, name, now)) for name in waiting]


def _give_one_time_password(work: Workspace, name: str, now: datetime) -> str:
    from serving.accounts.accounts import find_account, reset_password
    from serving.audit import OPERATOR

    return reset_password(work.engine, find_account(work.engine, name).actor.account_id, OPERATOR, now)


def _account(work: Workspace, name: str, role: "Role", scope: str, at: datetime) -> "Actor":
    """Return an account that may act; its password is nobody's, and replaced at the end."""
    from serving.accounts.accounts import NewAccount, accounts, change_password, create_account, find_account
    from serving.accounts.permissions import Scope
    from serving.audit import OPERATOR

    if name not in {each.actor.name for each in accounts(work.engine)}:
        made, password = create_account(work.engine, NewAccount(name, role, Scope(scope), administers=name == "admin"), OPERATOR, at)
        change_password(work.engine, made.actor, password, secrets.token_urlsafe(), at)
    return find_account(work.engine, name).actor


def _step(work: Workspace, actor: "Actor", alert: "Alert", step: tuple[str, str], at: datetime) -> None:
    from serving.alerts.lifecycle import Action
    from serving.alerts.transitions import TransitionRequest, take_step

    action, reason = step
    key = f"demo {alert.alert_id} {action}"
    to = _township(alert.path) if action == "hand_over" else None
    take_step(work.engine, actor, alert.alert_id, TransitionRequest(Action(action), reason, alert.version, key, to), at)


def _judge(work: Workspace, actor: "Actor", alert: "Alert", verdict: str, at: datetime) -> None:
    from serving.alerts.feedback import Feedback, ReasonFeedback, give_feedback

    given = Feedback(group=alert.text.reasons[0].group, verdict=ReasonFeedback(verdict))
    give_feedback(work.engine, actor, alert.alert_id, given, f"demo {alert.alert_id} feedback", at)


def _visit(work: Workspace, actor: "Actor", alert: "Alert", day: date, draw: int, at: datetime) -> None:
    from serving.alerts.feedback import Found, Visit, log_visit

    seen = Found.YES if draw < 60 else Found.NO if draw < 85 else Found.UNCLEAR
    made = Visit(grid_id=alert.grid_id, alert_id=alert.alert_id, visited_on=day, found=seen)
    log_visit(work.engine, actor, made, f"demo {alert.alert_id} visit", at)


def write_examples(files: Path, today: date) -> Path:
    """Write a flat undertaking file around today into the folder of the simulation and return its path."""
    import polars as pl

    gone = set(pl.read_csv(files / "crosswalk.csv", infer_schema=False)["old"])
    grids = pl.read_csv(files / "grids.csv", infer_schema=False).filter(~pl.col(Col.GRID_ID).is_in(gone)).sort(Col.GRID_ID)
    ids = grids[Col.GRID_ID].to_list()
    township = grids[Col.PARENT_PATH][0].rpartition("/")[0]
    path = files / "examples.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(ids, township, today))
    return path


def _rows(grids: list[str], township: str, today: date) -> list[tuple[object, ...]]:
    def day(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    treated = ";".join(grids[:: max(1, len(grids) // TREATED)][:TREATED])
    return [
        ("demo-treatment", "treatment", "estate_treatment", treated, day(-TREATED_DAYS - 30), day(-TREATED_DAYS), "", "", "", "", ""),
        ("demo-fire", "shock", "fire", grids[0], day(-10), day(-10), day(-9), "", "", "", ""),
        ("demo-event", "period", "event", township, day(-60), day(-12), day(-3), "", "", "", "2"),
        ("demo-begun", "project", "construction", township, day(-50), day(-20), day(160), "", "true", "true", ""),
        ("demo-campaign", "campaign", "wage_check", township, day(-30), day(-15), day(-8), "", "", "", ""),
        ("demo-ahead", "project", "land_acquisition", grids[-1], day(-20), day(10), day(190), "", "false", "", ""),
    ]
