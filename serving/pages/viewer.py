"""Who looks, through which sources, in which words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine

from features.home import Home
from serving.access.actor import Actor, Right, Scope
from serving.api.access import needs
from serving.api.reading import ListsOf, Reading, ReadingOf
from serving.pages.atlas import Atlas
from serving.pages.catalogue import Speaker
from serving.pages.frame import Look
from serving.settings import Settings


@dataclass(frozen=True)
class Site:
    """What all pages of one application share."""

    settings: Settings
    home: Home
    atlas: Atlas


@dataclass(frozen=True)
class Viewer:
    """What a page is made from."""

    reading: Reading
    site: Site
    actor: Actor
    t: Speaker

    @property
    def engine(self) -> Engine:
        """The database."""
        return self.reading.shelf.engine

    @property
    def scope(self) -> Scope:
        """What the reader may see."""
        return self.actor.scope

    @property
    def now(self) -> datetime:
        """The wall clock."""
        return self.reading.now()

    @property
    def local_now(self) -> datetime:
        """The same in the deployment's zone."""
        return self.now.astimezone(self.site.settings.tz)


def viewer_with(right: Right | None) -> Callable[..., Awaitable[Viewer]]:
    """Return the dependency of a page: a viewer who has a right, or any who is signed in."""

    async def viewer(request: Request, reading: ReadingOf, actor: Annotated[Actor, Depends(needs(right))]) -> Viewer:
        return Viewer(reading, request.app.state.site, actor, Speaker(Look.of(request).language))

    return viewer


def viewer_of_lists(right: Right | None) -> Callable[..., Awaitable[Viewer]]:
    """Return the same for pages that show lists: nobody sees them while publishing is paused."""
    allowed = viewer_with(right)

    async def viewer(_: ListsOf, found: Annotated[Viewer, Depends(allowed)]) -> Viewer:
        return found

    return viewer


ListViewer = Annotated[Viewer, Depends(viewer_of_lists(Right.READ_LISTS))]
Visitor = Annotated[Viewer, Depends(viewer_of_lists(None))]
