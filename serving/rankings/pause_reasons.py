"""Reasons for pausing publishing; a module of its own, so that the command can offer them without opening a database."""

from enum import StrEnum, auto


class PauseReason(StrEnum):
    """Reason for a pause of publishing; anything else is told by people to people."""

    DATA_FAULT = auto()
    MODEL_FAULT = auto()
    MISUSE = auto()
    INCIDENT = auto()
    MAINTENANCE = auto()
