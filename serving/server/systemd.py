"""Messages to systemd about this process: that it is ready, alive, and about to stop (sd_notify(3)); nothing where no one listens."""

import os
from contextlib import suppress
from socket import AF_UNIX, SOCK_DGRAM, socket

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
    asked = os.environ.get("WATCHDOG_USEC", "")
    return max(1, int(asked) // MICROSECONDS // 2) if asked.isdecimal() and int(asked) else None
