"""The counter row that gives sequence numbers: locked by each writer, so numbers commit in order and leave no hole."""

from sqlalchemy import Connection, select, update

from features.database.tables import sequence

LOG = sequence.c.name == "log"


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
