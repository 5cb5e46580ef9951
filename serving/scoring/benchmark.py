"""Cost of a morning's list by its size: scored with every refit, laid out, published, and read again."""

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from features.database.engine import open_home
from features.database.packed_text import pack
from features.days import to_date
from features.facts.facts import Facts
from features.storage.home import Home
from serving.accounts.permissions import EVERYTHING
from serving.rankings.entries import Body
from serving.rankings.ledger import publish, read_body, read_row
from serving.scoring.daily_run import origin_of
from serving.scoring.list_builder import list_grids, sum_up
from serving.scoring.scoring import score_facts
from serving.settings import Settings
from training.benchmark import Cost, measure
from training.learning.model import Fitted
from training.registry.published import Manifest, Published

INSERTED, SELECTED = "same bytes inserted", "same bytes selected"


def list_costs(facts: Facts, model: Fitted, folder: Path, settings: Settings) -> Iterator[Cost]:
    """Make the list of the day after the facts end, in a new home, and yield what each step costs."""
    grids, as_of = facts.places.size, to_date(facts.known_through_day + 1)
    made_by = Published(Manifest(target=model.target, horizon_days=model.horizon_days, version=1, features_hash="", files={}), {})
    home = Home(folder / "home")
    home.root.mkdir()
    engine = open_home(home, settings)
    day, cost = measure(grids, "score with refits", lambda: next(score_facts(made_by, model, facts, settings, [as_of])))
    yield cost
    rows, cost = measure(grids, "rows of the list", lambda: list_grids(day, {}, settings.ranking))
    yield cost
    body, now = sum_up(day, rows), _morning(as_of, settings.tz)
    bare = _Bare(folder / "bare.db", body)
    entry, cost = measure(
        grids,
        "sum up and publish",
        lambda: publish(engine, origin_of(day, settings.tz, settings.ranking), sum_up(day, rows), now),
        (INSERTED, bare.insert),
    )
    yield cost
    yield measure(grids, "read the list", lambda: read_body(engine, entry), (SELECTED, bare.select))[1]
    place = body["grid"][-1].place
    yield measure(grids, "read one row", lambda: read_row(engine, EVERYTHING, entry, "grid", place))[1]
    engine.dispose()


def _morning(as_of: date, tz: ZoneInfo) -> datetime:
    return datetime.combine(as_of, time(6), tz)


class _Bare:
    """A table of the same rows without anything else, which no ledger can be faster than."""

    def __init__(self, path: Path, body: Body) -> None:
        self._database = sqlite3.connect(path)
        self._database.execute("CREATE TABLE row (place TEXT PRIMARY KEY, body BLOB)")
        self._rows = [(f"{level}/{row.place}", row.body) for level, rows in body.items() for row in rows]

    def insert(self) -> None:
        """Compress and insert all rows in one transaction."""
        self._database.executemany("INSERT INTO row VALUES (?, ?)", [(place, pack(body)) for place, body in self._rows])
        self._database.commit()

    def select(self) -> int:
        """Read all rows."""
        return len(self._database.execute("SELECT place, body FROM row").fetchall())
