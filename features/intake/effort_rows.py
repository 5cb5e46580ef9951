"""Rows of an effort file: visits, screening campaigns and active reporters by grid and week."""

from datetime import datetime

import polars as pl
from sqlalchemy import Engine

from features.database.engine import writing
from features.eventlog.undertakings import append_effort, append_from_source, campaigns_of_effort
from features.intake.pseudonyms import keyed_ids
from features.intake.quarantine import Code, RowErrors
from features.intake.rules import YES_OR_NO
from features.intake.times import parse_times
from features.settings import Settings
from features.undertakings.codes import UndertakingKind
from features.undertakings.undertaking import Undertaking

EFFORT_COLUMNS = ("grid_id", "week", "visits", "screening_campaign", "active_reporters")
_MOST_VISITS = 100_000


def read_effort(cells: pl.DataFrame, places: set[str], settings: Settings) -> tuple[RowErrors, pl.DataFrame]:
    """Check every row and return the faults, and all rows as numbers, those with a fault among them."""
    faults = RowErrors(cells.height)
    faults.add("grid_id", Code.GRID_UNKNOWN, ~cells["grid_id"].is_in(list(places)).fill_null(value=False))
    moments, codes = parse_times(cells["week"], (), settings.zone, None)
    faults.add_codes("week", codes)
    faults.add("week", Code.TIME_MISSING, cells["week"].is_null())
    numbers = {name: _read_number(cells[name], name, faults) for name in ("visits", "active_reporters")}
    campaign = cells["screening_campaign"].str.to_lowercase()
    faults.add("screening_campaign", Code.NUMBER_FORMAT, ~campaign.is_in(list(YES_OR_NO)).fill_null(value=False))
    flag = campaign.replace_strict(YES_OR_NO, default=None, return_dtype=pl.String) == "true"
    days = moments.dt.convert_time_zone(settings.zone).dt.date()
    columns = {"grid_id": cells["grid_id"], "week": days, "visits": numbers["visits"], "screening_campaign": flag}
    rows = pl.DataFrame({**columns, "active_reporters": numbers["active_reporters"]})
    faults.add("week", Code.ID_CONFLICT, _repeated(rows))
    return faults, rows


def store_effort(engine: Engine, cells: pl.DataFrame, places: set[str], settings: Settings) -> tuple[RowErrors, int]:
    """Store weeks of effort; a week that is stored with other numbers is refused. Return the faults and how many rows are new."""
    faults, rows = read_effort(cells, places, settings)
    fit = ~faults.rows
    with writing(engine) as connection:
        outcomes = append_effort(connection, rows.filter(fit))
    conflict = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    conflict[fit.arg_true()] = outcomes == "conflict"
    faults.add("week", Code.ID_CONFLICT, conflict)
    return faults, int((outcomes == "accepted").sum())


def declare_campaigns(engine: Engine, settings: Settings, key: bytes, actor_id: str, now: datetime) -> None:
    """Enter the screening weeks of the effort that is stored as campaigns, so that every reader finds them in one place."""
    with writing(engine) as connection:
        runs = campaigns_of_effort(connection)
        ids = keyed_ids(key, pl.Series([f"screening-{start}-{places}" for start, _, places in runs], dtype=pl.String))
        campaigns = [
            Undertaking(identifier, UndertakingKind.CAMPAIGN, "screening", places, start, start, end)
            for identifier, (start, end, places) in zip(ids, runs, strict=True)
        ]
        append_from_source(connection, campaigns, actor_id, now, settings.tz)


def _repeated(rows: pl.DataFrame) -> pl.Series:
    return rows.select(~pl.struct("grid_id", "week").is_first_distinct()).to_series()


def _read_number(text: pl.Series, name: str, faults: RowErrors) -> pl.Series:
    number = text.cast(pl.Int64, strict=False)
    faults.add(name, Code.NUMBER_FORMAT, number.is_null())
    faults.add(name, Code.NUMBER_NEGATIVE, number < 0)
    faults.add(name, Code.NUMBER_RANGE, number > _MOST_VISITS)
    return number
