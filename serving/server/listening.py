"""The socket of the service, bound before anything is said or done: an address that cannot be had costs nobody a password."""

import errno
from socket import AF_INET, AF_INET6, create_server, socket

from features.errors import UsageError

BACKLOG = 2048


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
