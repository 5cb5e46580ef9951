"""The statement of an account: its figures, the lists it rests on and a hash of its cells, signed, in one archive."""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from math import comb
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Engine

from features.database.known_keys import known_pair
from features.days import to_date
from features.errors import NotFoundError, NotReadyError
from features.facts.facts import Facts
from features.storage.atomic_files import atomic_write
from features.storage.home import Home
from features.storage.keys import HEADS, public_key, sign
from serving.situation_report.period import Period, period_code
from serving.verification.cells import Cell, Counted, Group, total

CELLS, STATEMENT, SIGNATURE, PUBLIC_KEY = "cells.csv", "statement.json", "signature.txt", "public_key.txt"
HEADER = ("first", "last", "group", "grid_days", "escalations")
ENDING = ".account.zip"


@dataclass(frozen=True)
class Figures:
    """Statements of an account; all of them follow from the cells."""

    named_per_day: float
    """Grids that a list named, on average over the days with one."""
    named_share: float
    """The same as a share of the rated grids."""
    came: float
    caught: float
    missed: float
    """On the list of neither priority nor elevated grids, though rated."""
    unrated: float
    no_list: float
    caught_by_rule: float
    caught_by_chance: float
    """Expected of a draw of as many grids."""
    p_value: float
    """Two-sided exact test that list and rule catch alike, over the escalations that only one of the two caught (McNemar)."""


@dataclass(frozen=True)
class Account:
    """An account that was made."""

    period: str
    target: str
    made_at: datetime
    days: int
    days_with_list: int
    figures: Figures
    cells: tuple[Cell, ...]
    sha256: str
    """Of the file of cells."""


def figures_of(cells: Sequence[Cell], days_with_list: int) -> Figures:
    """Compute the figures of an account."""
    named_days, caught = total(cells, Group.BOTH, Group.LIST_ONLY)
    rated_days, came_rated = total(cells, Group.BOTH, Group.LIST_ONLY, Group.RULE_ONLY, Group.NEITHER)
    only_list, only_rule = (round(total(cells, group)[1]) for group in (Group.LIST_ONLY, Group.RULE_ONLY))
    share = named_days / rated_days if rated_days else 0.0
    return Figures(
        named_per_day=round(named_days / days_with_list, 1) if days_with_list else 0.0,
        named_share=round(share, 4),
        came=round(total(cells, *Group)[1], 3),
        caught=round(caught, 3),
        missed=round(total(cells, Group.RULE_ONLY, Group.NEITHER)[1], 3),
        unrated=round(total(cells, Group.UNRATED)[1], 3),
        no_list=round(total(cells, Group.NO_LIST)[1], 3),
        caught_by_rule=round(total(cells, Group.BOTH, Group.RULE_ONLY)[1], 3),
        caught_by_chance=round(came_rated * share, 1),
        p_value=round(exact_test(only_list, only_rule), 4),
    )


def must_be_ripe(facts: Facts, period: Period, delay_allowance_days: int) -> None:
    """Refuse a period of which late reports may still come, or that the log does not cover.

    Raises:
        NotReadyError: it is one.
    """
    first, through = to_date(facts.first_day), to_date(facts.known_through_day)
    if not facts.first_day <= period.start or period.end + delay_allowance_days > facts.known_through_day + 1:
        raise NotReadyError(
            f"the log must cover the whole period and {delay_allowance_days} days after it, for late reports, and goes from {first} "
            f"through {through}. Choose another period, or ingest."
        )


def exact_test(first: int, second: int) -> float:
    """Return the two-sided exact p-value of `first` against `second` where each was as likely.

    >>> exact_test(6, 0), exact_test(3, 3), exact_test(0, 0)
    (0.03125, 1.0, 1.0)
    """
    trials = first + second
    tail = sum(comb(trials, successes) for successes in range(min(first, second) + 1))
    return min(1.0, float(2 * tail / 2**trials))


def keep_account(home: Home, engine: Engine, about: tuple[Period, str], counted: Counted, now: datetime) -> str:
    """Sign an account and keep it in the home; return its name.

    Raises:
        StoreError: the key of this home is lost.
    """
    period, target = about
    known_pair(home, engine, HEADS)
    cells = write_cells(counted.cells)
    statement = json.dumps(_statement(period, target, counted, cells, now), ensure_ascii=False, indent=2).encode()
    written = {
        CELLS: cells,
        STATEMENT: statement,
        SIGNATURE: sign(home, HEADS, statement).hex().encode(),
        PUBLIC_KEY: public_key(home, HEADS).hex().encode(),
    }
    archive = io.BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as file:
        for name, content in written.items():
            file.writestr(name, content)
    name = f"{period_code(period)}-{target}"
    atomic_write(home.folder(home.reports) / f"{name}{ENDING}", archive.getvalue())
    return name


def kept_accounts(home: Home) -> list[str]:
    """Return the names of the accounts that are kept, the latest period first."""
    return sorted((path.name.removesuffix(ENDING) for path in home.reports.glob(f"*{ENDING}")), reverse=True)


def read_archive(home: Home, name: str) -> bytes:
    """Return the archive of an account.

    Raises:
        NotFoundError: none of that name is kept.
    """
    if name not in kept_accounts(home):
        raise NotFoundError("No such account is kept. Run `yujing verification --month YYYY-MM`.")
    return _path(home, name).read_bytes()


def read_account(home: Home, name: str) -> Account:
    """Return an account.

    Raises:
        NotFoundError: none of that name is kept.
    """
    with ZipFile(io.BytesIO(read_archive(home, name))) as file:
        stored: dict[str, Any] = json.loads(file.read(STATEMENT))
        rows = list(csv.DictReader(io.StringIO(file.read(CELLS).decode())))
    cells = tuple(
        Cell(
            date.fromisoformat(row["first"]),
            date.fromisoformat(row["last"]),
            Group(row["group"]),
            int(row["grid_days"]),
            float(row["escalations"]),
        )
        for row in rows
    )
    about = {key: stored[key] for key in ("period", "target", "days", "days_with_list", "sha256")}
    return Account(**about, made_at=datetime.fromisoformat(stored["made_at"]), figures=Figures(**stored["figures"]), cells=cells)


def write_cells(cells: Sequence[Cell]) -> bytes:
    """Write the cells as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((cell.first, cell.last, cell.group.value, cell.grid_days, repr(cell.escalations)) for cell in cells)
    return text.getvalue().encode()


def _statement(period: Period, target: str, counted: Counted, cells: bytes, now: datetime) -> dict[str, Any]:
    return {
        "period": period_code(period),
        "target": target,
        "made_at": now.isoformat(),
        "days": period.days,
        "days_with_list": len(counted.lists),
        "figures": asdict(figures_of(counted.cells, len(counted.lists))),
        "sha256": hashlib.sha256(cells).hexdigest(),
        "lists": [{"as_of": entry.origin.as_of.isoformat(), "hash": entry.hash} for entry in counted.lists],
    }


def _path(home: Home, name: str) -> Path:
    return home.reports / f"{name}{ENDING}"
