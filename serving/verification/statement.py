"""The statement of an account: its figures, the lists it rests on and a hash of its cells, signed, in one archive, and on half a sheet."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
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
from serving.documents.paper import Language, Paper, Section, Speaker, Table
from serving.situation_report.period import Period, period_code, read_period
from serving.text import SERVICE_ONLY, Text
from serving.verification.cells import RULE_DAYS, Cell, Counted, Group, total

CELLS, STATEMENT, SIGNATURE, PUBLIC_KEY = "cells.csv", "statement.json", "signature.txt", "public_key.txt"
HEADER = ("first", "last", "group", "grid_days", "escalations")
ENDING = ".account.zip"

CLEAR_BELOW = 0.05
GROUPS = {
    Group.BOTH: Text(zh="清单和简单办法都点了名", en="named by the list and by the simple rule"),
    Group.LIST_ONLY: Text(zh="只有清单点了名", en="named by the list alone"),
    Group.RULE_ONLY: Text(zh="只有简单办法点了名", en="named by the simple rule alone"),
    Group.NEITHER: Text(zh="都没有点名", en="named by neither"),
    Group.UNRATED: Text(zh="缺数据、没有评定", en="not rated for lack of data"),
    Group.NO_LIST: Text(zh="当天没有清单", en="no list on that day"),
}


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


def account_paper(account: Account, language: Language = "zh") -> Paper:
    """Say an account: what lists said, what came, what was missed, and what the simplest rule would have caught."""
    say, period = Speaker(language), read_period(account.period)
    return Paper(
        title=say(f"{period.name}清单对账", f"Account of the lists of {period.name_en}"),
        lead=say(
            f"全区 · {account.days}天中有{account.days_with_list}天当天有清单 · 点名指重点关注和较高关注的网格",
            f"The whole district · {account.days_with_list} of {account.days} days had a list that day · "
            "named means of level priority or elevated",
        ),
        headline=tuple(_headline(account, say)),
        sections=[
            Section(say("明细", "In detail"), (), Table(_header(say), _rows(account, say))),
            Section(say("怎样核对", "To check it"), tuple(_check(account, say))),
        ],
        standing=(
            say(
                f"{SERVICE_ONLY.zh}。走访和化解会使升级减少，点了名而没有升级，不等于提示有误。",
                f"{SERVICE_ONLY.en}. Visits and mediation make escalations fewer: a named grid without one was not named in error.",
            ),
        ),
        language=language,
        one_page=True,
    )


def _headline(account: Account, say: Speaker) -> Iterator[str]:
    figures = account.figures
    if not account.days_with_list:
        yield say(
            "这个时期没有一天有当天发布的清单，不能对账。",
            "No day of this period had a list published that day: there is nothing to account for.",
        )
        return
    yield say(
        f"清单每天平均点名{figures.named_per_day:g}个网格，占有评定网格的{figures.named_share:.0%}。",
        f"A list named {figures.named_per_day:g} grids a day on average, {figures.named_share:.0%} of the rated ones.",
    )
    share = f"{figures.caught / figures.came:.0%}" if figures.came else ""
    yield say(
        f"发生升级{figures.came:g}件：当天已在清单上的{figures.caught:g}件{share and f'（{share}）'}，漏掉{figures.missed:g}件。",
        f"Escalations that came: {figures.came:g}. On the list of that day: {figures.caught:g}{share and f' ({share})'}; "
        f"missed: {figures.missed:g}.",
    )
    if figures.unrated or figures.no_list:
        yield say(
            f"另有{figures.unrated:g}件所在网格缺数据、没有评定，{figures.no_list:g}件当天没有清单。",
            f"Besides: {figures.unrated:g} in grids not rated for lack of data, {figures.no_list:g} on days without a list.",
        )
    yield _beside_the_rule(account, say)


def _beside_the_rule(account: Account, say: Speaker) -> str:
    figures = account.figures
    gap, by_rule, by_chance = figures.caught - figures.caught_by_rule, figures.caught_by_rule, figures.caught_by_chance
    compared = f"{_compare(gap, say)}{_doubt(gap, figures.p_value, say)}"
    return say(
        f"点名近{RULE_DAYS}天上报最多的同样多网格（简单办法），能碰上{by_rule:g}件：{compared}。随意点名约能碰上{by_chance:g}件。",
        f"Naming as many grids by most reports within {RULE_DAYS} days (the simple rule) would have caught {by_rule:g}: {compared}. "
        f"Naming at random catches about {by_chance:g}.",
    )


def _compare(gap: float, say: Speaker) -> str:
    amount = f"{abs(round(gap, 3)):g}"
    if gap > 0:
        return say(f"清单多{amount}件", f"the list caught {amount} more")
    return say(f"清单少{amount}件", f"the list caught {amount} fewer") if gap else say("一样多", "as many")


def _doubt(gap: float, p_value: float, say: Speaker) -> str:
    if p_value < CLEAR_BELOW:
        return say("，差别明显", ", a clear difference")
    return say("，差别不明显", ", no clear difference") if gap else ""


def _header(say: Speaker) -> tuple[str, ...]:
    columns = (("当天的情况", "That day"), ("网格·天", "Grids x days"), ("发生升级（件）", "Escalations"))
    return tuple(say(*column) for column in columns)


def _rows(account: Account, say: Speaker) -> list[tuple[str, ...]]:
    sums = ((say.of(words), *total(account.cells, group)) for group, words in GROUPS.items())
    return [(words, f"{days:,}", f"{came:.6g}") for words, days, came in sums if days]


def _check(account: Account, say: Speaker) -> Iterator[str]:
    yield say(
        "导出的压缩包含明细、本表数字、签名和公钥；用文档中的脚本（只用Python自带的功能）可重新计算每一个数字。",
        "The archive holds the details, these figures, a signature and the public key; "
        "the script in the documentation, plain Python, computes every figure again.",
    )
    yield say(f"明细文件SHA-256：{account.sha256}", f"SHA-256 of the file of details: {account.sha256}")
