"""Numbers of a simulated district, each marked with how sure it is."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from features.settings import Section


class Sure(StrEnum):
    """Certainty of a number; without a mark it is a choice of size, not a claim."""

    A = "published figure, its arithmetic checked"
    B = "published or measured in one place"
    C = "order of magnitude from the literature"
    D = "assumption"


Rate = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Numbers(Section):
    """A section whose descriptions stand below each number."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
