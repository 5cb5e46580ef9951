"""What comes of scoring a case file that is not stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from features.errors import InputRefusedError
from serving.lists.rows import Count, Expected
from serving.words import Text, Withheld


@dataclass(frozen=True)
class RefusedRow:
    """A row that cannot be scored: where it stands (1 is the first below the header), and why; never what it holds."""

    number: int
    field: str
    code: str
    sentence: str


class RowsRefusedError(InputRefusedError):
    """Some rows of a file do not fit; nothing was scored."""

    def __init__(self, rows: Sequence[RefusedRow], read: int) -> None:
        super().__init__(
            rows[0].code, f"every row must fit the flat case file, found {len(rows)} of {read} that do not. Mend or remove them."
        )
        self.rows = tuple(rows)


class ScoredGrid(BaseModel):
    """What the model says of one grid by the posted cases alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grid_id: str = Field(description="Code of the grid", examples=["330483101005003"])
    expected_escalations: Expected | None = Field(description="Escalations expected ahead; null where not rated", examples=[0.21])
    usual_level: Expected | None = Field(description="Escalations usual for this grid over the horizon", examples=[0.09])
    risk: float | None = Field(ge=0, le=1, description="Calibrated chance of at least one escalation, 0 to 1", examples=[0.18])
    withheld: Withheld | None = Field(description="Why the grid is not rated, which does not mean calm; null where it is", examples=[None])


class ScoredFile(BaseModel):
    """Scores of a case file that was thrown away afterwards; no list, and nothing to act on."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    as_of: date = Field(description="Only what was known before the local midnight of this day counts", examples=["2026-01-09"])
    target: str = Field(description="What is predicted", examples=["escalation"])
    horizon_days: int = Field(ge=1, description="Days ahead, from as_of on", examples=[14])
    model_version: str = Field(description="Number of the model in the registry", examples=["7"])
    model_hash: str = Field(description="SHA-256 of the model's manifest", examples=["9a" * 32])
    cases: Count = Field(description="Cases that were read", examples=[1204])
    duplicate: Count = Field(description="Rows that repeat one of them", examples=[0])
    notices: tuple[Text, ...] = Field(description="What scores are for, and what they are not")
    grids: tuple[ScoredGrid, ...] = Field(description="Grids of one's own area by code")
