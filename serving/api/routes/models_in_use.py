"""GET /v1/model: which model made the newest list, and who put it there."""

from fastapi import APIRouter, Depends

from serving.access.actor import Right
from serving.api.access import needs
from serving.api.models import ListHead, ModelPage, ModelPublication
from serving.api.reading import ReadingOf
from serving.publications import publications

router = APIRouter(prefix="/v1", tags=["model"])


@router.get("/model", dependencies=[Depends(needs(Right.READ_MODELS))])
def read_model(reading: ReadingOf) -> ModelPage:
    """Return the model behind the newest list and the dated record of what was in use, by whom and why."""
    current = reading.shelf.current
    return ModelPage(
        ranking=ListHead.of(current.head.entry) if current else None,
        publications=[ModelPublication(**row) for row in publications(reading.shelf.engine)],
    )
