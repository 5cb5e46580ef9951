"""`yujing serve`: the API and the pages."""

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.output import message
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.lists.on_demand import OnDemand
    from serving.what_if import WhatIf

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; the settings' by default.")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on; the settings' by default.")]


def _time(text: str) -> time:
    return time.fromisoformat(text)


Daily = Annotated[
    time | None, typer.Option("--daily", parser=_time, metavar="TIME", help="Rank every day from this local time on, such as 06:00.")
]


def serve(work: Workspace, *, host: Host = None, port: Port = None, daily: Daily = None) -> None:
    """Serve the published lists until stopped."""
    from features.settings import validate
    from serving.api.server import serve as run
    from serving.background import in_background
    from serving.cli.chores import EVERY_SECONDS, chores
    from serving.settings import ServingSettings

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    serving = validate(ServingSettings, {**work.settings.serving.model_dump(), **given}, "serve")
    _welcome(work)
    _warn_of_neglect(work)
    message(f"Serving http://{serving.host}:{serving.port}, documented at /docs; stop with Ctrl-C.")
    with in_background(chores(work, daily), EVERY_SECONDS):
        settings = work.settings.model_copy(update={"serving": serving})
        run(work.home, settings, lambda: _open_explainer(work), lambda: _open_scorer(work))


def _open_explainer(work: Workspace) -> "OnDemand":
    """Load what explains grids on demand, which brings the model with it."""
    from serving.lists.on_demand import OnDemand

    return OnDemand(work.home, work.engine, work.settings)


def _open_scorer(work: Workspace) -> "WhatIf":
    """Load what scores case files that are not stored."""
    from serving.what_if import WhatIf

    return WhatIf(work.home, work.engine, work.settings)


def _warn_of_neglect(work: Workspace) -> None:
    """Say at the start when lot alone leads to some grids too seldom."""
    from serving.alerts.neglect import LIMIT_WEEKS, read_neglect, say_neglect

    weeks = read_neglect(work.engine, work.settings.alerts)
    if weeks is not None and weeks > LIMIT_WEEKS:
        message(f"{say_neglect(weeks).zh} / {say_neglect(weeks).en}.")


def _welcome(work: Workspace) -> None:
    """Let the first person in: make an administrator where there is no account, and print its one-time password."""
    from serving.access.accounts import first_account

    if password := first_account(work.engine, datetime.now(UTC)):
        message(f"No account yet. Sign in once as admin with {password} and choose a password; it is not shown again.")
