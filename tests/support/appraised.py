"""A district whose units differ in what is expected of them, in how much they answered and how soon: whoever ordered them by it is seen."""

import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product

from sqlalchemy import Engine, insert, select

from features.database.alert_tables import alert
from features.database.engine import reading, writing
from features.database.tables import grid
from serving.accounts.permissions import Actor, Role
from serving.alerts.lifecycle import REASONS, Action
from serving.alerts.raising import Raising
from serving.alerts.rule import RankedGrids
from serving.alerts.transitions import TransitionRequest, take_step
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from serving.rankings.schemas import GridRow, Score
from serving.scoring import rollups
from tests.support.townships import ALERTING, NOW, UNEXPLAINED, ZONE
from tests.support.visitors import sign_up

PARTS = range(1, 6)
"""Five townships of five communities of two grids each."""
DISTRICT = "990101"
STAFF = 3
"""Grid workers of each township."""

Order = tuple[int, ...]


def township(number: int) -> str:
    return f"{DISTRICT}/{DISTRICT}{number:03}"


def community(number: int, part: int) -> str:
    return f"{township(number)}/{DISTRICT}{number:03}{part:03}"


TOWNSHIPS = [township(number) for number in PARTS]
GROUPS = [TOWNSHIPS, *([community(number, part) for part in PARTS] for number in PARTS)]
"""Units beside each other."""


@dataclass(frozen=True)
class Drawn:
    """What is expected of each grid, and after how many hours those alerts were answered that were."""

    expected: Mapping[str, float]
    hours: Mapping[str, float]

    @property
    def ranked(self) -> list[str]:
        """Grids, the one of which most is expected first."""
        return sorted(self.expected, key=lambda grid_id: -self.expected[grid_id])

    def appraising(self, units: Sequence[str]) -> set[Order]:
        """Return the orders of units by what is expected, by how much they answered and by how soon, both ways; none of equal figures."""
        hours = [_inside(self.hours, unit) for unit in units]
        means = [sum(each) / len(each) if each else 0.0 for each in hours]
        figures = [[sum(_inside(self.expected, unit)) for unit in units], [len(each) for each in hours], means]
        orders = [tuple(sorted(range(len(units)), key=each.__getitem__)) for each in figures if len(set(each)) == len(units)]
        return {*orders, *(order[::-1] for order in orders)}


def _inside(figures: Mapping[str, float], unit: str) -> list[float]:
    return [value for grid_id, value in figures.items() if grid_id.startswith(_code(unit))]


def _code(path: str) -> str:
    return path.rpartition("/")[2]


def order_in(text: str, units: Sequence[str]) -> Order | None:
    """Return in which order units are first mentioned, by their codes or those of what lies in them; None where one is not."""
    found = [re.search(rf"(?<!\d){_code(unit)}", text) for unit in units]
    places = [match.start() if match else -1 for match in found]
    return None if -1 in places else tuple(sorted(range(len(units)), key=places.__getitem__))


def draw() -> Drawn:
    """Draw one in which units by code, one that is looked at first, or as their grids come by rank or level, are in no appraising order."""
    ids = [f"{_code(community(number, part))}{nth:03}" for number, part, nth in product(PARTS, PARTS, (1, 2))]
    for seed in range(10_000):
        rng = random.Random(seed)  # noqa: S311 - made-up figures need a seed
        expected = {grid_id: round(rng.lognormvariate(-3, 1), 4) for grid_id in ids}
        drawn = Drawn(expected, {grid_id: rng.uniform(0.1, 12) for grid_id in ids if rng.random() < 0.6})
        by_rank = drawn.ranked
        by_level = sorted(ids, key=lambda grid_id: (_level(by_rank.index(grid_id) + 1), grid_id))
        usual = ["\n".join(each) for each in (ids, by_rank, by_level)]
        chosen = [(nth, *(other for other in range(5) if other != nth)) for nth in range(5)]
        orders = [(drawn.appraising(units), {*chosen, *(order_in(text, units) for text in usual)}) for units in GROUPS]
        if len(orders[0][0]) == 6 and not any(appraising & harmless for appraising, harmless in orders):
            return drawn
    raise AssertionError("no such district is drawn")


def fill(engine: Engine, drawn: Drawn) -> dict[str, list[Actor]]:
    """Publish the list of the district with an alert on every grid, and return the staff of each township."""
    rows = [_row(grid_id, rank, drawn.expected[grid_id]) for rank, grid_id in enumerate(drawn.ranked, start=1)]
    with writing(engine) as connection:
        connection.execute(insert(grid), [{"grid_id": row.grid_id, "name": row.name, "parent_path": row.community} for row in rows])
    areas = {level: {area.path: area for area in found} for level, found in rollups.roll_up(rows, {}).items()}
    raising = Raising(
        RankedGrids(rows), lambda ids: dict.fromkeys(ids, UNEXPLAINED), ALERTING.model_copy(update={"per_township": 10}), ZONE
    )
    origin = Origin(date(2026, 1, 9), "escalation", 14, "a" * 64, "1", 100, NOW, "0.1.0", 0)
    publish(engine, origin, to_body({"grid": {row.grid_id: row for row in rows}, **areas}), NOW, raising)
    hired = {unit: [sign_up(engine, NOW, Role.GRID_WORKER, unit)[0] for _ in range(STAFF)] for unit in TOWNSHIPS}
    return {unit: [replace(worker, must_change_password=False) for worker in workers] for unit, workers in hired.items()}


def _level(rank: int) -> int:
    return min((rank - 1) // 8, 3)


def _row(grid_id: str, rank: int, expected: float) -> GridRow:
    score = Score(
        rank=rank, rank_low=1, rank_high=50, expected_escalations=expected, usual_level=0.01, factor=round(expected / 0.01, 6), risk=0.1,
        attention_level=("priority", "elevated", "watch", "routine")[_level(rank)], chronic=False, rising=False,
    )  # fmt: skip
    path = f"{DISTRICT}/{grid_id[:9]}"
    return GridRow(
        grid_id=grid_id, name=f"{grid_id}网格", district=DISTRICT, township=path, community=f"{path}/{grid_id[:12]}", withheld=None,
        withheld_words=None, confidence="high", weekly_cases=(), open_cases=(), explanation=None, score=score,
    )  # fmt: skip


def answer(engine: Engine, drawn: Drawn, staff: Mapping[str, Collection[Actor]]) -> None:
    """Answer the alerts as drawn; those of a township's staff take turns in the order they are given."""
    with reading(engine) as connection:
        raised = connection.execute(select(alert.c.alert_id, alert.c.grid_id).order_by(alert.c.grid_id)).all()
    for number, (alert_id, grid_id) in enumerate(raised):
        if grid_id in drawn.hours:
            workers = list(staff[f"{DISTRICT}/{grid_id[:9]}"])
            wanted = TransitionRequest(
                action=Action.ACKNOWLEDGE, version=1, reason=next(iter(REASONS[Action.ACKNOWLEDGE])), key=f"key-{number:06}"
            )
            take_step(engine, workers[number % len(workers)], alert_id, wanted, NOW + timedelta(hours=drawn.hours[grid_id]))
