"""`yujing accounts`: who may sign in, for those who hold the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from features.errors import UsageError
from serving.accounts.permissions import Role
from serving.cli.console import AsJson, message, show
from serving.cli.workspace import Workspace

Name = Annotated[str, typer.Argument(metavar="NAME", help="Login name.")]
AnyName = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Login name; all accounts without one.")]
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

UnitOption = Annotated[str, typer.Option("--unit", help="Unit that its holder works for; it gives no right.")]
AccountFile = Annotated[Path, typer.Argument(metavar="FILE", help="CSV with the columns name, role, area, department and unit.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would become of each row; store nothing.")]
PasswordFile = Annotated[Path | None, typer.Option("--passwords", help="New file for the one-time passwords; printed by default.")]

COLUMNS = ("name", "id", "role", "scope", "administers", "created", "disabled", "unit", "signed_in")


@dataclass(frozen=True)
class Belonging:
    """Scope of an account, and whom its holder works for."""

    scope: ScopeOption = ""
    department: DepartmentOption = ""
    unit: UnitOption = ""


def add_account(work: Workspace, *, name: Name, role: RoleOption, belonging: Belonging, administers: Administers = False) -> None:
    """Make an account and print its one-time password."""
    from serving.accounts.accounts import NewAccount, create_account
    from serving.accounts.permissions import Scope
    from serving.audit import OPERATOR

    new = NewAccount(name, role, Scope(belonging.scope, belonging.department), administers, belonging.unit)
    _, password = create_account(work.engine, new, OPERATOR, datetime.now(UTC))
    _show(password)


def import_accounts(work: Workspace, *, file: AccountFile, dry_run: DryRun = False, passwords: PasswordFile = None) -> None:
    """Make the accounts of a CSV file, all or none, and hand out their one-time passwords."""
    from serving.accounts.import_accounts import ONE_TIME_HEADER, Outcome, count_outcomes, one_time_rows
    from serving.accounts.import_accounts import import_accounts as take_in
    from serving.audit import OPERATOR
    from serving.exports import table_to_csv

    decision = (OPERATOR, datetime.now(UTC))
    with _new_file(None if dry_run else passwords) as handed_out:
        rows = take_in(work.engine, file.read_bytes(), work.settings.alerts.departments, decision, dry_run=dry_run)
        content = table_to_csv(ONE_TIME_HEADER, one_time_rows(rows))
        if handed_out and any(row.password for row in rows):
            handed_out.write(content)
    show(("row", "name", "outcome", "reason"), [(row.number, row.fields["name"], row.outcome, row.refusal) for row in rows], as_json=False)
    counts = count_outcomes(rows)
    if counts[Outcome.REFUSED]:
        raise UsageError(f"every row must fit, found {counts[Outcome.REFUSED]} refused. Nothing was stored; mend them and import again.")
    message(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + (" (dry run: nothing was stored)" if dry_run else ""))
    if not dry_run and counts[Outcome.CREATED]:
        if not passwords:
            typer.echo(content.decode("utf-8-sig"), nl=False)
        message("One-time passwords: each must be changed at first login, and none is shown again.")


@contextmanager
def _new_file(path: Path | None) -> Iterator[BinaryIO | None]:
    """Open a new file before anything is stored that it must hold; one that nothing was written to does not stay."""
    if path is None:
        yield None
        return
    with path.open("xb") as file:
        try:
            yield file
        finally:
            if not file.tell():
                path.unlink()


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
            each.unit or None,
            _day(each.signed_in_at),
        )
        for each in accounts(work.engine)
        for actor in [each.actor]
    ]
    show(COLUMNS, rows, as_json)


def disable_account(work: Workspace, *, name: Name) -> None:
    """Let an account in no more; its sessions and tokens end."""
    from serving.accounts.accounts import disable_account as disable
    from serving.accounts.accounts import find_account
    from serving.audit import OPERATOR

    disable(work.engine, find_account(work.engine, name).actor.account_id, OPERATOR, datetime.now(UTC))
    message(f"{name} is disabled.")


def enable_account(work: Workspace, *, name: Name) -> None:
    """Let a disabled account in again, with the password it had."""
    from serving.accounts.accounts import enable_account as enable
    from serving.accounts.accounts import find_account
    from serving.audit import OPERATOR

    enable(work.engine, find_account(work.engine, name).actor.account_id, OPERATOR, datetime.now(UTC))
    message(f"{name} is enabled. For a new password: yujing accounts reset {name}")


def change_account(work: Workspace, *, name: Name, role: NewRole = None, scope: NewScope = None, department: NewDepartment = None) -> None:
    """Change the role, area or department of an account; what is not given stays."""
    from serving.accounts.accounts import change_account as change
    from serving.accounts.accounts import find_account, grant_of
    from serving.audit import OPERATOR

    actor = find_account(work.engine, name).actor
    change(work.engine, actor.account_id, grant_of(actor, role, scope, department), OPERATOR, datetime.now(UTC))
    message(f"{name} is changed, its open sessions and tokens too.")


def reset_account(work: Workspace, *, name: Name) -> None:
    """Print a new one-time password; sessions and tokens end."""
    from serving.accounts.accounts import find_account, reset_password
    from serving.audit import OPERATOR

    _show(reset_password(work.engine, find_account(work.engine, name).actor.account_id, OPERATOR, datetime.now(UTC)))


def unlock_account(work: Workspace, *, name: AnyName = None) -> None:
    """Forget the failed logins of an account, or of all, so that it may sign in at once."""
    from serving.accounts.accounts import find_account
    from serving.accounts.passwords import clear_attempts
    from serving.audit import OPERATOR

    holder = find_account(work.engine, name).actor if name else None
    message(f"{clear_attempts(work.engine, holder, OPERATOR, datetime.now(UTC))} failed logins are forgotten.")


def issue_token(work: Workspace, *, name: Name, label: Label, days: Days = 30) -> None:
    """Print a new token for a program."""
    from serving.accounts.accounts import find_account
    from serving.accounts.sessions import issue_token as issue
    from serving.audit import OPERATOR

    now = datetime.now(UTC)
    account_id = find_account(work.engine, name).actor.account_id
    typer.echo(issue(work.engine, account_id, label, now + timedelta(days=days), now, OPERATOR))
    message(f"Good for {days} days; send it as Authorization: Bearer. It is not shown again.")


def _show(password: str) -> None:
    typer.echo(password)
    message("A one-time password: it must be changed at first login, and is not shown again.")


def _day(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%d}" if moment else None
