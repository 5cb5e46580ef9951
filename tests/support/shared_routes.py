"""Routes of the many applications that tests make in one process: FastAPI reads their signatures once, not for every application."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.routing import _IncludedRouter


@contextmanager
def shared_routes() -> Iterator[None]:
    """Let applications share what FastAPI works out of a route in its first request, .2 s of CPU for all of them.

    A route that belongs to one application alone, such as that of its metrics, is worked out for it.
    """
    build, known = _IncludedRouter._build_effective_context, {}

    def build_once(included: _IncludedRouter, route: Any) -> Any:
        if "<locals>" in getattr(getattr(route, "endpoint", None), "__qualname__", "<locals>"):
            return build(included, route)
        key = (id(route), included.include_context.prefix, included.include_context.max_body_size)
        if key not in known:
            known[key] = build(included, route)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_IncludedRouter, "_build_effective_context", build_once)
        yield
