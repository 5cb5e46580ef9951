"""Limit of requests a minute per account."""

from collections import OrderedDict, deque

from features.errors import TooFastError

WINDOW_SECONDS = float(TooFastError.window_seconds)
MOST_ACCOUNTS = 10_000
"""Accounts whose requests are remembered; those that asked longest ago are forgotten first."""


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
        asked = self._asked.setdefault(account_id, deque())
        self._asked.move_to_end(account_id)
        while asked and asked[0] <= moment - WINDOW_SECONDS:
            asked.popleft()
        if len(asked) >= self._most:
            raise TooFastError(f"an account may make {self._most} requests a minute, found more. Wait a minute.")
        asked.append(moment)
        if len(self._asked) > MOST_ACCOUNTS:
            self._asked.popitem(last=False)
