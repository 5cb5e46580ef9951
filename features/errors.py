"""The one error tree, and the nearest known name for messages about one that nobody knows.

YujingError
├── UsageError            a setting, option or file description is wrong; nothing was read
├── InputRefusedError     a whole file was refused at the door; nothing was stored
├── LoadFailedError       a file was read, and too much of it was refused
├── StoreError            the event log, its copy or a published model cannot be used
│   └── DamagedError      a record is not what was written; reading it again gives the same
├── NotSignedInError      nobody, or a credential that is not valid (any more)
│   └── ProofNeededError  a lasting session must give the password again for what is delicate
├── ForbiddenError        the account may not do this
│   └── PasswordNotChangedError  it came by a one-time password and has not chosen its own
├── IdentityError         an identity provider did not vouch for anybody who has an account; nobody was signed in
├── BusyError             too much is under way at this moment
├── TooManyError          a limit per hour is reached
│   └── TooFastError      an account makes more requests a minute than it may
├── NotFoundError         an id, name or date is not there
├── PausedError           someone switched publishing off
├── ExpiredError          the audit of a model is too old, or the charter has ended
├── NotReadyError         something must happen first (no champion yet, data too old)
├── ConflictError         a change contradicts what stands, such as a step that an alert cannot take
├── ChangedError          what was to be changed has changed since it was read
├── FitCrashedError       a process that fits models died; nothing was registered
├── WorkersLostError      the workers that build a panel or check a file were lost
└── GateRefusedError      a model did not pass the promotion gate
"""

import difflib
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, ClassVar, Literal


class YujingError(Exception):
    """Anything yujing reports to its user in one line: what must hold, what was found, what to do."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an error come out of another process as it went in, whatever it was made from."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[YujingError], args: tuple[Any, ...], fields: dict[str, Any]) -> YujingError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class UsageError(YujingError):
    """A setting, option or source file is wrong."""

    status = HTTPStatus.BAD_REQUEST


class InputRefusedError(YujingError):
    """A file was refused as a whole; `code` is the member of the closed list that says why."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code


class LoadFailedError(YujingError):
    """A load took in nothing, or lost more than it may; what fits is stored, and the message says what was lost."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class StoreError(YujingError):
    """The event log, its columnar copy, the ledger or a published model cannot be used as it is."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class DamagedError(StoreError):
    """A record of the ledger is not what was written, and reading it again gives the same."""


class NotSignedInError(YujingError):
    """A request carries no credential, or one that is not valid or has ended."""

    status = HTTPStatus.UNAUTHORIZED


class ProofNeededError(NotSignedInError):
    """A session that lasts for weeks is used for something delicate; its holder must give the password again."""


class ForbiddenError(YujingError):
    """An account lacks the right, or a request its proof of intent."""

    status = HTTPStatus.FORBIDDEN


class PasswordNotChangedError(ForbiddenError):
    """An account came by a one-time password and has not chosen its own."""


class IdentityError(YujingError):
    """Nobody was signed in through an identity provider; `code` is the member of the closed list that says why."""

    status = HTTPStatus.FORBIDDEN

    def __init__(self, code: Literal["over", "refused", "unknown", "down"], message: str) -> None:
        super().__init__(message)
        self.code = code


class BusyError(YujingError):
    """Too much is under way at this moment; the message says to try again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class TooManyError(YujingError):
    """A limit per hour is reached; the message says when to try again."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    window_seconds: ClassVar[int] = 3600
    """Seconds over which requests are counted, and so the longest that one waits."""


class TooFastError(TooManyError):
    """An account makes more requests a minute than it may."""

    window_seconds = 60


class NotFoundError(YujingError):
    """An id, name or date is not there."""

    status = HTTPStatus.NOT_FOUND


class PausedError(YujingError):
    """Someone switched publishing off; the message says who, when and why."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class ExpiredError(YujingError):
    """Nothing new may be published: the audit of the model is too old, or the charter has ended."""

    status = HTTPStatus.CONFLICT


class NotReadyError(YujingError):
    """Something has to happen first; the message names the command."""

    status = HTTPStatus.CONFLICT


class ConflictError(YujingError):
    """A change contradicts what stands."""

    status = HTTPStatus.CONFLICT


class ChangedError(YujingError):
    """The record has changed since it was read; nothing was done."""

    status = HTTPStatus.PRECONDITION_FAILED


class FitCrashedError(YujingError):
    """A process that fits models died before they were ready; nothing was registered."""


class WorkersLostError(YujingError):
    """The workers of Dask that build a panel were lost, however often a block was given to another, or those that check a file."""


class GateRefusedError(YujingError):
    """A candidate model did not pass the promotion gate."""

    status = HTTPStatus.CONFLICT


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a clause that names the nearest known name, or all of them where none is near.

    >>> suggest("labour_wages", ["labor_wage", "neighbor"]), suggest("x", ["b", "a"])
    ("did you mean 'labor_wage'?", 'known: a, b.')
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names) or 'none'}."
