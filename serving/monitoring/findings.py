"""Findings: what somebody has to look at, in words."""

from dataclasses import dataclass
from typing import Literal

from serving.words import Text

About = Literal["completeness", "features", "predictions", "quality"]


@dataclass(frozen=True)
class Finding:
    """One thing that asks for attention."""

    about: About
    words: Text


@dataclass(frozen=True)
class Unknown:
    """Why a figure cannot be given."""

    reason: Text

    def to_json(self) -> dict[str, object]:
        """Return the reason in both languages."""
        return {"reason": {"zh": f"不能估计:{self.reason.zh}", "en": f"cannot be estimated: {self.reason.en}"}}
