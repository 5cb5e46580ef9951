"""The counter row that gives sequence numbers: locked by each writer, so numbers commit in order and leave no hole."""

from sqlalchemy import Connection, insert, select, update

from features.database.tables import sequence

LOG = sequence.c.name == "log"
GRIDS = "grids"
"""Name of the counter that tells one state of the grid tables from the next."""


def last_sequence(connection: Connection) -> int:
    """Return the last number given; 0 for an empty log."""
    last: int = connection.execute(select(sequence.c.last).where(LOG)).scalar_one()
    return last


def lock_sequence(connection: Connection) -> int:
    """Wait for other writers, keep them out until this transaction ends, and return the last number given."""
    last: int = connection.execute(select(sequence.c.last).where(LOG).with_for_update()).scalar_one()
    return last


def advance_sequence(connection: Connection, last: int) -> None:
    """Record the last number given."""
    connection.execute(update(sequence).where(LOG).values(last=last))


def grids_version(connection: Connection) -> int:
    """Return a number that is another one after every change of the grid tables."""
    return connection.execute(select(sequence.c.last).where(sequence.c.name == GRIDS)).scalar() or 0


def advance_grids(connection: Connection) -> None:
    """Record a change of the grid tables, in the transaction that makes it."""
    if not connection.execute(update(sequence).where(sequence.c.name == GRIDS).values(last=sequence.c.last + 1)).rowcount:
        connection.execute(insert(sequence).values(name=GRIDS, last=1))
