from datetime import timedelta

import pytest
from sqlalchemy import insert

from features.database.engine import writing
from features.database.tables import feed
from serving.accounts.permissions import Scope
from serving.briefs.briefs import WRITERS, open_desk
from serving.documents.paper import Section
from serving.settings import Settings
from tests.serving.alerts.conftest import NOW, Days
from tests.support.made_alerts import make_line, make_row

MORNING = NOW + timedelta(days=1, hours=2)
"""08:00 of the second list's day."""


@pytest.fixture
def days(engine) -> Days:
    with writing(engine) as connection:
        connection.execute(insert(feed), {"name": "12345", "spec": "{}", "known_through": MORNING - timedelta(hours=8)})
    return Days(engine)


def listed(*priority: str, few: bool = False):
    """Return six grids of two townships, those named at level priority and first; the last is not rated."""
    others = [f"g{number}" for number in range(1, 6) if f"g{number}" not in priority]
    rows = []
    for rank, grid_id in enumerate([*priority, *others], start=1):
        lines = (make_line(count=2 if few else 5, category="labor_wage", days_left=3),)
        row = make_row(grid_id, rank, lines, township=f"d/t{1 + (int(grid_id[1]) - 1) % 2}")
        level = "priority" if grid_id in priority else "routine"
        rows.append(row.model_copy(update={"score": row.score.model_copy(update={"attention_level": level})}))
    return [*rows, make_row("g6", None, township="d/t2")]


def write(days: Days, kind: str = "daily", area: str = "", now=MORNING, language: str = "zh", **settings):
    return WRITERS[kind](open_desk(days.engine, Settings(**settings), Scope(area), now, language))


def section(paper, title: str) -> Section:
    return next(each for each in paper.sections if each.title == title)
