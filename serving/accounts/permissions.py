"""Permissions: actors, their rights, and the part of the grid tree that they see."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType


class Role(StrEnum):
    """Role of an account."""

    ANALYST = auto()
    COMMAND = auto()
    TOWNSHIP = auto()
    GRID_WORKER = auto()
    DEPARTMENT = auto()
    WALL = auto()
    AUDITOR = auto()


class Right(StrEnum):
    """Right that a route can ask for."""

    READ_LISTS = auto()
    EXPLAIN = auto()
    EXPORT = auto()
    SCORE = auto()
    INGEST = auto()
    TRAIN = auto()
    READ_MODELS = auto()
    READ_ALERTS = auto()
    READ_CORRECTIONS = auto()
    ANSWER_ALERTS = auto()
    HAND_OVER = auto()
    SUPERVISE = auto()
    SILENCE = auto()
    DECIDE_CORRECTIONS = auto()
    RELEASE = auto()
    PAUSE = auto()
    UNDERTAKE = auto()
    READ_AUDIT = auto()
    ADMINISTER = auto()


_READS = frozenset({Right.READ_LISTS, Right.EXPLAIN, Right.READ_ALERTS, Right.READ_CORRECTIONS})

_DIRECTS = frozenset(
    {Right.EXPORT, Right.ANSWER_ALERTS, Right.HAND_OVER, Right.SUPERVISE, Right.SILENCE, Right.DECIDE_CORRECTIONS, Right.UNDERTAKE}
)

RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.ANALYST: _READS | {Right.EXPORT, Right.SCORE, Right.INGEST, Right.TRAIN, Right.READ_MODELS, Right.RELEASE, Right.UNDERTAKE},
        Role.COMMAND: _READS | _DIRECTS | {Right.READ_MODELS, Right.PAUSE},
        Role.TOWNSHIP: _READS | _DIRECTS,
        Role.GRID_WORKER: _READS | {Right.ANSWER_ALERTS, Right.HAND_OVER},
        Role.DEPARTMENT: frozenset({Right.READ_ALERTS, Right.ANSWER_ALERTS, Right.HAND_OVER}),
        Role.WALL: frozenset({Right.READ_LISTS}),
        Role.AUDITOR: frozenset({Right.READ_MODELS, Right.READ_CORRECTIONS, Right.READ_AUDIT}),
    }
)
"""The role table; what it does not name is refused. `ADMINISTER` goes with no role: it is given to single accounts."""


@dataclass(frozen=True)
class Scope:
    """Scope of an account: a node of the grid tree and all below it, or what was handed to a department (责任单位).

    >>> Scope("990101/990101002").covers("990101/990101002/990101002007/990101002007031")
    True
    >>> Scope("990101/990101002").covers("990101/9901010020")
    False
    >>> Scope("").covers("990101"), Scope("", department="labour").covers("990101")
    (True, False)
    """

    path: str
    """Codes from the top joined by "/", the last may be a grid_id; empty is everything."""
    department: str = ""
    """Code of the department, which sees no area at all; empty for accounts of areas."""

    def covers(self, path: str) -> bool:
        """Tell whether a node lies in this scope."""
        return not self.department and (not self.path or path == self.path or path.startswith(f"{self.path}/"))

    def is_above(self, path: str) -> bool:
        """Tell whether a node lies in this scope and is not the scope itself.

        >>> Scope("d").is_above("d/t"), Scope("d/t").is_above("d/t")
        (True, False)
        """
        return self.covers(path) and path != self.path

    def meet(self, other: "Scope") -> "Scope | None":
        """Return what lies in both: the narrower of the two, or None.

        >>> Scope("d").meet(Scope("d/t")).path
        'd/t'
        """
        if self.covers(other.path):
            return other
        return self if other.covers(self.path) else None


EVERYTHING = Scope("")
"""Scope of the program itself, and of the accounts of the whole."""


@dataclass(frozen=True)
class Binding:
    """Binding of a session."""

    device_hash: str | None
    """Hash of the key that the browser must hold; None is any browser."""
    address: str | None
    """Address that requests must come from; None is any."""


DELICATE = frozenset({Right.EXPORT, Right.SCORE, Right.DECIDE_CORRECTIONS, Right.SILENCE, Right.RELEASE, Right.PAUSE, Right.READ_AUDIT})
DELICATE |= {Right.ADMINISTER, Right.INGEST, Right.TRAIN}
"""Rights for which a session that lasts for weeks asks for the password again."""


@dataclass(frozen=True)
class Actor:
    """An account that has proved who it is."""

    account_id: str
    """Pseudonym: what transitions, feedback and the audit trail record."""
    name: str
    """Login name; for its holder and administrators only."""
    role: Role
    scope: Scope
    administers: bool = False
    must_change_password: bool = False
    """True until its holder has chosen a password; until then it may do nothing else."""
    binding: Binding | None = None
    """Binding of its session; None where it is bound to nothing."""
    areas: tuple[str, ...] = ()
    """Paths of all its areas where it has several; `scope` is the one that it works in now."""
    proved_lately: bool = True
    """False in a lasting session whose holder gave the password long ago."""

    @property
    def directs(self) -> bool:
        """Tell whether this account directs other units: it may hand their grids work and supervise it."""
        return self.may(Right.SUPERVISE)

    def may(self, right: Right) -> bool:
        """Tell whether this account has a right."""
        if self.must_change_password:
            return False
        return right in RIGHTS[self.role] or (right == Right.ADMINISTER and self.administers)
