"""What lists may be taken away for."""

from enum import StrEnum, auto


class Purpose(StrEnum):
    """What a list may be taken away for; comparing people or units is none of it."""

    SERVICE_PLANNING = auto()
    MEDIATION = auto()
    AUDIT = auto()
    STUDY = auto()
