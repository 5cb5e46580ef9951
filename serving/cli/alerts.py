"""`yujing alerts` and `yujing webhooks`: what is open, what one alert says, a transition, and how many a day a rule makes."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import AsJson, TargetName, message, print_table, show
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.accounts.permissions import Actor

AlertId = Annotated[str, typer.Argument(metavar="ALERT", help="Name of an alert.")]
All = Annotated[bool, typer.Option("--all", help="Also those that have ended.")]
ActionName = Annotated[str, typer.Argument(metavar="STEP", help="acknowledge, start, close, not_needed, hand_over, supervise, ...")]
HandedTo = Annotated[str | None, typer.Option("--to", help="Path of the area or grid, for hand_over.")]
HandedToDepartment = Annotated[str | None, typer.Option("--department", help="Code of the department instead, for hand_over.")]
Reason = Annotated[str, typer.Option("--reason", help="A code of the list of that step.")]


Places = Annotated[str, typer.Option("--places", help="Paths of grids or areas, separated by ;. Everything without one.")]
Attention = Annotated[
    float | None, typer.Option("--attention", min=0.25, max=4, help="Factor on the share of grids alerted there, to be tried.")
]


def list_alerts(work: Workspace, *, with_ended: All = False, as_json: AsJson = False) -> None:
    """List alerts, the newest window first."""
    from serving.alerts.lifecycle import OPEN
    from serving.alerts.queries import Wanted
    from serving.alerts.queries import list_alerts as find

    found = find(work.engine, operator(), Wanted(None if with_ended else OPEN), limit=500)
    rows = [(each.alert_id, each.starts, each.ends, each.state, each.level, each.owner, each.text.title.zh) for each in found]
    show(("alert", "from", "until", "state", "level", "with", "title"), rows, as_json)


def show_alert(work: Workspace, *, alert_id: AlertId) -> None:
    """Show the words of one alert and what was done with it."""
    from serving.alerts.queries import find_alert, history
    from serving.alerts.schemas import NOT_DUE

    found = find_alert(work.engine, operator(), alert_id)
    text = found.text
    lines = [text.title, text.window, text.place, text.usual, *(reason.words for reason in text.reasons), *text.background, *text.changes]
    lines += [*(item.words for item in text.suggestions), text.frequency, *text.notes, text.confidence, text.standing]
    print_table(("", ""), [(each.zh, each.en) for each in lines if each])
    followed = (found.sequel.words.zh, found.sequel.words.en) if found.sequel else (NOT_DUE.zh, NOT_DUE.en)
    print_table(("followed by", ""), [followed])
    steps = history(work.engine, operator(), alert_id)
    print_table(
        ("version", "step", "state", "reason", "at"), [(each.version, each.action, each.state, each.reason, each.at) for each in steps]
    )


def transition_alert(
    work: Workspace,
    *,
    alert_id: AlertId,
    action: ActionName,
    reason: Reason,
    to: HandedTo = None,
    department: HandedToDepartment = None,
) -> None:
    """Change the state of an alert, as the operator."""
    from features.errors import UsageError
    from serving.alerts.lifecycle import Action
    from serving.alerts.queries import find_alert
    from serving.alerts.transitions import TransitionRequest, take_step

    if action not in set(Action):
        raise UsageError(f"a step must be one of {', '.join(Action)}, got {action!r}.")
    version = find_alert(work.engine, operator(), alert_id).version
    wanted = TransitionRequest(Action(action), reason, version, uuid.uuid4().hex, to, department)
    after = take_step(work.engine, operator(), alert_id, wanted, datetime.now(work.settings.tz), work.settings.alerts.departments)
    message(f"Alert {after.alert_id} is {after.state} now.")


def retry_webhooks(work: Workspace) -> None:
    """Send again what receivers did not take; the service does it within minutes."""
    from serving.alerts.webhooks import dead_letters, resend

    for receiver in sorted({receiver for receiver, *_ in dead_letters(work.engine)}):
        count = resend(work.engine, receiver, operator().account_id, datetime.now(work.settings.tz))
        message(f"{count} messages to {receiver} will be sent again.")


def forecast_alerts(work: Workspace, *, target: TargetName = None, places: Places = "", attention: Attention = None) -> None:
    """Say how many alerts a day the rule of the settings would have raised on the last lists.

    With --attention it also says what a period or project of these places would have made of them, before it is saved.
    """
    from features.targets import DEFAULT_TARGET
    from serving.accounts.permissions import Scope
    from serving.alerts.capacity import expected_alerts_per_day

    about = work.engine, work.settings.alerts, target or DEFAULT_TARGET
    counted = expected_alerts_per_day(*about)
    tried = tuple((Scope(path.strip()), attention) for path in places.split(";")) if attention is not None else ()
    changed = expected_alerts_per_day(*about, tried=tried) if tried else counted
    rows = [(day, count, changed[day]) for day, count in counted.items()]
    print_table(("day", "alerts", "tried")[: 3 if tried else 2], [row[: 3 if tried else 2] for row in rows])
    if counted:
        message(f"On average {sum(counted.values()) / len(counted):.1f} a day over {len(counted)} lists.")
        if tried:
            message(f"With the attention that was tried: {sum(changed.values()) / len(changed):.1f} a day.")


def operator() -> "Actor":
    """Return who works at the machine itself: everything, everywhere."""
    from serving.accounts.permissions import EVERYTHING, Actor, Role
    from serving.audit import OPERATOR

    return Actor(OPERATOR, OPERATOR, Role.COMMAND, EVERYTHING)
