"""Deadlines and limits of connections: size and time of a request's head, time of its body, idle time, and how many are open.

uvicorn closes connections that rest after a response and leaves the rest to whoever is in front; here nobody has to be. The socket is bound
before anything is said or done: an address that cannot be had costs nobody a password.
"""

import asyncio
import errno
import resource
from enum import Enum, auto
from http import HTTPStatus
from socket import AF_INET, AF_INET6, create_server, socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from features.errors import UsageError
from serving.server.errors import problem

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers."""
HEAD_SECONDS = 5.0
"""From the first byte of a request, or from the opening of a connection, to the end of the headers."""
BODY_SECONDS = 10.0
"""From the end of the headers to the end of the body, and one second more for each `BODY_BYTES_PER_SECOND` that arrived."""
BODY_BYTES_PER_SECOND = 1024**2
STALLED_SECONDS = 30.0
"""Time that a client may leave a response unread."""
MAX_CONNECTIONS = 4_000
RESERVED_DESCRIPTORS = 128
"""For databases, files and child processes."""

DETAILS = {
    HTTPStatus.BAD_REQUEST: "The request is not valid HTTP.",
    HTTPStatus.REQUEST_TIMEOUT: "The request must arrive within its time. Send it again.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"Request line and headers must not exceed {MAX_HEAD_BYTES} bytes together.",
}

BACKLOG = 2048


class _Phase(Enum):
    """Progress of a request's arrival."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    ALL = auto()


class LimitedProtocol(HttpToolsProtocol):
    """One connection that its client can neither keep open for nothing nor fill the memory with.

    With `limit_concurrency` connections open, a further one closes the one that has waited longest for its client.
    """

    phase = _Phase.NOTHING
    waiting_since: float | None = None
    """Loop time since which the client has to send something; None while a request is worked on."""
    _deadline: asyncio.TimerHandle | None = None
    _deadline_phase = _Phase.ALL
    _deadline_start = 0.0
    _stalled: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _body_bytes = 0
    _refusal = HTTPStatus.BAD_REQUEST

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        """Give the client its time to ask, and make room where too many connections are open."""
        super().connection_made(transport)
        self._most_open, self.limit_concurrency = self.limit_concurrency, None
        self._await_client(HEAD_SECONDS)
        if self._most_open and len(self.connections) > self._most_open:
            waiting = (each for each in self.connections if isinstance(each, LimitedProtocol) and each.waiting_since is not None)
            min(waiting, key=lambda each: each.waiting_since or 0.0).end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        self._forget_deadline()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, and watch over what is still missing."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.phase is _Phase.ALL:
            self._forget_deadline()
            self.waiting_since = None
            if self.cycle.response_complete:  # the answer did not wait for the body
                self._rest()
        elif self.phase is _Phase.BODY:
            self._body_bytes += len(data)
            self._await_client(BODY_SECONDS)
        else:
            self._head_bytes += len(data)
            self._await_client(HEAD_SECONDS)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        super().on_message_begin()
        self.phase = _Phase.HEAD
        self._head_bytes = self._body_bytes = 0

    def on_headers_complete(self) -> None:
        """Pass a request on as soon as its head is there, unless that is too large."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD_BYTES:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise ValueError(DETAILS[self._refusal])  # the parser stops, and `send_400_response` answers
        super().on_headers_complete()
        self.phase = _Phase.BODY

    def on_message_complete(self) -> None:
        """Note that all of a request is there."""
        super().on_message_complete()
        self.phase = _Phase.ALL

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        if self.phase is _Phase.ALL and not self.pipeline:
            self.phase, self.waiting_since = _Phase.NOTHING, self.loop.time()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that rested too long."""
        self.end()

    def pause_writing(self) -> None:
        """Give the client its time to read."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on with the response."""
        super().resume_writing()
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the problem says it in our words
        """Answer a request that cannot be parsed."""
        self._refuse(self._refusal)

    def end(self) -> None:
        """Close the connection at once; what its client has not read by now is lost."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def _rest(self) -> None:
        """Wait for the next request, as after a response."""
        self.phase, self.waiting_since = _Phase.NOTHING, self.loop.time()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _await_client(self, seconds: float) -> None:
        """Start the deadline of this phase, unless it runs."""
        if self._deadline and self._deadline_phase is self.phase:
            return
        self._forget_deadline()
        self._deadline_phase, self._deadline_start = self.phase, self.loop.time()
        answering = self._under_way() and self.phase is not _Phase.BODY
        self.waiting_since = None if answering else self._deadline_start
        self._deadline = self.loop.call_later(seconds, self._is_late)

    def _under_way(self) -> bool:
        return not getattr(self.cycle, "response_complete", True)  # there is no cycle before the first request

    def _is_late(self) -> None:
        self._deadline = None
        earned = self._body_bytes / BODY_BYTES_PER_SECOND if self.phase is _Phase.BODY else 0.0
        left = earned - (self.loop.time() - self._deadline_start - BODY_SECONDS) if earned else 0.0
        if left > 0:
            self._deadline = self.loop.call_later(left, self._is_late)
        elif self.phase is _Phase.NOTHING:
            self.end()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _forget_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer for the application and close; where a response is under way already it ends here."""
        self._forget_deadline()
        if self._under_way():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not (self._under_way() and self.cycle.response_started):
            self.transport.write(_plain_response(status))
        self.transport.close()


def max_connections() -> int:
    """Return how many connections may be open, below the limit of file descriptors of this process."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(MAX_CONNECTIONS, max(soft - RESERVED_DESCRIPTORS, soft // 2)) if soft != resource.RLIM_INFINITY else MAX_CONNECTIONS


def _plain_response(status: HTTPStatus) -> bytes:
    response = problem(status, DETAILS[status])
    headers = [*response.raw_headers, (b"connection", b"close")]
    head = b"".join(b"%s: %s\r\n" % header for header in headers)
    return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (status, status.phrase.encode(), head, response.body)


def listen(host: str, port: int) -> socket:
    """Bind the address of the service.

    Raises:
        UsageError: another program has it, or it is none of this machine.
    """
    try:
        return create_server((host, port), family=AF_INET6 if ":" in host else AF_INET, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(f"port {port} of {host} must be free, found it in use. Choose another with --port.") from error
        advice = "Choose another with --host and --port."
        raise UsageError(f"{host}, port {port}, must be an address to listen on, found: {error.strerror or error}. {advice}") from error
