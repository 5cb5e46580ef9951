"""Sending a message to a receiver of the configuration, and nowhere else: redirections are not followed."""

from collections.abc import Mapping
from email.message import Message
from http.client import HTTPException
from typing import IO
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT_SECONDS = 10


class _Stay(HTTPRedirectHandler):
    """Let a redirection be an error."""

    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str) -> None:
        """Go nowhere else."""


_opener = build_opener(_Stay)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Send a body and tell whether the receiver took it with a 2xx."""
    try:
        with _opener.open(Request(url, body, dict(headers)), timeout=TIMEOUT_SECONDS):  # noqa: S310 - http(s) by the settings' pattern
            return True
    except (URLError, HTTPException, OSError):
        return False
