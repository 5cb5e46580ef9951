"""Five townships on one list, each with words and figures that no answer about another may hold."""

from datetime import UTC, date, datetime
from itertools import product

from sqlalchemy import Engine, insert

from features.database.engine import writing
from features.database.tables import grid
from serving.accounts.permissions import EVERYTHING, Actor, Role
from serving.alerts.corrections import About, contest, list_corrections
from serving.alerts.queries import Wanted, list_alerts
from serving.alerts.raising import Raising
from serving.alerts.rule import RankedGrids
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from serving.rankings.schemas import Explanation, GridRow, Score
from serving.scoring.rollups import roll_up
from serving.settings import AlertSettings, Settings
from tests.support.visitors import sign_up

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
TOWNSHIPS = range(1, 6)
OVERSEER = Actor("overseer", "overseer", Role.COMMAND, EVERYTHING)
ALERTING = AlertSettings(enter_share=1, leave_share=1, per_township=1, exploration_share=0, blind_review_share=0)
UNEXPLAINED = Explanation(reasons=())
ZONE = Settings().tz


def township(number):
    return f"9901/9901{number}"


def place(number):
    """Return paths and ids of what lies in a township: itself, a community, and a grid of it."""
    return [
        township(number),
        f"{township(number)}/9901{number}1",
        f"9901{number}",
        f"9901{number}1",
        f"9901{number}1g1",
        f"9901{number}2g2",
    ]


def expected(number):
    return 0.001 + number * 0.0001


def canaries(number):
    """Return what only answers about a township may hold: names and ids of its grids, and the sums of its communities and of itself."""
    ids = [f"9901{number}{community}g{nth}" for community, nth in product((1, 2), (1, 2))]
    return [f"canary{number}", *ids, *(f'"expected_escalations":{grids * expected(number):.4f}' for grids in (2, 4))]


def grid_rows():
    return [
        GridRow(
            grid_id=f"9901{number}{community}g{nth}", name=f"canary{number}", district="9901", township=township(number),
            community=f"{township(number)}/9901{number}{community}", withheld=None, withheld_words=None, confidence="high",
            weekly_cases=(), open_cases=(), explanation=None,
            score=Score(
                rank=number * 4 + community * 2 + nth - 6, rank_low=1, rank_high=20, expected_escalations=expected(number),
                usual_level=0.0001, factor=1, risk=0.1, attention_level="watch", chronic=False, rising=False,
            ),
        )
        for number, community, nth in product(TOWNSHIPS, (1, 2), (1, 2))
    ]  # fmt: skip


def fill(engine: Engine) -> None:
    """Publish the list, with one alert in each township and the other grids left without one."""
    rows = grid_rows()
    areas = {level: {area.path: area for area in found} for level, found in roll_up(rows, {}).items()}
    origin = Origin(date(2026, 1, 9), "escalation", 14, "a" * 64, "1", 100, NOW, "0.1.0", 0)
    with writing(engine) as connection:
        connection.execute(insert(grid), [{"grid_id": row.grid_id, "name": row.name, "parent_path": row.community} for row in rows])
    raising = Raising(RankedGrids(rows), lambda ids: dict.fromkeys(ids, UNEXPLAINED), ALERTING, ZONE)
    publish(engine, origin, to_body({"grid": {row.grid_id: row for row in rows}, **areas}), NOW, raising)
    for alert in list_alerts(engine, OVERSEER, Wanted(), len(rows)):
        contest(engine, OVERSEER, alert.alert_id, About.DATA, "count", NOW)


def named(engine: Engine) -> dict[int, list[str]]:
    """Return by township everything that can be asked for: places, an alert, and the number of a correction."""
    raised = {alert.grid_id: alert.alert_id for alert in list_alerts(engine, OVERSEER, Wanted(), len(grid_rows()))}
    contested = {each.grid_id: str(each.id) for each in list_corrections(engine, OVERSEER)}
    return {number: [*place(number), raised[f"9901{number}1g1"], contested[f"9901{number}1g1"]] for number in TOWNSHIPS}


def sign_everybody_up(engine: Engine) -> dict[tuple[int, Role], str]:
    """Return a token per township and role; township 0 is the whole."""
    scopes = {0: "", **{number: township(number) for number in TOWNSHIPS}}
    return {(number, role): sign_up(engine, NOW, role, scope)[1] for (number, scope), role in product(scopes.items(), Role)}
