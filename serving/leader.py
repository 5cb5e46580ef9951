"""Leases: of several processes on one database, one does what only one may do."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, insert, select, text, update

from features.database.alert_tables import lease
from features.database.engine import writing


def take_lease(engine: Engine, name: str, holder: str, now: datetime, lasts: timedelta) -> bool:
    """Take or renew a lease, unless another holder's has not ended; return whether it is held now."""
    held = {"name": name, "holder": holder, "ends_at": now + lasts}
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE lease IN SHARE ROW EXCLUSIVE MODE"))
        found = connection.execute(select(lease).where(lease.c.name == name)).first()
        if found is None:
            connection.execute(insert(lease), held)
        elif found.holder == holder or not now < found.ends_at <= now + lasts:  # one that ends later was taken by a clock that was wrong
            connection.execute(update(lease).where(lease.c.name == name).values(held))
        else:
            return False
    return True
