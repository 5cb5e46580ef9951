"""Why publishing may be paused; a module of its own, so that the command can offer the reasons without opening a database."""

from enum import StrEnum, auto


class PauseReason(StrEnum):
    """Why publishing was paused; anything else is told by people to people."""

    DATA_FAULT = auto()
    MODEL_FAULT = auto()
    MISUSE = auto()
    INCIDENT = auto()
    MAINTENANCE = auto()
