"""`yujing accounts`: who may sign in, for those who hold the machine."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from serving.accounts.permissions import Role
from serving.cli.console import AsJson, message, show
from serving.cli.workspace import Workspace

Name = Annotated[str, typer.Argument(metavar="NAME", help="Login name.")]
RoleOption = Annotated[Role, typer.Option("--role", help="What the account is for.")]
ScopeOption = Annotated[
    str, typer.Option("--scope", help="Path of the area or grid it sees, such as 990101/990101002; the whole by default.")
]
DepartmentOption = Annotated[
    str, typer.Option("--department", help="Code of the department it belongs to, for the role department; it sees no area.")
]
NewRole = Annotated[Role | None, typer.Option("--role", help="What the account is for from now on.")]
NewScope = Annotated[str | None, typer.Option("--scope", help='Path of the area or grid it sees from now on; "" is the whole.')]
NewDepartment = Annotated[str | None, typer.Option("--department", help="Code of the department it belongs to from now on.")]
Administers = Annotated[bool, typer.Option("--administers", help="Let it manage accounts.")]
Label = Annotated[str, typer.Option("--label", help="What the token is for.")]
Days = Annotated[int, typer.Option("--days", min=1, max=90, help="Days until the token ends.")]

COLUMNS = ("name", "id", "role", "scope", "administers", "created", "disabled")


def add_account(
    work: Workspace,
    *,
    name: Name,
    role: RoleOption,
    scope: ScopeOption = "",
    department: DepartmentOption = "",
    administers: Administers = False,
) -> None:
    """Make an account and print its one-time password."""
    from serving.accounts.accounts import NewAccount, create_account
    from serving.accounts.permissions import Scope
    from serving.audit.audit_log import OPERATOR

    _, password = create_account(work.engine, NewAccount(name, role, Scope(scope, department), administers), OPERATOR, datetime.now(UTC))
    _show(password)


def list_accounts(work: Workspace, *, as_json: AsJson = False) -> None:
    """Print all accounts."""
    from serving.accounts.accounts import accounts

    rows = [
        (
            actor.name,
            actor.account_id,
            actor.role,
            actor.scope.department or actor.scope.path or "all",
            actor.administers,
            _day(each.created_at),
            _day(each.disabled_at),
        )
        for each in accounts(work.engine)
        for actor in [each.actor]
    ]
    show(COLUMNS, rows, as_json)


def disable_account(work: Workspace, *, name: Name) -> None:
    """Let an account in no more; its sessions and tokens end."""
    from serving.accounts.accounts import disable_account as disable
    from serving.accounts.accounts import find_account
    from serving.audit.audit_log import OPERATOR

    disable(work.engine, find_account(work.engine, name).actor.account_id, OPERATOR, datetime.now(UTC))
    message(f"{name} is disabled.")


def enable_account(work: Workspace, *, name: Name) -> None:
    """Let a disabled account in again, with the password it had."""
    from serving.accounts.accounts import find_account
    from serving.accounts.changes import enable_account as enable
    from serving.audit.audit_log import OPERATOR

    enable(work.engine, find_account(work.engine, name).actor.account_id, OPERATOR, datetime.now(UTC))
    message(f"{name} is enabled. For a new password: yujing accounts reset {name}")


def change_account(work: Workspace, *, name: Name, role: NewRole = None, scope: NewScope = None, department: NewDepartment = None) -> None:
    """Change the role, area or department of an account; what is not given stays."""
    from serving.accounts.accounts import find_account
    from serving.accounts.changes import change_account as change
    from serving.accounts.changes import grant_of
    from serving.audit.audit_log import OPERATOR

    actor = find_account(work.engine, name).actor
    change(work.engine, actor.account_id, grant_of(actor, role, scope, department), OPERATOR, datetime.now(UTC))
    message(f"{name} is changed, its open sessions and tokens too.")


def reset_account(work: Workspace, *, name: Name) -> None:
    """Print a new one-time password; sessions and tokens end."""
    from serving.accounts.accounts import find_account, reset_password
    from serving.audit.audit_log import OPERATOR

    _show(reset_password(work.engine, find_account(work.engine, name).actor.account_id, OPERATOR, datetime.now(UTC)))


def issue_token(work: Workspace, *, name: Name, label: Label, days: Days = 30) -> None:
    """Print a new token for a program."""
    from serving.accounts.accounts import find_account
    from serving.accounts.tokens import issue_token as issue
    from serving.audit.audit_log import OPERATOR

    now = datetime.now(UTC)
    account_id = find_account(work.engine, name).actor.account_id
    typer.echo(issue(work.engine, account_id, label, now + timedelta(days=days), now, OPERATOR))
    message(f"Good for {days} days; send it as Authorization: Bearer. It is not shown again.")


def _show(password: str) -> None:
    typer.echo(password)
    message("A one-time password: it must be changed at first login, and is not shown again.")


def _day(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d}" if moment else None
