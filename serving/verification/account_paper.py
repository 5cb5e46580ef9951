"""An account on half a sheet of paper."""

from collections.abc import Iterator

from serving.documents.paper import Paper, Section, Table
from serving.situation_report.period import read_period
from serving.text import SERVICE_ONLY
from serving.verification.cells import RULE_DAYS, Group, total
from serving.verification.statement import Account

CLEAR_BELOW = 0.05
GROUP_ZH = {
    Group.BOTH: "清单和简单办法都点了名",
    Group.LIST_ONLY: "只有清单点了名",
    Group.RULE_ONLY: "只有简单办法点了名",
    Group.NEITHER: "都没有点名",
    Group.UNRATED: "缺数据、没有评定",
    Group.NO_LIST: "当天没有清单",
}


def account_paper(account: Account) -> Paper:
    """Say an account: what lists said, what came, what was missed, and what the simplest rule would have caught."""
    period = read_period(account.period)
    return Paper(
        title=f"{period.name}清单对账",
        lead=f"全区 · {account.days}天中有{account.days_with_list}天当天有清单 · 点名指重点关注和较高关注的网格",
        headline=tuple(_headline(account)),
        sections=[
            Section("明细", (), Table(("当天的情况", "网格·天", "发生升级（件）"), _rows(account))),
            Section("怎样核对", tuple(_check(account))),
        ],
        standing=(f"{SERVICE_ONLY.zh}。走访和化解会使升级减少，点了名而没有升级，不等于提示有误。",),
        one_page=True,
    )


def _headline(account: Account) -> Iterator[str]:
    figures = account.figures
    if not account.days_with_list:
        yield "这个时期没有一天有当天发布的清单，不能对账。"
        return
    yield f"清单每天平均点名{figures.named_per_day:g}个网格，占有评定网格的{figures.named_share:.0%}。"
    share = f"（{figures.caught / figures.came:.0%}）" if figures.came else ""
    yield f"发生升级{figures.came:g}件：当天已在清单上的{figures.caught:g}件{share}，漏掉{figures.missed:g}件。"
    if figures.unrated or figures.no_list:
        yield f"另有{figures.unrated:g}件所在网格缺数据、没有评定，{figures.no_list:g}件当天没有清单。"
    yield _beside_the_rule(account)


def _beside_the_rule(account: Account) -> str:
    figures = account.figures
    gap = figures.caught - figures.caught_by_rule
    compared = "一样多" if not gap else f"清单{'多' if gap > 0 else '少'}{abs(round(gap, 3)):g}件"
    clear = "，差别明显" if figures.p_value < CLEAR_BELOW else "，差别不明显" if gap else ""
    return (
        f"点名近{RULE_DAYS}天上报最多的同样多网格（简单办法），能碰上{figures.caught_by_rule:g}件：{compared}{clear}。"
        f"随意点名约能碰上{figures.caught_by_chance:g}件。"
    )


def _rows(account: Account) -> list[tuple[str, ...]]:
    sums = ((words, *total(account.cells, group)) for group, words in GROUP_ZH.items())
    return [(words, f"{days:,}", f"{came:.6g}") for words, days, came in sums if days]


def _check(account: Account) -> Iterator[str]:
    yield "导出的压缩包含明细、本表数字、签名和公钥；用文档中的脚本（只用Python自带的功能）可重新计算每一个数字。"
    yield f"明细文件SHA-256：{account.sha256}"
