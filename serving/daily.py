"""The daily run: score, explain, sum, and write the ledger once."""

from datetime import date, datetime

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import grid
from features.days import day_number, midnight
from features.errors import UsageError
from features.home import Home
from serving.entry import Entry, Origin, to_body
from serving.ledger import publish
from serving.listing import list_grids
from serving.rollups import roll_up
from serving.scoring import ScoredDay, score_day
from serving.settings import Settings
from serving.weeks import weekly_escalations
from training.code_version import code_version


def rank(home: Home, engine: Engine, settings: Settings, as_of: date, now: datetime, target: str | None = None) -> Entry:
    """Publish the list of one day and return its entry; a list that says the same already is returned as it stands.

    Only what was known before the local midnight of `as_of` counts; `now` is the moment of publication, `target` what is predicted: that
    of the model published last by default.

    Raises:
        UsageError: the day has not begun.
        NotReadyError: there is no champion, or no record to rank by.
    """
    if midnight(day_number(as_of), settings.tz) > now:
        raise UsageError(f"as_of must not lie after today, got {as_of}. A list is computed once its day has begun.")
    day = score_day(home, engine, settings, as_of, target)
    grids = list_grids(day, grid_names(engine), settings.ranking)
    weekly = weekly_escalations(day.facts, day_number(as_of))
    areas = {level: {area.path: area for area in rows} for level, rows in roll_up(grids, weekly).items()}
    return publish(engine, _origin(day, settings), to_body({"grid": {row.grid_id: row for row in grids}, **areas}), now)


def grid_names(engine: Engine) -> dict[str, str]:
    """Return grid_id -> name."""
    with reading(engine) as connection:
        return {row.grid_id: row.name for row in connection.execute(select(grid.c.grid_id, grid.c.name))}


def _origin(day: ScoredDay, settings: Settings) -> Origin:
    through = min(day_number(day.as_of), day.facts.known_through_day + 1)
    return Origin(
        as_of=day.as_of,
        target=day.model.target,
        horizon_days=day.model.horizon_days,
        model_hash=day.model_hash,
        model_version=day.model_version,
        sequence=day.facts.sequence,
        data_through=midnight(through, settings.tz),
        code_version=code_version(),
        seed=settings.ranking.seed,
    )
