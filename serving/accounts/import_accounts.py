"""Import of accounts from a CSV file.

Every row is created, unchanged or refused with a reason, and nothing is stored while one is refused.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, auto
from types import MappingProxyType

from sqlalchemy import Connection, Engine, RowMapping, select

from features.database.access_tables import account
from features.database.engine import writing
from features.database.tables import area, grid
from features.errors import UsageError
from serving.accounts.accounts import NAME, NewAccount, add_account
from serving.accounts.permissions import Role, Scope
from serving.settings import Department

MAX_ROWS = 5_000
AREAS_APART = re.compile("[;；、]")
"""Separator between several areas of one account."""
HEADERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "name": ("name", "账号", "登录名"),
        "role": ("role", "角色"),
        "area": ("area", "scope", "辖区", "辖区编码"),
        "department": ("department", "责任单位"),
        "unit": ("unit", "单位", "所在单位"),
    }
)
"""Columns of the file and what they may be called; name and role must be there."""
ROLES: Mapping[str, Role] = MappingProxyType(
    {role.value: role for role in Role if role is not Role.WALL}
    | {
        "分析员": Role.ANALYST,
        "指挥中心": Role.COMMAND,
        "镇街": Role.TOWNSHIP,
        "网格员": Role.GRID_WORKER,
        "责任单位": Role.DEPARTMENT,
        "审计员": Role.AUDITOR,
    }
)


class Outcome(StrEnum):
    """Outcome of a row."""

    CREATED = auto()
    UNCHANGED = auto()
    REFUSED = auto()


class Refusal(StrEnum):
    """Reason for which a row is refused."""

    NAME_WRONG = auto()
    NAME_TWICE = auto()
    EXISTS_OTHERWISE = auto()
    ROLE_UNKNOWN = auto()
    AREA_UNKNOWN = auto()
    AREA_AMBIGUOUS = auto()
    DEPARTMENT_UNKNOWN = auto()
    DEPARTMENT_MISFIT = auto()


@dataclass(frozen=True)
class ImportedRow:
    """One row of the file and what became of it."""

    number: int
    """Row of the file; the header is row 1."""
    fields: Mapping[str, str]
    """Values of the file, by the names of `HEADERS`."""
    outcome: Outcome
    refusal: Refusal | None = None
    account: NewAccount | None = None
    password: str = ""
    """One-time password of an account that was created; it is nowhere else."""


def import_accounts(
    engine: Engine, content: bytes, departments: Sequence[Department], decision: tuple[str, datetime], *, dry_run: bool
) -> tuple[ImportedRow, ...]:
    """Create the accounts of a file; `decision` is who decides, and when. A dry run, or a refused row, stores nothing.

    Raises:
        UsageError: the file is no table with the columns name and role, or is too long.
    """
    try:
        rows = list(_read(content))
    except csv.Error as error:
        raise UsageError(f"a file of accounts must be CSV, found: {error}. Look for a quotation mark that is left open.") from error
    codes = {known: each.code for each in departments for known in (each.code, each.name)}
    with writing(engine) as connection:
        checked = tuple(_check(connection, rows, codes))
        if dry_run or any(row.outcome is Outcome.REFUSED for row in checked):
            return checked
        return tuple(_store(connection, row, decision) for row in checked)


def _store(connection: Connection, row: ImportedRow, decision: tuple[str, datetime]) -> ImportedRow:
    if row.outcome is not Outcome.CREATED or row.account is None:
        return row
    return replace(row, password=add_account(connection, row.account, *decision)[1])


def _read(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield number and fields of every row that is not blank."""
    text = decode_table(content)
    header = text.split("\n", 1)[0]
    separator = max(",;\t", key=header.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    columns = _columns([cell.strip() for cell in next(table, [])])
    for number, cells in enumerate(table, start=2):
        if number > MAX_ROWS + 1:
            raise UsageError(f"a file must have at most {MAX_ROWS} accounts, found more. Split it.")
        if any(cell.strip() for cell in cells):
            yield number, {name: cells[place].strip() if place < len(cells) else "" for name, place in columns.items()}


def decode_table(content: bytes) -> str:
    """Return the text of a file in UTF-8 or GB18030, as Chinese spreadsheets write it."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise UsageError("a file of accounts must be CSV in UTF-8 or GB18030, found other bytes. Save it as CSV.") from error


def _columns(header: Sequence[str]) -> dict[str, int]:
    columns = {name: header.index(cell) for name, known in HEADERS.items() for cell in known if cell in header}
    if not {"name", "role"} <= columns.keys():
        raise UsageError(f"the first row must name the columns name (账号) and role (角色), found {', '.join(header)[:100]!r}. Add them.")
    return columns


def _check(connection: Connection, rows: Sequence[tuple[int, dict[str, str]]], departments: Mapping[str, str]) -> Iterator[ImportedRow]:
    """Yield each row with what it would lead to."""
    areas = _areas(connection)
    existing = {row["name"]: row for row in connection.execute(select(account)).mappings()}
    seen: set[str] = set()
    for number, fields in rows:
        wanted = _account_of(fields, areas, departments)
        before = existing.get(fields["name"])
        if fields["name"] in seen:
            yield _refused(number, fields, Refusal.NAME_TWICE)
        elif not isinstance(wanted, NewAccount):
            yield _refused(number, fields, wanted)
        elif before is None:
            yield ImportedRow(number, fields, Outcome.CREATED, account=wanted)
        elif _is_same(wanted, before):
            yield ImportedRow(number, fields, Outcome.UNCHANGED)
        else:
            yield _refused(number, fields, Refusal.EXISTS_OTHERWISE)
        seen.add(fields["name"])


def _is_same(wanted: NewAccount, before: RowMapping) -> bool:
    """Tell whether an account that exists has the role and the scope that the file wants."""
    grant = (before["role"], Scope(before["scope"], before["department"] or ""), tuple(before["more_scopes"] or ()))
    return (wanted.role, wanted.scope, wanted.more_scopes) == grant


def _refused(number: int, fields: Mapping[str, str], refusal: Refusal) -> ImportedRow:
    return ImportedRow(number, fields, Outcome.REFUSED, refusal)


def _account_of(fields: Mapping[str, str], areas: Mapping[str, Collection[str]], departments: Mapping[str, str]) -> NewAccount | Refusal:
    role, department = ROLES.get(fields["role"].casefold()), fields.get("department", "")
    named = [part.strip(" /") for part in AREAS_APART.split(fields.get("area", "")) if part.strip(" /")]
    found = [areas.get(part, ()) for part in named]
    checks = (
        (NAME.fullmatch(fields["name"]) is None, Refusal.NAME_WRONG),
        (role is None, Refusal.ROLE_UNKNOWN),
        (not all(found), Refusal.AREA_UNKNOWN),
        (any(len(paths) > 1 for paths in found), Refusal.AREA_AMBIGUOUS),
        (bool(department) and department not in departments, Refusal.DEPARTMENT_UNKNOWN),
        ((role is Role.DEPARTMENT) != bool(department) or bool(department and named), Refusal.DEPARTMENT_MISFIT),
    )
    refusal = next((reason for fails, reason in checks if fails), None)
    if refusal or role is None:
        return refusal or Refusal.ROLE_UNKNOWN
    first, *further = [next(iter(paths)) for paths in found] or [""]
    scope = Scope(first, departments.get(department, ""))
    return NewAccount(fields["name"], role, scope, unit=fields.get("unit", ""), more_scopes=tuple(further))


def _areas(connection: Connection) -> dict[str, set[str]]:
    """Return the paths of every area and grid, by the path itself, its last code, the name of an area, and the full name of a grid."""
    paths: dict[str, set[str]] = {}
    for row in connection.execute(select(grid.c.parent_path, grid.c.grid_id, grid.c.name)):
        codes = [*row.parent_path.split("/"), row.grid_id] if row.parent_path else [row.grid_id]
        for depth in range(1, len(codes) + 1):
            path = "/".join(codes[:depth])
            paths.setdefault(path, set()).add(path)
            paths.setdefault(codes[depth - 1], set()).add(path)
        paths.setdefault(row.name, set()).add("/".join(codes))
    for path, name in connection.execute(select(area.c.path, area.c.name)):
        paths.setdefault(name, set()).add(path)
    return paths


def count_outcomes(rows: Sequence[ImportedRow]) -> dict[str, int]:
    """Return how many rows there are of each outcome."""
    counts = Counter(row.outcome for row in rows)
    return {outcome.value: counts[outcome] for outcome in Outcome}


ONE_TIME_HEADER = ("账号 name", "角色 role", "辖区 area", "单位 unit", "一次性密码 one-time password")


def one_time_rows(rows: Sequence[ImportedRow]) -> list[tuple[str, ...]]:
    """Return the accounts that were created with their one-time passwords, for whoever hands them out."""
    return [(*(row.fields.get(column, "") for column in ("name", "role", "area", "unit")), row.password) for row in rows if row.password]
