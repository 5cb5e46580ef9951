"""Rows of a published list, one per grid and one per area above it, as stored, hashed and served; and the band of an area's count.

Figures are rounded before anything is summed, so what a reader adds up is what the list says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json
from scipy.special import nbdtrik, pdtrik

from features.errors import InputRefusedError
from serving.accounts.permissions import Scope
from serving.text import AttentionLevel, Confidence, Text, Width, Withheld

Level = Literal["grid", "community", "township", "district"]
"""Levels a list can be read at, from the grid up."""
AREA_LEVELS: tuple[Level, ...] = ("community", "township", "district")

NARROW = 2.0
"""A forecast is narrow where the highest refits expect no more than so many times what the lowest do."""
MICRO = 1_000_000
"""Figures are published in whole millionths."""

Count = Annotated[int, Field(ge=0)]
Rank = Annotated[int, Field(ge=1)]
Expected = Annotated[float, Field(ge=0)]
WeeklyCount = Annotated[int, Field(ge=0, json_schema_extra={"not": {"enum": [1, 2]}})]
AreaPath = Annotated[
    str, Field(description="Codes of the area from the top, joined by /; empty is the whole", examples=["330483/330483101"])
]

SHARES = (0.1, 0.9)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Score(_Part):
    """Score of one grid, and its place on the list."""

    rank: Rank = Field(description="Place on the list, 1 = most escalations expected", examples=[4])
    rank_low: Rank = Field(description="Best place by counts that may follow (5 % of draws); ties by what is expected", examples=[2])
    rank_high: Rank = Field(description="Worst place by counts that may follow (95 % of draws)", examples=[31])
    expected_escalations: Expected = Field(description="Escalations expected over the horizon, in whole millionths", examples=[0.214375])
    expected_low: Expected | None = Field(None, description="The same by the lowest 5 % of refits; null without any", examples=[0.16])
    expected_high: Expected | None = Field(None, description="The same by the highest 5 % of refits; null without any", examples=[0.31])
    usual_level: Expected = Field(description="Escalations usual for this grid over the horizon", examples=[0.09])
    factor: float = Field(ge=0, description="Expected over usual", examples=[2.381944444])
    risk: float = Field(ge=0, le=1, description="Calibrated chance of at least one escalation, 0 to 1", examples=[0.18])
    risk_low: float | None = Field(None, ge=0, le=1, description="The chance by `expected_low`", examples=[0.14])
    risk_high: float | None = Field(None, ge=0, le=1, description="The chance by `expected_high`", examples=[0.25])
    attention_level: AttentionLevel = Field(description="Level for service attention; no statutory warning", examples=["priority"])
    chronic: bool = Field(description="True where the usual level is high")
    rising: bool = Field(description="True where the factor is high beyond chance")

    @property
    def width(self) -> Width | None:
        """Agreement of the refits; None on lists that do not say."""
        if self.expected_low is None or self.expected_high is None:
            return None
        return "narrow" if self.expected_high <= NARROW * self.expected_low else "wide"


class Reason(_Part):
    """One group of related facts and what it does to this grid's score."""

    group: str = Field(description="Reason group of the feature catalogue", examples=["recent_dispute"])
    factor: float = Field(ge=0, description="What the group multiplies the usual level by; 1 changes nothing", examples=[1.8])
    words: Text = Field(description="The fact that stands for the group, counts of 1 and 2 masked")
    feature: str | None = Field(None, description="Feature whose fact that is", examples=["dispute_open_count_grid"])
    fact: Text | None = Field(None, description="The fact alone")


class FactorExplanation(_Part):
    """Reasons of a score as lists before version 2 gave them: factors on the usual level."""

    contributions: dict[str, float] = Field(
        description="What each reason group adds to the log of the factor; together they are that log",
        examples=[{"base": -0.02, "recent_dispute": 0.888}],
    )
    reasons: tuple[Reason, ...] = Field(description="What moves the score most, strongest first")
    context: tuple[Text, ...] = Field(description="Circumstances, said once and without direction")
    certainty: tuple[Text, ...] = Field(description="How far the figures carry")


LinePart = Literal["open", "closed", "new", "rest"]


class ExplanationLine(_Part):
    """One part of the expected count: a kind of open case, cases closed lately, cases not in the log yet, or all smaller ones together."""

    part: LinePart = Field(description="What the line is about; `rest` joins what is too small to name", examples=["open"])
    event_type: str | None = Field(None, description="Type of the cases, where they are of one kind", examples=["dispute"])
    category: str | None = Field(
        None, description="Category of the cases; null where they are of several, or of a kind that is not named", examples=["labor_wage"]
    )
    count: Count | None = Field(None, description="Cases; null is one or two, or not counted", examples=[3])
    few: bool = Field(False, description="True where the line is about one or two cases and how many, how old and what term is not said")
    oldest_days: Count | None = Field(None, description="Age of the oldest case in days; null where it is not said", examples=[58])
    days_left: Count | None = Field(None, description="Days until the next term ends; null where none does or it is not said", examples=[2])
    past_term: Count | None = Field(None, description="Cases past their term; null where it is not said", examples=[0])
    on_paper: Count | None = Field(None, description="Closed cases that were closed just before their term", examples=[1])
    expected: Expected = Field(description="Escalations this line adds to the expected count, in whole millionths", examples=[0.41])
    fact: Text | None = Field(None, description="The fact that raises this line most, where it is not said already")
    similar: int | None = Field(
        None, ge=0, le=10, description="How many of ten past cases with like chances escalated; null where it cannot be told", examples=[4]
    )
    topic: str | None = Field(None, description="Reason group of that fact", examples=["recent_police_call"])
    words: Text = Field(description="The line as a sentence, without its figure")

    @property
    def group(self) -> str:
        """Reason group, by which feedback is given."""
        return "_".join(part for part in (self.part, self.event_type, self.category) if part)


class Outcomes(_Part):
    """The expected count by how cases would escalate; the three add up to it. Terms that pass are a calendar, the second is substantive."""

    term_passed: Expected = Field(description="Cases still open when their term ends", examples=[0.3])
    handed_up: Expected = Field(description="Cases handed up, or ending in harm", examples=[0.25])
    came_back: Expected = Field(description="Cases reopened after closing", examples=[0.11])


class Explanation(_Part):
    """Reasons of a score: lines that add up to the expected count. They tell what goes with it, never what brought it about."""

    version: Literal[2] = Field(2, description="Form of the explanation")
    reasons: tuple[ExplanationLine, ...] = Field(
        description="Parts of the expected count: open cases of a kind that carry a quarter of it, then the largest, the joined rest last"
    )
    calm: tuple[Text, ...] = Field((), description="What speaks for fewer escalations than usual")
    context: tuple[Text, ...] = Field((), description="Circumstances, said once and without direction")
    certainty: tuple[Text, ...] = Field((), description="How far the figures carry")
    outcomes: Outcomes | None = Field(None, description="The same count by outcome; null where the target counts new events")
    unclear: Text | None = Field(None, description="Set where refits do not agree on the first line, and somebody should look")

    @property
    def named(self) -> tuple[ExplanationLine, ...]:
        """The lines that are named."""
        return tuple(line for line in self.reasons if line.part != "rest")


class GridRow(_Part):
    """One grid on one day's list."""

    grid_id: str = Field(description="Code of the grid", examples=["330483101005003"])
    name: str = Field(description="Name of the grid", examples=["滨河社区第05网格"])
    community: AreaPath | None = Field(description="Community the grid lies in; null where unknown")
    township: AreaPath | None = Field(description="Township the grid lies in; null where unknown")
    district: AreaPath | None = Field(description="District the grid lies in; null where unknown")
    score: Score | None = Field(description="Null where the grid is not rated, which does not mean calm")
    withheld: Withheld | None = Field(description="Why the grid is not rated; null where it is", examples=[None])
    withheld_words: Text | None = Field(description="The same in words")
    confidence: Confidence = Field(description="Whether reports came in as is usual for the grid itself", examples=["high"])
    weekly_cases: tuple[WeeklyCount | None, ...] = Field(
        description="New cases that became known per calendar week, Monday to Sunday, the last full week before the date last, "
        "petitions left out; 0 is none, null is one or two",
        examples=[[4, None, 0, 7]],
    )
    open_cases: tuple[WeeklyCount | None, ...] = Field(
        (),
        description="Open cases by age in days (0-7, 8-30, 31-60, over 60), petitions left out; 0 is none, null is one or two",
        examples=[[4, None, 0, 7]],
    )
    explanation: Explanation | FactorExplanation | None = Field(
        description="Null where it was not published: not rated, or too far down a long list"
    )


class AreaRow(_Part):
    """One community, township or district: figures are sums over its grids, and areas are not ranked."""

    path: AreaPath
    grids: Count = Field(description="Grids in the area", examples=[12])
    not_rated: Count = Field(description="Grids that are not rated; they are not in the sums", examples=[1])
    expected_escalations: Expected = Field(description="Sum over the rated grids", examples=[1.204118])
    variation: float = Field(
        0.0,
        ge=0,
        description="Dispersion of the count to come, from past lists: its variance is m + variation x m ** 2 where m is expected",
        examples=[0.01],
    )
    usual_level: Expected = Field(description="Sum over the rated grids", examples=[1.1])
    priority: Count = Field(description="Grids at level `priority`", examples=[1])
    elevated: Count = Field(description="Grids at level `elevated`", examples=[2])
    watch: Count = Field(description="Grids at level `watch`", examples=[3])
    weekly_escalations: tuple[WeeklyCount | None, ...] = Field(
        (),
        description="Escalations that became known per calendar week, the last full week before the date last; 0 is none, "
        "null is one or two, or would give such a count away; empty for communities",
        examples=[[4, None, 0, 7]],
    )


Row = GridRow | AreaRow


def place_of(row: Mapping[str, str | None]) -> str:
    """Return where the row of a grid or area, read from its JSON, stands in the grid tree: its codes from the top joined by "/".

    >>> place_of({"grid_id": "990101002007031", "community": None, "township": "990101/990101002", "district": "990101"})
    '990101/990101002/990101002007031'
    """
    if (path := row.get("path")) is not None:
        return path
    area = row["community"] or row["township"] or row["district"]
    return "/".join(code for code in (area, row["grid_id"]) if code)


def place_of_body(body: str) -> str:
    """Return the same of a row as it is stored."""
    return place_of(from_json(body))


def micro(value: float) -> int:
    """Return a figure in whole millionths.

    >>> micro(0.2143751)
    214375
    """
    return round(value * MICRO)


def published(value: float) -> float:
    """Return a figure as it is published."""
    return micro(value) / MICRO


@dataclass(frozen=True)
class RefusedRow:
    """A row that cannot be scored: where it stands (1 is the first below the header), and why; never what it holds."""

    number: int
    field: str
    code: str
    sentence: str
    sentence_zh: str = ""


class RowsRefusedError(InputRefusedError):
    """Some rows of a file do not fit; nothing was scored."""

    def __init__(self, rows: Sequence[RefusedRow], read: int) -> None:
        super().__init__(
            rows[0].code, f"every row must fit the flat case file, found {len(rows)} of {read} that do not. Mend or remove them."
        )
        self.rows = tuple(rows)


@dataclass(frozen=True)
class ScoreRequest:
    """Request to score a case file."""

    as_of: date
    scope: Scope
    source: str | None = None
    """Name of the source whose rules hold for the file, as it was ingested; None is the only one there is."""


class ScoredGrid(BaseModel):
    """Score of one grid by the posted cases alone."""

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


def count_band(mean: float, variation: float = 0.0) -> tuple[float, float]:
    """Return the 10 % and 90 % quantiles of a negative binomial count of variance mean + variation x mean ** 2.

    >>> count_band(19.0), count_band(19.0, 0.05)
    ((14.0, 25.0), (12.0, 27.0))
    """
    if mean <= 0:
        return 0.0, 0.0  # SciPy's quantile of a count that is always 0 is 1e100
    low, high = (max(round(_quantile(share, mean, variation) + 0.5), 0) for share in SHARES)
    return float(low), float(high)


def _quantile(share: float, mean: float, variation: float) -> float:
    if variation <= 0:
        return float(pdtrik(share, mean))
    size = 1 / variation
    return float(nbdtrik(share, size, size / (size + mean)))
