"""Snapshot of the event log: all records up to one sequence number, and the places they lie in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from features.eventlog.covariates import no_covariates
from features.schema import Action, Col, EventType
from features.targets import Bursts, Rule, Target
from features.undertakings.undertaking import no_effort, no_versions

RECORD_SCHEMA = pl.Schema(
    {
        Col.SEQ: pl.Int64(),
        Col.EVENT_SEQ: pl.Int64(),
        Col.ACTION: pl.Enum([action.value for action in Action]),
        Col.AT: pl.Datetime("us", "UTC"),
        Col.KNOWN_AT: pl.Datetime("us", "UTC"),
        Col.FEED: pl.Categorical(),
        Col.GRID_ID: pl.Categorical(),
        Col.EVENT_TYPE: pl.Enum([kind.value for kind in EventType]),
        Col.CATEGORY: pl.Categorical(),
        Col.SOURCE: pl.Categorical(),
        Col.SELF_FOUND: pl.Boolean(),
        Col.PEOPLE_BUCKET: pl.Categorical(),
        Col.LEVEL: pl.Categorical(),
        Col.OCCURRED_AT: pl.Datetime("us", "UTC"),
        Col.DEADLINE_AT: pl.Datetime("us", "UTC"),
    }
)
"""One row per record. A `reported` record opens a case and carries its attributes (`event_seq` equals `seq`); every later
transition names its case by `event_seq` and leaves the attributes null."""


@dataclass(frozen=True)
class Feed:
    """A source of records: its clock rules, its targets, its categories, and through when it is complete."""

    name: str
    known_through: datetime
    rules: tuple[Rule, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    """Codes that its source file declares beside the project's own."""
    bursts: Bursts = "apart"
    """Whether reports of one cause are one case, or each record is a matter of its own."""
    shared_with: tuple[str, ...] = ()
    """Feeds that send the same events under ids of their own."""


@dataclass(frozen=True)
class LogSnapshot:
    """The event log up to and including `sequence`."""

    records: pl.DataFrame
    """Columns of `RECORD_SCHEMA`, ordered by seq."""
    grids: pl.DataFrame
    """grid_id, parent_path (codes from the top joined by "/"; empty where unknown), lon, lat, households, area_type, valid_from."""
    neighbours: pl.DataFrame
    """a, b, weight: ordered pairs, both directions present."""
    crosswalk: pl.DataFrame
    """old, new, share, at: redrawn grids; the shares of one old grid sum to 1."""
    feeds: dict[str, Feed]
    sequence: int
    undertakings: pl.DataFrame = field(default_factory=no_versions)
    """Versions of undertakings, columns of `VERSION_SCHEMA`, ordered by undertaking and version."""
    effort: pl.DataFrame = field(default_factory=no_effort)
    """Visits by grid and week, columns of `EFFORT_SCHEMA`."""
    covariates: pl.DataFrame = field(default_factory=no_covariates)
    """Numbers about grids and days, columns of `COVARIATE_SCHEMA`."""
