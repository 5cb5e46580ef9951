"""An undertaking as it is stored, and the tables in which a snapshot of the log carries them."""

from dataclasses import dataclass
from datetime import date

import polars as pl

EVERYWHERE = ""
"""Places of an undertaking that covers everything."""
SEPARATOR = ";"


@dataclass(frozen=True)
class Undertaking:
    """One version of an undertaking; it lasts for `[start_at, end_at)`."""

    undertaking_id: str
    kind: str
    sub_kind: str
    places: str
    """Grid ids or paths joined by `;`; empty is everything."""
    public_at: date
    start_at: date
    end_at: date | None = None
    """None where it has not ended."""
    name: str | None = None
    assessed: bool | None = None
    """Whether a social stability risk assessment (稳评) was held; None where unknown."""
    heard: bool | None = None
    """Whether those concerned were heard (听证); None where unknown."""
    note_code: str | None = None
    attention: float | None = None
    """Factor on the share of grids alerted in its places while it lasts."""
    withdrawn: bool = False

    @property
    def place_list(self) -> tuple[str, ...]:
        """The places one by one; empty where it covers everything."""
        return tuple(self.places.split(SEPARATOR)) if self.places else ()


VERSION_SCHEMA = pl.Schema(
    {
        "undertaking_id": pl.String(),
        "version": pl.Int64(),
        "kind": pl.String(),
        "sub_kind": pl.String(),
        "places": pl.String(),
        "public_at": pl.Date(),
        "start_at": pl.Date(),
        "end_at": pl.Date(),
        "withdrawn": pl.Boolean(),
        "known_at": pl.Datetime("us", "UTC"),
    }
)
"""One row per version, ordered by undertaking and version."""


def no_versions() -> pl.DataFrame:
    """Return a table of versions without rows."""
    return pl.DataFrame(schema=VERSION_SCHEMA)


EFFORT_SCHEMA = pl.Schema({"grid_id": pl.String(), "week": pl.Date(), "visits": pl.Int64()})
"""One row per grid and week, the week by its first day."""


def no_effort() -> pl.DataFrame:
    """Return a table of visits without rows."""
    return pl.DataFrame(schema=EFFORT_SCHEMA)
