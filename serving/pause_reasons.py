"""Why publishing may be paused."""

from enum import StrEnum, auto


class PauseReason(StrEnum):
    """Why publishing was paused; anything else is told by people to people."""

    DATA_FAULT = auto()
    MODEL_FAULT = auto()
    MISUSE = auto()
    INCIDENT = auto()
    MAINTENANCE = auto()
