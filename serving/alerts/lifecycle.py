"""State machine of an alert: its states, the steps between them, and the closed lists of reasons. Pure: no database, no clock.

Supervision (督办) runs beside the state: the unit above may list an open alert for supervision, and strikes it off once it was answered.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum, auto
from types import MappingProxyType
from typing import NamedTuple

from features.database.alert_tables import OPEN_STATES
from features.errors import ConflictError
from serving.settings import DueHours
from serving.text import Text


class State(StrEnum):
    """State of an alert."""

    PUBLISHED = auto()
    ACKNOWLEDGED = auto()
    IN_ACTION = auto()
    CLOSED = auto()
    NOT_NEEDED = auto()
    DATA_WRONG = auto()
    EXPIRED = auto()


class Supervision(StrEnum):
    """State of supervision by the unit above; an alert without supervision has none."""

    REQUESTED = auto()
    LISTED = auto()
    STRUCK_OFF = auto()


class Action(StrEnum):
    """Steps that people take with an alert."""

    ACKNOWLEDGE = auto()
    START = auto()
    CLOSE = auto()
    NOT_NEEDED = auto()
    DATA_WRONG = auto()
    HAND_OVER = auto()
    COMMENT = auto()
    REOPEN = auto()
    REQUEST_SUPERVISION = auto()
    SUPERVISE = auto()
    STRIKE_OFF = auto()


class Position(NamedTuple):
    """State of an alert and of its supervision."""

    state: State
    supervision: Supervision | None = None


RAISED, EXPIRED = "raised", "expired"
"""The two entries of a history that no person makes."""

OPEN = frozenset(State(name) for name in OPEN_STATES)
ENDED = frozenset(State) - OPEN

_ENDS = {Action.NOT_NEEDED: State.NOT_NEEDED, Action.DATA_WRONG: State.DATA_WRONG, Action.CLOSE: State.CLOSED}

STEPS: Mapping[tuple[State, Action], State] = MappingProxyType(
    {
        (State.PUBLISHED, Action.ACKNOWLEDGE): State.ACKNOWLEDGED,
        (State.ACKNOWLEDGED, Action.START): State.IN_ACTION,
    }
    | {(state, action): end for state in OPEN for action, end in _ENDS.items()}
    | {(state, action): state for state in OPEN for action in (Action.HAND_OVER, Action.REQUEST_SUPERVISION, Action.SUPERVISE)}
    | {(state, Action.COMMENT): state for state in State}
    | {(state, Action.STRIKE_OFF): state for state in ENDED}
    | {(state, Action.REOPEN): State.PUBLISHED for state in ENDED}
)
"""All steps. `REOPEN` makes a new alert in the state named; the old one stays as it ended."""

SUPERVISION_STEPS: Mapping[Action, tuple[frozenset[Supervision | None], Supervision]] = MappingProxyType(
    {
        Action.REQUEST_SUPERVISION: (frozenset({None}), Supervision.REQUESTED),
        Action.SUPERVISE: (frozenset({None, Supervision.REQUESTED}), Supervision.LISTED),
        Action.STRIKE_OFF: (frozenset({Supervision.LISTED}), Supervision.STRUCK_OFF),
    }
)
"""Steps that move supervision: from where each may be taken, and where it leads."""

REASONS: Mapping[Action, Mapping[str, Text]] = MappingProxyType(
    {
        Action.ACKNOWLEDGE: {
            "visited": Text(zh="已走访", en="visited"),
            "phoned": Text(zh="电话了解", en="asked by phone"),
            "under_way": Text(zh="已在办理", en="already being handled"),
        },
        Action.START: {
            "mediation": Text(zh="安排调解", en="mediation arranged"),
            "joint_consult": Text(zh="部门会商", en="departments consulted"),
            "service": Text(zh="提供服务", en="service offered"),
            "follow_up": Text(zh="安排回访", en="follow-up arranged"),
        },
        Action.CLOSE: {
            "settled": Text(zh="已化解", en="settled"),
            "referred": Text(zh="已转责任单位办理", en="passed to the office in charge"),
            "served": Text(zh="服务已到位", en="service given"),
            "calm": Text(zh="走访后平稳", en="calm when visited"),
        },
        Action.NOT_NEEDED: {
            "no_need": Text(zh="无需处理", en="nothing to be done"),
            "known": Text(zh="已知事项", en="known already"),
            "elsewhere": Text(zh="不属本级职责", en="not within this office"),
        },
        Action.DATA_WRONG: {
            "count": Text(zh="数量有误", en="counts are wrong"),
            "not_updated": Text(zh="办结未登记", en="closed cases not entered"),
            "place": Text(zh="归属网格有误", en="cases belong to another grid"),
            "boundary": Text(zh="网格边界有误", en="the border of the grid is wrong"),
        },
        Action.HAND_OVER: {
            "competence": Text(zh="属对方职责", en="within the other's duties"),
            "rotation": Text(zh="人员轮换", en="change of staff"),
            "support": Text(zh="需要支援", en="support is needed"),
            "above": Text(zh="需上级协调", en="needs coordination from above"),
            "below": Text(zh="由基层就近办理", en="better handled on the spot"),
            "returned": Text(zh="不属本单位职责，退回", en="not within this office, handed back"),
        },
        Action.COMMENT: {
            "waiting_parties": Text(zh="等待当事各方", en="waiting for the parties"),
            "waiting_office": Text(zh="等待有关部门", en="waiting for an office"),
            "date_agreed": Text(zh="已约定时间", en="a date is agreed"),
            "reviewed": Text(zh="已人工复核", en="looked at again by a person"),
        },
        Action.REOPEN: {
            "recurred": Text(zh="再次发生", en="it came back"),
            "too_early": Text(zh="办结过早", en="closed too early"),
            "mistake": Text(zh="误操作", en="closed by mistake"),
        },
        Action.REQUEST_SUPERVISION: {
            "several_units": Text(zh="涉及多个部门", en="several offices are involved"),
            "no_answer": Text(zh="责任单位未答复", en="the office in charge does not answer"),
            "beyond_means": Text(zh="超出本级能力", en="beyond the means of this unit"),
        },
        Action.SUPERVISE: {
            "asked_for": Text(zh="下级提请", en="asked for from below"),
            "overdue": Text(zh="逾期未处置", en="overdue"),
            "major": Text(zh="事项重大", en="a weighty matter"),
        },
        Action.STRIKE_OFF: {
            "answered": Text(zh="已处置并答复", en="handled and answered"),
            "verified": Text(zh="经核实已化解", en="checked and settled"),
            "no_longer": Text(zh="无需继续督办", en="no further supervision needed"),
        },
    }
)
"""Reason of a step: codes only. Disagreeing asks for as much as agreeing: one code."""


AT_ONCE = "calm"
"""The reason for which an alert is closed before anything was started: a visit found it calm."""


def reasons_for(state: State, action: Action) -> Mapping[str, Text]:
    """Return the reasons that a step may be taken for from a state; empty where it cannot be taken."""
    if (state, action) not in STEPS:
        return {}
    if action is Action.CLOSE and state is not State.IN_ACTION:
        return {AT_ONCE: REASONS[action][AT_ONCE]}
    return REASONS[action]


def allowed_actions(position: Position) -> Iterator[Action]:
    """Yield the steps that may be taken from a position."""
    for action in Action:
        before = SUPERVISION_STEPS.get(action)
        if (position.state, action) in STEPS and (before is None or position.supervision in before[0]):
            yield action


def step(position: Position, action: Action, reason: str) -> Position:
    """Return where a step leads.

    Raises:
        ConflictError: the step cannot be taken from here, or not for this reason.
    """
    allowed = list(allowed_actions(position))
    if action not in allowed:
        raise ConflictError(
            f"an alert that is {position.state} may take the steps {', '.join(sorted(allowed))}; {action} is not among them. Load it again."
        )
    reasons = reasons_for(position.state, action)
    if reason not in reasons:
        raise ConflictError(f"the reason of {action} must be one of {', '.join(reasons)} here. Choose one of these.")
    moved = SUPERVISION_STEPS.get(action)
    return Position(STEPS[position.state, action], moved[1] if moved else position.supervision)


def due_at(state: State, since: datetime, hours: DueHours) -> datetime | None:
    """Return when the next step is due; None where the alert has ended."""
    allowed = time_allowed(hours).get(state)
    return None if allowed is None else since + allowed


def time_allowed(hours: DueHours) -> dict[State, timedelta]:
    """Return how long an alert may stay in each open state before its next step is overdue."""
    steps = {State.PUBLISHED: hours.acknowledge, State.ACKNOWLEDGED: hours.start, State.IN_ACTION: hours.close}
    return {state: timedelta(hours=count) for state, count in steps.items()}
