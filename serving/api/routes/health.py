"""GET /healthz and /readyz: does the process answer, and can it read the ledger."""

from fastapi import APIRouter

from serving.api.schemas import Health, Readiness
from serving.operations.health import read_operational_health
from serving.server.dependencies import ReadingOf

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def read_health() -> Health:
    """Answer as long as the process lives."""
    return Health(status="ok")


@router.get("/readyz")
def read_readiness(reading: ReadingOf) -> Readiness:
    """Answer once the newest list is loaded, or it is certain that there is none; what waits for upkeep is said beside it."""
    reading.shelf.refresh()
    current = reading.shelf.current
    waiting = list(read_operational_health(reading.shelf.engine, reading.limits, reading.now()))
    return Readiness(status="ready", ranking_id=current.head.ranking_id if current else None, attention=waiting)
