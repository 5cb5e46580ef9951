"""`yujing keys`: what each key of the home is for, and how one is replaced."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from serving.cli.console import AsJson, message, show
from serving.cli.workspace import Workspace

COLUMNS = ("key", "purpose", "fingerprint", "since", "age days", "database knows it", "can be rotated")
Name = Annotated[str, typer.Argument(help="Key as `yujing keys list` names it.")]


def list_keys(work: Workspace, *, as_json: AsJson = False) -> None:
    """List the keys of the home: what each is for, its fingerprint and how old it is."""
    from serving.operations.keys import list_keys as read_keys

    now = datetime.now(UTC)
    rows = [
        (
            key.name,
            key.purpose,
            key.fingerprint or "MISSING",
            key.since.astimezone(work.settings.tz).date() if key.since else None,
            (now - key.since).days if key.since else None,
            "yes" if key.is_known else "no",
            "yes" if key.can_rotate else "no",
        )
        for key in read_keys(work.home, work.engine)
    ]
    show(COLUMNS, rows, as_json)


def rotate_key(work: Workspace, *, name: Name) -> None:
    """Put a new key in the place of one that is old or may have leaked."""
    from features.database.known_keys import home_fingerprints
    from serving.operations.keys import rotate

    purpose = rotate(work.home, work.engine, name, datetime.now(UTC))
    message(f"The key {name!r} is new; its fingerprint is {home_fingerprints(work.home)[name]}. {purpose.then}".rstrip())
