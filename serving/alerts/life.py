"""The life of an alert: which step leads where, and the closed lists of reasons. Pure: nothing here knows a database or a clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum, auto
from types import MappingProxyType

from features.database.alert_tables import OPEN_STATES
from features.errors import ConflictError
from serving.settings import DueHours
from serving.words import Text


class State(StrEnum):
    """Where an alert stands."""

    PUBLISHED = auto()
    ACKNOWLEDGED = auto()
    IN_ACTION = auto()
    CLOSED = auto()
    NOT_NEEDED = auto()
    DATA_WRONG = auto()
    EXPIRED = auto()


class Action(StrEnum):
    """What a person can do with an alert."""

    ACKNOWLEDGE = auto()
    START = auto()
    CLOSE = auto()
    NOT_NEEDED = auto()
    DATA_WRONG = auto()
    HAND_OVER = auto()
    COMMENT = auto()
    REOPEN = auto()


RAISED, EXPIRED = "raised", "expired"
"""The two entries of a history that no person makes."""

OPEN = frozenset(State(name) for name in OPEN_STATES)

_ENDS = {Action.NOT_NEEDED: State.NOT_NEEDED, Action.DATA_WRONG: State.DATA_WRONG}

STEPS: Mapping[tuple[State, Action], State] = MappingProxyType(
    {
        (State.PUBLISHED, Action.ACKNOWLEDGE): State.ACKNOWLEDGED,
        (State.ACKNOWLEDGED, Action.START): State.IN_ACTION,
        (State.IN_ACTION, Action.CLOSE): State.CLOSED,
    }
    | {(state, action): end for state in OPEN for action, end in _ENDS.items()}
    | {(state, Action.HAND_OVER): state for state in OPEN}
    | {(state, Action.COMMENT): state for state in State}
    | {(state, Action.REOPEN): State.PUBLISHED for state in State if state not in OPEN}
)
"""All that may happen. `REOPEN` makes a new alert in the state named; the old one stays as it ended."""

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
            "referred": Text(zh="已转办", en="passed to the office in charge"),
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
            "competence": Text(zh="职责所属", en="within the other's duties"),
            "rotation": Text(zh="人员轮换", en="change of staff"),
            "support": Text(zh="需要支援", en="support is needed"),
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
    }
)
"""Why a step was taken: codes only. Disagreeing asks for as much as agreeing: one code."""


def step(state: State, action: Action, reason: str) -> State:
    """Return the state a step leads to.

    Raises:
        ConflictError: the step cannot be taken from this state, or its reason is not on the list.
    """
    if (state, action) not in STEPS:
        allowed = ", ".join(sorted(other for here, other in STEPS if here == state))
        raise ConflictError(f"an alert that is {state} may take the steps {allowed}; {action} is not among them. Load it again.")
    if reason not in REASONS[action]:
        raise ConflictError(f"the reason of {action} must be one of {', '.join(REASONS[action])}. Choose one of these.")
    return STEPS[state, action]


def due_at(state: State, since: datetime, hours: DueHours) -> datetime | None:
    """Return when the next step is due; None where the alert has ended."""
    allowed = {State.PUBLISHED: hours.acknowledge, State.ACKNOWLEDGED: hours.start, State.IN_ACTION: hours.close}.get(state)
    return None if allowed is None else since + timedelta(hours=allowed)
