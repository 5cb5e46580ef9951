"""Running the application: one process, on this machine only unless told otherwise."""

import asyncio
import sys
from socket import socket

import uvicorn

from features.home import Home
from serving.api.app import create_app
from serving.api.connections import LimitedProtocol, max_connections
from serving.api.routes.explanations import OpenExplainer
from serving.api.routes.scoring_files import OpenScorer
from serving.logs import configure_logs
from serving.settings import Settings

KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep a connection that rests, or one sends a request on what is being closed here."""
LISTEN_ON_SECONDS = 1
"""After a stop signal, until connections that rest are closed."""


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Read first what clients have sent already: to the server they look at rest, and their requests would be lost."""
        await asyncio.sleep(LISTEN_ON_SECONDS)
        await super().shutdown(sockets)


def serve(home: Home, settings: Settings, open_explainer: OpenExplainer | None = None, open_scorer: OpenScorer | None = None) -> None:
    """Serve the ledger of a home until a stop signal; requests in flight are answered first."""
    configure_logs()
    config = uvicorn.Config(
        create_app(settings, home, open_explainer=open_explainer, open_scorer=open_scorer),
        host=settings.serving.host,
        port=settings.serving.port,
        http=LimitedProtocol,
        ws="none",
        limit_concurrency=max_connections(),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.serving.shutdown_timeout_seconds,
        proxy_headers=bool(settings.serving.trusted_proxies),
        forwarded_allow_ips=list(settings.serving.trusted_proxies),
        access_log=False,
        log_config=None,
        server_header=False,
    )
    server = _Server(config)
    server.run()
    if not server.started:
        sys.exit(1)
