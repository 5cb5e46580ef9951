"""Running the application: one process, on this machine only unless told otherwise."""

import uvicorn

from features.home import Home
from serving.api.app import create_app
from serving.settings import Settings

KEEP_ALIVE_SECONDS = 5


def serve(home: Home, settings: Settings) -> None:
    """Serve the ledger of a home until a stop signal; requests in flight are answered first."""
    uvicorn.run(
        create_app(settings, home),
        host=settings.serving.host,
        port=settings.serving.port,
        limit_concurrency=settings.serving.max_connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.serving.stop_seconds,
        proxy_headers=False,
        server_header=False,
    )
