"""Hand-over of alerts: to the township above or below, another grid, or a department (责任单位).

Whoever has an alert may pass it to any area above its grid, a unit that directs others to any grid of its own as well, and both to a
department that is configured for the place. A department hands back to the area that it came from. An alert that is with a department
keeps its owner: the area that handed it over, and that may take it back.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from features.database.tables import grid
from features.errors import ConflictError
from serving.accounts.permissions import Actor, Right, Scope
from serving.alerts.schemas import Alert
from serving.settings import Department


class Destination(NamedTuple):
    """Destination of an alert: one of the two."""

    path: str | None = None
    department: str | None = None


class Holder(NamedTuple):
    """With whom an alert is."""

    owner: str
    """Path of the area that answers for it."""
    department: str | None
    """Department it was handed to; None where it is with the owner alone."""


def check_destination(
    connection: Connection, actor: Actor, found: Alert, destination: Destination, departments: Sequence[Department]
) -> Holder:
    """Return the new holder of an alert.

    Raises:
        ConflictError: the destination is none, has the alert already, or may not get it from this account.
    """
    if (destination.path is None) == (destination.department is None):
        raise ConflictError("an alert is handed to an area or to a department. Name one of the two.")
    if destination.department is not None:
        return _to_department(actor, found, destination.department, departments)
    return _to_area(connection, actor, found, str(destination.path))


def may_reach_departments(actor: Actor) -> bool:
    """Tell whether an account may hand alerts to departments: those of areas may."""
    return not actor.scope.department and actor.may(Right.HAND_OVER)


def areas_above(path: str) -> list[str]:
    """Return a place and all areas above it, itself first.

    >>> areas_above("d/t/g")
    ['d/t/g', 'd/t', 'd']
    """
    codes = path.split("/")
    return ["/".join(codes[:depth]) for depth in range(len(codes), 0, -1)]


def _to_department(actor: Actor, found: Alert, code: str, departments: Sequence[Department]) -> Holder:
    covering = [each.code for each in departments if Scope(each.area).covers(found.path)]
    if not may_reach_departments(actor) or code not in covering or code == found.department:
        listed = ", ".join(covering) or "none"
        raise ConflictError(f"a department must be one that does not have the alert yet, of {listed}. Choose one of these.")
    return Holder(found.owner, code)


def _to_area(connection: Connection, actor: Actor, found: Alert, path: str) -> Holder:
    here = path == found.owner and found.department is None
    if here or not (path == found.owner if actor.scope.department else _may_get(connection, actor, found, path)):
        raise ConflictError("an alert goes to its grid, an area above it, or a grid of one's own that does not have it. Name such a place.")
    return Holder(path, None)


def _may_get(connection: Connection, actor: Actor, found: Alert, path: str) -> bool:
    if path in areas_above(found.path):
        return True
    parent, _, grid_id = path.rpartition("/")
    is_grid = select(grid.c.grid_id).where(grid.c.grid_id == grid_id, grid.c.parent_path == parent)
    return actor.directs and actor.scope.covers(path) and connection.execute(is_grid).first() is not None
