"""GET /undertakings: what is undertaken, entered and ended by those who may."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from features.undertakings.undertaking import Undertaking
from serving.accounts.permissions import Right
from serving.pages.layout import render
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.pages.undertakings_view import view_undertakings
from serving.undertakings.register import end_undertaking, enter_undertaking, join_places

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Value = TypeVar("Value")
EmptyIsNone = Annotated[Value | None, BeforeValidator(lambda value: value or None)]
"""A field of a form that may be left empty."""
Reader = Annotated[Viewer, Depends(viewer_with(Right.READ_LISTS))]
Entering = Annotated[Viewer, Depends(viewer_with(Right.UNDERTAKE))]


class UndertakingForm(BaseModel):
    """Fields of the form; empty ones are unknown."""

    model_config = ConfigDict(extra="ignore")

    what: str = Field(pattern=r"^[a-z]+/[a-z][a-z0-9_]*$")
    places: str = Field("", max_length=4000)
    name: str = Field("", max_length=200)
    public_at: date
    start_at: date
    end_at: EmptyIsNone[date] = None
    assessed: bool = False
    heard: bool = False
    attention: EmptyIsNone[float] = None

    def undertaking(self) -> Undertaking:
        """Return it without an id."""
        kind, sub_kind = self.what.split("/")
        return Undertaking(
            undertaking_id="",
            kind=kind,
            sub_kind=sub_kind,
            places=join_places(self.places),
            public_at=self.public_at,
            start_at=self.start_at,
            end_at=self.end_at,
            name=self.name.strip() or None,
            assessed=self.assessed,
            heard=self.heard,
            attention=self.attention,
        )


@router.get("/undertakings")
def show_undertakings(request: Request, viewer: Reader) -> Response:
    """Show what runs and what lies ahead in the reader's area."""
    return render(request, "undertakings.html", viewer.actor, view=view_undertakings(viewer))


@router.post("/undertakings")
def enter(viewer: Entering, form: Annotated[UndertakingForm, Form()]) -> Response:
    """Enter an undertaking."""
    enter_undertaking(viewer.engine, viewer.actor, form.undertaking(), viewer.now, viewer.site.settings.sub_kinds)
    return RedirectResponse("/undertakings", HTTPStatus.SEE_OTHER)


@router.post("/undertakings/{undertaking_id}/end")
def end(viewer: Entering, undertaking_id: Annotated[str, Path(max_length=64)]) -> Response:
    """End an undertaking today."""
    end_undertaking(viewer.engine, viewer.actor, undertaking_id, viewer.local_now.date(), viewer.now)
    return RedirectResponse("/undertakings", HTTPStatus.SEE_OTHER)
