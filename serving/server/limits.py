"""Limits: requests that run at a time, requests a minute of each account, and how often an account may do what is rare (quotas).

Beyond them the answer is 503 or 429 with Retry-After. Threads share one interpreter: more of them at a time answer no more requests, they
only make each of them, and the loop that accepts connections, wait longer. So few run, the next ones wait in line, and whoever would wait
too long is told so at once. Requests that make a file work for seconds: they have a few slots of their own, and leave the others to those
who read. Each use of a quota is an entry of the audit trail, and those are counted.
"""

import asyncio
import re
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from sqlalchemy import Engine, func, select
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.database.access_tables import audit as trail
from features.database.engine import writing
from features.errors import TooFastError, TooManyError
from serving import audit
from serving.accounts.permissions import Actor
from serving.server.errors import problem

EXEMPT = frozenset({"/healthz", "/metrics"})
"""Paths that report on the service, which is of most use while it is full."""
FILES = "/static/"
"""Styles and scripts, which the page that says so needs too."""
WAIT_SECONDS = 1.0
"""Longest wait of a request for its slot, foreseen or real."""
MAKES_A_FILE = re.compile(
    r"GET (/(brief|reports/[^/]+|verifications/[^/]+)/file|/v1/reports/[^/]+|/audit\.csv)\Z|POST /(v1/)?(export|score)s?\Z"
)
"""Requests whose answer is made for them alone: PDF, Word, Excel, or the scores of a file."""
FILES_AT_ONCE = 2
FILE_WAIT_SECONDS = 10.0
"""Longest wait for one of those slots; who asks for a file expects to wait."""
SMOOTHING = 0.1
"""Weight of the newest interval in their mean."""
REFUSALS_PER_SECOND = 500
"""Refusals that are answered at once; those beyond are held back, for clients that ask again without a pause."""
HELD_SECONDS = 1.0
"""Longest time that a refusal is held back."""
REFUSAL = problem(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests are under way. Try again later.")

WINDOW_SECONDS = float(TooFastError.window_seconds)
MOST_ACCOUNTS = 10_000
"""Accounts whose requests are remembered; those that asked longest ago are forgotten first."""


class Slots:
    """The slots of running requests, and the line of those that wait for one, first come, first served."""

    def __init__(self, running: int, waiting: int, wait_seconds: float | None = None) -> None:
        self._wait_seconds = WAIT_SECONDS if wait_seconds is None else wait_seconds
        self._free = asyncio.Semaphore(running)
        self._max_waiting = waiting
        self._waiting = 0
        self._interval = 0.0
        """Mean seconds between two releases while somebody waited."""
        self._released_at: float | None = None

    @property
    def in_vain(self) -> bool:
        """Tell whether whoever comes now would wait too long, by the length of the line and how fast it moved lately."""
        return self._free.locked() and (self._waiting >= self._max_waiting or self._waiting * self._interval > self._wait_seconds)

    async def take(self) -> bool:
        """Take a slot, waiting for it if need be; return false where there is none in time."""
        if self.in_vain:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    def release(self) -> None:
        """Give a slot back, and note how fast the line moves."""
        now = asyncio.get_running_loop().time()
        if self._waiting and self._released_at is not None:
            self._interval += SMOOTHING * (now - self._released_at - self._interval)
        self._released_at = now if self._waiting else None
        self._free.release()


class Capacity:
    """Slots of requests that read, and those of requests that make a file."""

    def __init__(self, running: int, waiting: int) -> None:
        self._reading = Slots(running, waiting)
        self._files = Slots(FILES_AT_ONCE, waiting, FILE_WAIT_SECONDS)

    def of(self, scope: Scope) -> Slots:
        """Return the slots that a request takes one of."""
        return self._files if MAKES_A_FILE.match(f"{scope['method']} {scope['path']}") else self._reading


class RefuseAtOnce:
    """Refuse a request that would wait in vain, before anything is done for it.

    Some clients ask again as soon as they are refused: what they cost is taken from those who are answered, so it is bounded.
    """

    def __init__(self, app: ASGIApp, capacity: Capacity) -> None:
        self.app = app
        self._capacity = capacity
        self._next_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 503."""
        if scope["type"] == "http" and self._capacity.of(scope).in_vain and not _is_exempt(scope) and not _has_body(scope):
            await self._hold_back()
            await REFUSAL(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _hold_back(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next_at = min(max(now, self._next_at + 1 / REFUSALS_PER_SECOND), now + HELD_SECONDS)
        if self._next_at > now:
            await asyncio.sleep(self._next_at - now)


class ConcurrencyLimit:
    """Run some requests, let some wait for a moment, and refuse the rest.

    A request holds a slot from the moment its body is there until its answer begins, so a client that sends or reads slowly keeps nobody
    out.
    """

    def __init__(self, app: ASGIApp, capacity: Capacity) -> None:
        self.app = app
        self._capacity = capacity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when there is a slot, or answer 503."""
        if scope["type"] != "http" or _is_exempt(scope):
            await self.app(scope, receive, send)
            return
        limited = _Limited(self._capacity.of(scope), receive, send)
        if not _has_body(scope) and not await limited.take():
            await REFUSAL(scope, receive, send)
            return
        try:
            await self.app(scope, limited.receive, limited.send)
        except ClientDisconnect:
            if not limited.refused:
                raise
        finally:
            limited.release()
        if limited.refused and not limited.answered:
            await REFUSAL(scope, receive, send)


class _Limited:
    """One request, and the slot that it holds."""

    def __init__(self, slots: Slots, receive: Receive, send: Send) -> None:
        self._slots = slots
        self._receive = receive
        self._send = send
        self._has_slot = False
        self.refused = False
        self.answered = False

    async def take(self) -> bool:
        """Take a slot, once; return false where there is none in time."""
        self._has_slot = await self._slots.take()
        self.refused = not self._has_slot
        return self._has_slot

    def release(self) -> None:
        """Give the slot back, where one is held."""
        if self._has_slot:
            self._has_slot = False
            self._slots.release()

    async def receive(self) -> Message:
        """Return the next part of the body; the last one comes with a slot, or not at all."""
        message = await self._receive()
        if self._has_slot or self.answered or message["type"] != "http.request" or message.get("more_body", False):
            return message
        return message if await self.take() else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Pass an answer on, unless it is one to the body that was withheld."""
        if not self.refused:
            self.answered = True
            self.release()
            await self._send(message)


def _is_exempt(scope: Scope) -> bool:
    path: str = scope["path"]
    return path in EXEMPT or path.startswith(FILES)


def _has_body(scope: Scope) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in scope["headers"])


class RequestRate:
    """Counts the requests of each account within the last minute, by a clock that only goes forward."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, account_id: str, moment: float) -> None:
        """Count a request at a moment in seconds.

        Raises:
            TooFastError: as many were made within the minute before.
        """
        moments = self._asked.setdefault(account_id, deque())
        self._asked.move_to_end(account_id)
        while moments and moments[0] <= moment - WINDOW_SECONDS:
            moments.popleft()
        if len(moments) >= self._most:
            raise TooFastError(f"an account may make {self._most} requests a minute, found more. Wait a minute.")
        moments.append(moment)
        if len(self._asked) > MOST_ACCOUNTS:
            self._asked.popitem(last=False)


@dataclass(frozen=True)
class Quota:
    """Number of times that an account may do something."""

    action: str
    """As the audit trail calls it."""
    most: int
    within: timedelta


EXPORTS = Quota("export", 5, timedelta(days=1))
SCORED_FILES = Quota("score", 30, timedelta(hours=1))


def consume(engine: Engine, actor: Actor, allowance: Quota, about: tuple[str, Mapping[str, object]], now: datetime) -> None:
    """Write down that an account does something; `about` is what it acts on, and what else must be known later.

    Raises:
        TooManyError: it has done so as often as it may.
    """
    done = select(func.count()).where(
        trail.c.actor_id == actor.account_id, trail.c.action == allowance.action, trail.c.at > now - allowance.within
    )
    with writing(engine) as connection:
        if connection.execute(done).scalar_one() >= allowance.most:
            hours = allowance.within // timedelta(hours=1)
            raise TooManyError(f"{allowance.action} is allowed {allowance.most} times in {hours} h, found as many. Try again later.")
        audit.record(connection, actor.account_id, allowance.action, *about, now)
