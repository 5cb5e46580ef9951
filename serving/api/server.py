"""Running the application: one process, on this machine only unless told otherwise."""

import uvicorn

from features.home import Home
from serving.api.app import create_app
from serving.api.routes.explanations import OpenExplainer
from serving.api.routes.scoring_files import OpenScorer
from serving.logs import configure_logs
from serving.settings import Settings

KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep a connection that rests, or one sends a request on what is being closed here."""
MOST_CONNECTIONS = 10_000
"""Far more than requests are worked on: an open connection that asks nothing keeps nobody out."""


def serve(home: Home, settings: Settings, open_explainer: OpenExplainer | None = None, open_scorer: OpenScorer | None = None) -> None:
    """Serve the ledger of a home until a stop signal; requests in flight are answered first."""
    configure_logs()
    uvicorn.run(
        create_app(settings, home, open_explainer=open_explainer, open_scorer=open_scorer),
        host=settings.serving.host,
        port=settings.serving.port,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.serving.stop_seconds,
        proxy_headers=bool(settings.serving.proxies),
        forwarded_allow_ips=list(settings.serving.proxies),
        access_log=False,
        log_config=None,
        server_header=False,
    )
