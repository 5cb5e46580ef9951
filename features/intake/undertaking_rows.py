"""Rows of a flat undertaking file, or of an effort file, become records, or are refused for one stated reason each.

Effort are visits, screening campaigns and active reporters by grid and week.
"""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import Engine

from features.database.engine import writing
from features.eventlog.undertakings import append_effort, append_from_source, campaigns_of_effort
from features.intake.personal_data.screening import screen
from features.intake.pseudonyms import keyed_ids
from features.intake.quarantine import Code, RowErrors
from features.intake.rules import YES_OR_NO
from features.intake.times import parse_times
from features.settings import LogSettings
from features.undertakings.undertaking import EVERYWHERE, SEPARATOR, Undertaking, UndertakingKind, sub_kinds_of

MOST_ID_CHARS = 64
MOST_NAME_CHARS = 60
LEAST_ATTENTION, MOST_ATTENTION = 0.25, 4.0
"""Bounds of the change that an undertaking may make to the share of grids alerted in its places."""
_CODE = r"^[a-z][a-z0-9_]{0,39}$"
_DAYS = ("public_at", "start_at", "end_at")
_ANSWERS = ("assessed", "heard")

EFFORT_COLUMNS = ("grid_id", "week", "visits", "screening_campaign", "active_reporters")
_MOST_VISITS = 100_000


@dataclass
class UndertakingTerms:
    """Requirements on the rows of one file."""

    log: LogSettings
    places: set[str]
    """Grids and areas that a row may name."""
    now: datetime
    seen: dict[str, Undertaking] = field(default_factory=dict)
    """Rows of the file so far, by id: the same may stand there again, but nothing else."""


def read_undertakings(flat: pl.DataFrame, ids: pl.Series, terms: UndertakingTerms) -> tuple[RowErrors, list[Undertaking]]:
    """Check every row and return the faults, and the rows without one as undertakings.

    Args:
        flat: columns of the flat file as text, null where empty; the optional ones may be left out.
        ids: the keyed hash of each id.
        terms: what the rows have to meet; what they say is added to it.
    """
    faults = RowErrors(flat.height)
    _refuse_persons(flat, faults, terms)
    _check_codes(flat, faults, terms)
    places = _read_places(flat["places"], faults, terms)
    days = {name: _read_day(flat[name], name, faults, terms) for name in _DAYS}
    faults.add("end_at", Code.TIME_ORDER, days["end_at"] <= days["start_at"])
    answers = {name: _read_answer(flat, name, faults) for name in _ANSWERS}
    attention = _read_attention(flat, faults)
    texts = {name: _optional(flat, name) for name in ("name", "note_code")}
    columns = {"undertaking_id": ids, "kind": flat["kind"], "sub_kind": flat["sub_kind"], "places": places}
    rows = pl.DataFrame({**columns, **days, **answers, **texts, "attention": attention})
    return faults, _without_conflicts(rows, faults, terms)


def _without_conflicts(rows: pl.DataFrame, faults: RowErrors, terms: UndertakingTerms) -> list[Undertaking]:
    """Return the rows without fault; one that contradicts an earlier row of the file is refused."""
    fit, conflicts = [], []
    for row, is_refused in zip(rows.iter_rows(named=True), faults.rows, strict=True):
        undertaking = None if is_refused else Undertaking(**row)
        conflict = undertaking is not None and terms.seen.setdefault(undertaking.undertaking_id, undertaking) != undertaking
        conflicts.append(conflict)
        if undertaking and not conflict:
            fit.append(undertaking)
    faults.add("undertaking_id", Code.ID_CONFLICT, pl.Series(conflicts, dtype=pl.Boolean))
    return fit


def _refuse_persons(flat: pl.DataFrame, faults: RowErrors, terms: UndertakingTerms) -> None:
    """Refuse rows whose texts may identify a person; the id is replaced by a keyed hash and need not be looked at."""
    for name in ("kind", "sub_kind", "name", "note_code"):
        if name in flat.columns:
            faults.add_codes(name, screen(flat[name], terms.now.date()))
    if "name" in flat.columns:
        faults.add("name", Code.CELL_TOO_LONG, flat["name"].str.len_chars() > MOST_NAME_CHARS)


def _check_codes(flat: pl.DataFrame, faults: RowErrors, terms: UndertakingTerms) -> None:
    identifier = flat["undertaking_id"]
    faults.add("undertaking_id", Code.ID_MISSING, identifier.is_null())
    faults.add("undertaking_id", Code.ID_FORMAT, identifier.str.len_chars() > MOST_ID_CHARS)
    faults.add("kind", Code.TYPE_UNKNOWN, ~flat["kind"].is_in([kind.value for kind in UndertakingKind]).fill_null(value=False))
    allowed = {f"{kind}/{code}" for kind in UndertakingKind for code in sub_kinds_of(kind, terms.log.sub_kinds)}
    pairs = flat.select(pl.concat_str("kind", "sub_kind", separator="/")).to_series()
    faults.add("sub_kind", Code.CATEGORY_UNKNOWN, ~pairs.is_in(list(allowed)).fill_null(value=False))
    if "note_code" in flat.columns:
        faults.add("note_code", Code.CATEGORY_UNKNOWN, ~flat["note_code"].str.contains(_CODE))


def _read_places(places: pl.Series, faults: RowErrors, terms: UndertakingTerms) -> pl.Series:
    """Return the places in one order, each once; every one must be known."""
    apart = [sorted({part.strip() for part in text.replace("；", SEPARATOR).split(SEPARATOR)} - {""}) if text else [] for text in places]
    unknown = [bool(set(parts) - terms.places) or (text is not None and not parts) for text, parts in zip(places, apart, strict=True)]
    faults.add("places", Code.GRID_UNKNOWN, pl.Series(unknown, dtype=pl.Boolean))
    return pl.Series([SEPARATOR.join(parts) or EVERYWHERE for parts in apart], dtype=pl.String)


def _read_day(text: pl.Series, name: str, faults: RowErrors, terms: UndertakingTerms) -> pl.Series:
    """Return the local day of each time; the last one may be open."""
    moments, codes = parse_times(text, (), terms.log.zone, None)
    faults.add_codes(name, codes)
    if name != "end_at":
        faults.add(name, Code.TIME_MISSING, text.is_null())
    return moments.dt.convert_time_zone(terms.log.zone).dt.date()


def _read_answer(flat: pl.DataFrame, name: str, faults: RowErrors) -> pl.Series:
    text = _optional(flat, name).str.to_lowercase()
    faults.add(name, Code.NUMBER_FORMAT, ~text.is_in(list(YES_OR_NO)))
    return text.replace_strict(YES_OR_NO, default=None, return_dtype=pl.String) == "true"


def _read_attention(flat: pl.DataFrame, faults: RowErrors) -> pl.Series:
    text = _optional(flat, "attention")
    number = text.cast(pl.Float64, strict=False)
    faults.add("attention", Code.NUMBER_FORMAT, text.is_not_null() & number.is_null())
    faults.add("attention", Code.NUMBER_RANGE, ~number.is_between(LEAST_ATTENTION, MOST_ATTENTION))
    return number


def _optional(flat: pl.DataFrame, name: str) -> pl.Series:
    return flat[name] if name in flat.columns else pl.repeat(None, flat.height, dtype=pl.String, eager=True)


def read_effort(cells: pl.DataFrame, places: set[str], zone: str) -> tuple[RowErrors, pl.DataFrame]:
    """Check every row and return the faults, and all rows as numbers, those with a fault among them."""
    faults = RowErrors(cells.height)
    faults.add("grid_id", Code.GRID_UNKNOWN, ~cells["grid_id"].is_in(list(places)).fill_null(value=False))
    moments, codes = parse_times(cells["week"], (), zone, None)
    faults.add_codes("week", codes)
    faults.add("week", Code.TIME_MISSING, cells["week"].is_null())
    numbers = {name: _read_number(cells[name], name, faults) for name in ("visits", "active_reporters")}
    campaign = cells["screening_campaign"].str.to_lowercase()
    faults.add("screening_campaign", Code.NUMBER_FORMAT, ~campaign.is_in(list(YES_OR_NO)).fill_null(value=False))
    flag = campaign.replace_strict(YES_OR_NO, default=None, return_dtype=pl.String) == "true"
    days = moments.dt.convert_time_zone(zone).dt.date()
    columns = {"grid_id": cells["grid_id"], "week": days, "visits": numbers["visits"], "screening_campaign": flag}
    rows = pl.DataFrame({**columns, "active_reporters": numbers["active_reporters"]})
    faults.add("week", Code.ID_CONFLICT, _repeated(rows))
    return faults, rows


def store_effort(engine: Engine, cells: pl.DataFrame, places: set[str], zone: str) -> tuple[RowErrors, int]:
    """Store weeks of effort; a week that is stored with other numbers is refused. Return the faults and how many rows are new."""
    faults, rows = read_effort(cells, places, zone)
    fit = ~faults.rows
    with writing(engine) as connection:
        outcomes = append_effort(connection, rows.filter(fit))
    conflict = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    conflict[fit.arg_true()] = outcomes == "conflict"
    faults.add("week", Code.ID_CONFLICT, conflict)
    return faults, int((outcomes == "accepted").sum())


def declare_campaigns(engine: Engine, tz: ZoneInfo, key: bytes, actor_id: str, now: datetime) -> None:
    """Enter the screening weeks of the effort that is stored as campaigns, so that every reader finds them in one place."""
    with writing(engine) as connection:
        runs = campaigns_of_effort(connection)
        ids = keyed_ids(key, pl.Series([f"screening-{start}-{places}" for start, _, places in runs], dtype=pl.String))
        campaigns = [
            Undertaking(identifier, UndertakingKind.CAMPAIGN, "screening", places, start, start, end)
            for identifier, (start, end, places) in zip(ids, runs, strict=True)
        ]
        append_from_source(connection, campaigns, actor_id, now, tz)


def _repeated(rows: pl.DataFrame) -> pl.Series:
    return rows.select(~pl.struct("grid_id", "week").is_first_distinct()).to_series()


def _read_number(text: pl.Series, name: str, faults: RowErrors) -> pl.Series:
    number = text.cast(pl.Int64, strict=False)
    faults.add(name, Code.NUMBER_FORMAT, number.is_null())
    faults.add(name, Code.NUMBER_NEGATIVE, number < 0)
    faults.add(name, Code.NUMBER_RANGE, number > _MOST_VISITS)
    return number
