"""The name under which a program runs, as records of who did something say it."""

import getpass


def login_name() -> str:
    """Return the login name; empty where the system has none, as in a container that runs under a bare number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
