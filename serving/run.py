"""Running the application and its log: one process, on this machine only unless told otherwise.

systemd is told that it is ready, alive, and about to stop (sd_notify(3)).
"""

import asyncio
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from socket import AF_UNIX, SOCK_DGRAM, socket

import structlog
import uvicorn
from structlog.typing import EventDict, Processor, WrappedLogger

from features.storage.home import Home
from serving.api.routes.grids import OpenExplainer
from serving.api.routes.scores import OpenScorer
from serving.app import create_app
from serving.server.connections import LimitedProtocol, listen, max_connections
from serving.server.dependencies import Overdue
from serving.server.metrics import with_request_id
from serving.settings import Settings

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
MICROSECONDS = 1_000_000


def notify(state: str) -> None:
    """Send one message to the socket that NOTIFY_SOCKET names; one that cannot be sent is no fault of the service."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket(AF_UNIX, SOCK_DGRAM) as sender:
        sender.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


def watchdog_seconds() -> int | None:
    """Return how often systemd is told that this process is alive, at half of its patience; None where it does not ask."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return max(1, int(microseconds) // MICROSECONDS // 2) if microseconds.isdecimal() and int(microseconds) else None


def configure_logs() -> None:
    """Let everything that is logged in this process, by others too, leave it as JSON on stderr."""
    shared: list[Processor] = [
        with_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        where_it_failed,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(ensure_ascii=False)],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    if sys.stderr.isatty():  # a person is told where to sign in, which these would push out of sight
        for chatty in ("uvicorn.error", "alembic"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter], logger_factory=structlog.stdlib.LoggerFactory()
    )


def where_it_failed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its kind and its place in the code: its message may repeat what somebody sent."""
    if failed := event.pop("exc_info", None):
        kind, _value, trace = failed
        event["failed"] = kind.__name__
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
    return event


KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep a connection that rests, or one sends a request on what is being closed here."""
LISTEN_ON_SECONDS = 1
"""After a stop signal, until connections that rest are closed."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, greet: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._greet = greet

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start to listen, and say so; people are greeted last, so that no line of the log stands below."""
        await super().startup(sockets)
        for bound in sockets or []:
            logging.getLogger("uvicorn.error").info("Uvicorn running on http://%s:%d (Press CTRL+C to quit)", *bound.getsockname()[:2])
        notify(READY)
        if self.started and self._greet is not None:
            self._greet()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Read first what clients have sent already: to the server they look at rest, and their requests would be lost."""
        notify(STOPPING)
        await asyncio.sleep(LISTEN_ON_SECONDS)
        await super().shutdown(sockets)


async def _tell_alive() -> None:
    notify(ALIVE)


@dataclass(frozen=True)
class Beside:
    """Work of the service beside serving, brought by the program that starts it: training code is none of its own."""

    open_explainer: OpenExplainer | None = None
    """Opens what explains grids that no list explains."""
    open_scorer: OpenScorer | None = None
    """Opens what scores files that are not stored."""
    overdue: Overdue | None = None
    """Tells which work beside the service is late."""
    program: Sequence[str] = ()
    """The command line of yujing on this home, which pages start long jobs by."""
    greet: Callable[[], None] | None = None
    """Tells people where the service is and how they sign in; called once it listens."""


def serve(home: Home, settings: Settings, beside: Beside | None = None, bound: socket | None = None) -> None:
    """Serve the ledger of a home until a stop signal; requests in flight are answered first.

    `bound` is the socket to listen on; None binds the address of the settings.
    """
    beside = beside or Beside()
    configure_logs()
    app = create_app(settings, home, open_explainer=beside.open_explainer, open_scorer=beside.open_scorer, overdue=beside.overdue)
    app.state.site = replace(app.state.site, program=tuple(beside.program))
    pulse = watchdog_seconds()
    config = uvicorn.Config(
        app,
        host=settings.serving.host,
        port=settings.serving.port,
        http=LimitedProtocol,
        ws="none",
        limit_concurrency=max_connections(),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.serving.shutdown_timeout_seconds,
        callback_notify=_tell_alive if pulse else None,
        timeout_notify=pulse or 0,
        proxy_headers=bool(settings.serving.trusted_proxies),
        forwarded_allow_ips=list(settings.serving.trusted_proxies),
        access_log=False,
        log_config=None,
        server_header=False,
    )
    server = _Server(config, beside.greet)
    server.run([bound or listen(settings.serving.host, settings.serving.port)])
    if not server.started:
        sys.exit(1)
