"""/v1/undertakings: projects, campaigns, treatments, periods and shocks, and what they were followed by."""

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from features.undertakings.undertaking import SEPARATOR, Undertaking, UndertakingKind
from serving.accounts.permissions import Actor, Right
from serving.server.auth import needs
from serving.server.dependencies import ReadingOf
from serving.server.errors import described
from serving.text import NOTICES, IsoDay, Text
from serving.undertakings.register import Estimate, end_undertaking, enter_undertaking, list_undertakings, read_review

router = APIRouter(prefix="/v1", tags=["undertakings"])

Reader = Annotated[Actor, Depends(needs(Right.READ_LISTS))]
Entering = Annotated[Actor, Depends(needs(Right.UNDERTAKE))]
UndertakingId = Annotated[str, Path(max_length=64, description="Id of the undertaking", examples=["ZWGBBEVWKT4E6FCCEL3MBPS2YX"])]
CODE = r"^[a-z][a-z0-9_]{0,39}$"


class UndertakingOrder(BaseModel):
    """An undertaking to enter."""

    model_config = ConfigDict(extra="forbid")

    kind: UndertakingKind = Field(description="project, campaign, treatment, period or shock", examples=["project"])
    sub_kind: str = Field(pattern=CODE, description="A code of that kind", examples=["construction"])
    places: list[str] = Field(default_factory=list, max_length=500, description="Grids or paths of areas; none is everything")
    name: str | None = Field(None, max_length=60, description="As it was published; may not identify a person", examples=["North Road"])
    public_at: IsoDay = Field(description="Day on which the public could know", examples=["2026-01-05"])
    start_at: IsoDay = Field(description="First day", examples=["2026-02-05"])
    end_at: IsoDay | None = Field(None, description="First day after it; null where it is not known", examples=["2026-08-05"])
    assessed: StrictBool | None = Field(None, description="Whether a social stability risk assessment was held", examples=[True])
    heard: StrictBool | None = Field(None, description="Whether those concerned were heard", examples=[True])
    attention: float | None = Field(
        None, ge=0.25, le=4, description="Factor on the share of grids alerted in its places while it lasts", examples=[1.5]
    )


class UndertakingState(UndertakingOrder):
    """An undertaking as it stands."""

    undertaking_id: str = Field(description="Id", examples=["ZWGBBEVWKT4E6FCCEL3MBPS2YX"])
    withdrawn: bool = Field(description="Whether it was called off", examples=[False])


class UndertakingReview(BaseModel):
    """Outcomes of undertakings, and what helped."""

    model_config = ConfigDict(extra="forbid")

    notices: tuple[Text, ...] = Field(description="What the figures are not for")
    as_of: date | None = Field(description="First day that was not looked at; null before the first review", examples=["2026-01-01"])
    estimates: dict[str, Estimate] = Field(description="By followed/kind/sub_kind, helped/treatment/sub_kind and helped/acting")


@router.get("/undertakings")
def read_undertakings(actor: Reader, reading: ReadingOf) -> list[UndertakingState]:
    """Return the undertakings that concern one's own area, by start."""
    found = list_undertakings(reading.shelf.engine, actor, reading.local_now().date())
    return [_state(each.undertaking) for each in found]


@router.post("/undertakings", responses=described(HTTPStatus.FORBIDDEN))
def add_undertaking(request: Request, order: UndertakingOrder, actor: Entering, reading: ReadingOf) -> UndertakingState:
    """Enter an undertaking in one's own area, known from this moment on."""
    values = order.model_dump() | {"undertaking_id": "", "places": SEPARATOR.join(sorted(set(order.places)))}
    declared = request.app.state.site.settings.sub_kinds
    return _state(enter_undertaking(reading.shelf.engine, actor, Undertaking(**values), reading.now(), declared))


@router.post("/undertakings/{undertaking_id}/end", responses=described(HTTPStatus.NOT_FOUND))
def finish_undertaking(undertaking_id: UndertakingId, actor: Entering, reading: ReadingOf) -> UndertakingState:
    """End an undertaking today; one that has not begun is called off."""
    return _state(end_undertaking(reading.shelf.engine, actor, undertaking_id, reading.local_now().date(), reading.now()))


@router.get("/undertakings/review")
def read_undertaking_review(actor: Annotated[Actor, Depends(needs(Right.READ_MODELS))], reading: ReadingOf) -> UndertakingReview:
    """Return the newest monthly estimates, of the whole district and never by person or unit."""
    del actor
    review = read_review(reading.shelf.engine)
    return UndertakingReview(notices=NOTICES, as_of=review.as_of if review else None, estimates=review.estimates if review else {})


def _state(undertaking: Undertaking) -> UndertakingState:
    values = vars(undertaking) | {"places": list(undertaking.place_list)}
    values.pop("note_code")
    return UndertakingState(**values)
