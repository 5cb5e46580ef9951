"""Files of the site itself; they say nothing of anybody.

GET /docs is the description of the API, from files of this site alone; manifest, icon and service worker let a phone install the pages.
"""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from serving.pages.layout import STATIC, asset, render
from serving.pages.page import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)
file_router = APIRouter(include_in_schema=False)

ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 26 26"><rect width="26" height="26" rx="4" fill="#f2f4f6"/>
<g fill="#16202a" opacity=".32"><rect x="3" y="3" width="9" height="9" rx="2"/><rect x="14" y="3" width="9" height="9" rx="2"/>
<rect x="3" y="14" width="9" height="9" rx="2"/></g><rect x="14" y="14" width="9" height="9" rx="2" fill="#4a1272"/></svg>"""
MANIFEST = {
    "name": "预警 yujing",
    "short_name": "预警",
    "lang": "zh-CN",
    "start_url": "/alerts",
    "scope": "/",
    "display": "standalone",
    "background_color": "#f2f4f6",
    "theme_color": "#0b6b66",
    "icons": [{"src": "/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any maskable"}],
}


@file_router.get("/manifest.webmanifest")
async def manifest() -> Response:
    """Say what the app is called and where it begins."""
    return JSONResponse(MANIFEST, media_type="application/manifest+json")


@file_router.get("/icon.svg")
async def icon() -> Response:
    """Return the icon."""
    return Response(ICON, media_type="image/svg+xml")


@file_router.get("/worker.js")
def worker() -> Response:
    """Return the service worker under a name that stays, from the root, so that it serves all pages."""
    path = STATIC / asset("src/worker.ts").rpartition("/")[2]
    return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/docs")
def show_docs(request: Request) -> Response:
    """Show the API."""
    return render(request, "docs.html", title=request.app.title)
