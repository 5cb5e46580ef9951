"""Addresses that settings name: which are private, and how they are sent."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")
PATH_CHARACTERS = "/%:@!$&'()*+,;=~-._"
"""Characters that an address may hold as they are (RFC 3986)."""


def is_private(address: str) -> bool:
    """Tell whether nobody on the way can read what is sent to an address.

    >>> is_private("https://id.example/realms/town"), is_private("http://127.0.0.1:8080"), is_private("http://id.example")
    (True, True, False)
    """
    parts = urlsplit(address)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def ascii_url(address: str) -> str:
    """Return an http(s) address as it is sent.

    >>> ascii_url("https://预警.example:8443/通知?from=yujing")
    'https://xn--792a71x.example:8443/%E9%80%9A%E7%9F%A5?from=yujing'

    Raises:
        ValueError: it is none.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
        name = host.encode("idna").decode() if host and not host.isascii() else host
    except (ValueError, UnicodeError) as error:
        raise ValueError(f"must be an address such as https://host/path: {error}") from error
    if parts.scheme not in ("http", "https") or not name or "@" in parts.netloc or re.search(r"[\s\x00-\x1f\x7f]", address):
        raise ValueError("must be an address such as https://host/path, without blanks, name or password")
    place = (f"[{name}]" if ":" in name else name) + (f":{port}" if port else "")
    path, query = quote(parts.path, safe=PATH_CHARACTERS), quote(parts.query, safe=PATH_CHARACTERS + "?")
    return urlunsplit((parts.scheme, place, path, query, ""))
