"""GET /healthz and /readyz: does the process answer, and can it read the ledger."""

from http import HTTPStatus

from fastapi import APIRouter, HTTPException

from features.storage.home import check_free_disk
from serving.api.schemas import Health, Readiness
from serving.server.dependencies import ReadingOf

router = APIRouter(tags=["health"])

DAMAGED = "The newest list is not as it was published and not shown. yujing doctor says why; restore the backup."


@router.get("/healthz")
async def read_health() -> Health:
    """Answer as long as the process lives."""
    return Health(status="ok")


@router.get("/readyz")
def read_readiness(reading: ReadingOf) -> Readiness:
    """Answer once the newest list is loaded, or it is certain that there is none; what waits for upkeep is said beside it.

    Raises:
        StoreError: the store cannot be read, or the disk is too full to publish.
        HTTPException: the newest list is damaged, a list is due and missing, or a task beside the service is stuck.
    """
    check_free_disk(reading.home)
    if overdue := reading.overdue(reading.now()):
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "; ".join(text.en for text in overdue).capitalize() + ".")
    reading.shelf.refresh()
    if reading.shelf.fault:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, DAMAGED)
    current = reading.shelf.current
    waiting = list(reading.health())
    return Readiness(status="ready", ranking_id=current.head.ranking_id if current else None, attention=waiting)
