"""An account on half a sheet of paper, in either language."""

from collections.abc import Iterator

from serving.documents.paper import Language, Paper, Section, Speaker, Table
from serving.situation_report.period import read_period
from serving.text import SERVICE_ONLY, Text
from serving.verification.cells import RULE_DAYS, Group, total
from serving.verification.statement import Account

CLEAR_BELOW = 0.05
GROUPS = {
    Group.BOTH: Text(zh="清单和简单办法都点了名", en="named by the list and by the simple rule"),
    Group.LIST_ONLY: Text(zh="只有清单点了名", en="named by the list alone"),
    Group.RULE_ONLY: Text(zh="只有简单办法点了名", en="named by the simple rule alone"),
    Group.NEITHER: Text(zh="都没有点名", en="named by neither"),
    Group.UNRATED: Text(zh="缺数据、没有评定", en="not rated for lack of data"),
    Group.NO_LIST: Text(zh="当天没有清单", en="no list on that day"),
}


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
