"""`yujing publishing`: the off switch, for those who hold the machine."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from serving.cli.output import message
from serving.cli.workspace import Workspace
from serving.pause_reasons import PauseReason

Reason = Annotated[PauseReason, typer.Option("--reason", help="Why lists are neither shown nor made.")]


def pause_publishing(work: Workspace, *, reason: Reason) -> None:
    """Stop showing and making lists; open alerts stay workable."""
    from serving.audit import OPERATOR
    from serving.pausing import pause

    pause(work.engine, OPERATOR, reason, datetime.now(UTC))
    message("Publishing is paused; the service follows within seconds.")


def resume_publishing(work: Workspace) -> None:
    """Show and make lists again."""
    from serving.audit import OPERATOR
    from serving.pausing import resume

    resume(work.engine, OPERATOR, datetime.now(UTC))
    message("Publishing goes on.")
