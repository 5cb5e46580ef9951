"""Computing a published list again from what the ledger says it was made of, to show that nobody made it up."""

import reprlib
from itertools import zip_longest

from sqlalchemy import Engine

from features.errors import StoreError
from features.eventlog.read import read_log
from features.storage.home import Home
from serving.rankings.entries import Body, Entry, hash_body
from serving.rankings.ledger import read_body
from serving.scoring.daily_run import grid_names
from serving.scoring.list_builder import list_grids, sum_up
from serving.scoring.scoring import score_snapshot
from serving.settings import Settings
from training.code_version import code_version
from training.registry.published import read_published


def reproduce(home: Home, engine: Engine, settings: Settings, entry: Entry) -> None:
    """Compute a list again from the records up to its sequence number, its model and its seed; every byte must be as published.

    The ledger does not hold the settings and the table of grids: those of today are used.

    Raises:
        StoreError: it comes out differently, or its model is not what was published.
    """
    again = _compute(home, engine, settings, entry)
    if hash_body(again) == entry.body_hash:
        return
    places = _different(read_body(engine, entry), again)
    raise StoreError(
        f"the list of {entry.origin.as_of} must come out as it was published, and {len(places)} places differ: {reprlib.repr(places)}. "
        f"Code {entry.origin.code_version} made it, this is {code_version()}; look for what changed in code, settings or grids."
    )


def _different(published: Body, again: Body) -> list[str]:
    """Return the places whose rows are not the same, or stand elsewhere."""
    levels = published.keys() | again.keys()
    rows = [pair for level in levels for pair in zip_longest(published.get(level, []), again.get(level, []))]
    return sorted({row.place for pair in rows if pair[0] != pair[1] for row in pair if row})


def _compute(home: Home, engine: Engine, settings: Settings, entry: Entry) -> Body:
    origin = entry.origin
    ranking = settings.ranking.model_copy(update={"seed": origin.seed})
    snapshot = read_log(home, engine, origin.sequence)
    day = next(score_snapshot(read_published(home, origin.model_hash), snapshot, settings, [origin.as_of]))
    return sum_up(day, list_grids(day, grid_names(engine), ranking))
