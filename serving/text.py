"""Sentences that appear on every list, and how values and days stand in them."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

SMALLEST_SHOWN_COUNT = 3
"""Counts below this are shown as "few": one or two cases can point at one home."""
COUNT_UNITS = frozenset({"cases", "cases per grid", "escalations"})
"""Units of features that count cases, and so are masked."""
LEAST_RISK, MOST_RISK = 0.005, 0.985
"""Chances at or below the one, or above the other, are said as no whole number of a hundred."""


class Text(BaseModel):
    """The same sentence in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: str = Field(description="Chinese, the language of the pages", examples=["近28天新增矛盾纠纷5件"])
    en: str = Field(description="English", examples=["5 new disputes in 28 days"])


SERVICE_ONLY = Text(
    zh="用于服务排期，不得用于考核排名",
    en="For planning services; not for appraising or ranking staff or places",
)
DISCLAIMER = Text(
    zh="本提示由历史汇总数据按网格统计得出，只用于提前做好服务和化解，不针对任何个人或单位；不是执法依据，不作为限制群众正常信访、出行的依据，"
    "不作为网格员考核扣分依据；不属于《中华人民共和国突发事件应对法》规定的预警发布。",
    en="This notice is computed from past totals per grid, only so that service and mediation come early. "
    "It is about no person or organisation; "
    "it is no ground for law enforcement, for limiting lawful petitions or travel, or for marking down staff; "
    "it is not a warning under the Emergency Response Law of the PRC.",
)
ASSOCIATION_ONLY = Text(
    zh="排序反映记录中的关联，不说明原因，也不说明任何人有过错",
    en="The order reflects associations in the records; it explains no cause and says nothing of anyone's fault",
)
NOTICES = (SERVICE_ONLY, DISCLAIMER, ASSOCIATION_ONLY)
"""Printed with every list, page and export."""

AttentionLevel = Literal["priority", "elevated", "watch", "routine"]
ATTENTION = {
    "priority": Text(zh="重点关注", en="priority"),
    "elevated": Text(zh="较高关注", en="elevated"),
    "watch": Text(zh="一般关注", en="watch"),
    "routine": Text(zh="常规", en="routine"),
}

Withheld = Literal["no_data", "silent", "stale_source", "few_households"]
WITHHELD = {
    "no_data": Text(zh="数据不足，不作评定：本网格尚无任何记录", en="not enough data, not rated: this grid has no record yet"),
    "silent": Text(
        zh="数据不足，不作评定：按同期全区上报情况本应有记录，本网格却无任何上报",
        en="not enough data, not rated: this grid reported nothing while the others' reports say it should have",
    ),
    "stale_source": Text(zh="数据不足，不作评定：数据来源未按时更新", en="not enough data, not rated: its source is late"),
    "few_households": Text(
        zh="户数过少，不作评定：等级可能指向个别住户", en="too few households, not rated: a level could point at single homes"
    ),
}

Confidence = Literal["high", "low", "unknown"]
CONFIDENCE = {
    "high": Text(zh="上报与本网格往常相近", en="reports come in as is usual for this grid"),
    "low": Text(zh="近期上报少于本网格往常，请先核实数据", en="fewer reports than usual for this grid lately; check the data first"),
    "unknown": Text(zh="上报量小，无法判断上报是否完整", en="too few reports to tell whether they are complete"),
}


Width = Literal["narrow", "wide"]
WIDTH = {
    "narrow": Text(zh="预计较稳", en="The expected count is steady"),
    "wide": Text(zh="预计起伏较大，请结合实地情况判断", en="The expected count is uncertain; judge by what is seen on site"),
}
"""Agreement of the refits of a model, for readers without statistics."""


def fill(template: str, value: float, unit: str) -> str:
    """Put a value into a phrase whose `{n}` stands for it; a count of one or two is masked together with its measure word.

    >>> fill("近28天新增矛盾纠纷{n}件", 5, "cases")
    '近28天新增矛盾纠纷5件'
    >>> fill("近28天新增矛盾纠纷{n}件", 2, "cases")
    '近28天新增矛盾纠纷少量（不足3件）'
    >>> fill("近28天新增矛盾纠纷{n}件", 0, "cases")
    '近28天新增矛盾纠纷无'
    >>> fill("{n} new disputes in 28 days", 1, "cases")
    'few (under 3) new disputes in 28 days'
    >>> fill("近4周发生量约为前12周平均的{n}倍", 1.84, "ratio")
    '近4周发生量约为前12周平均的1.8倍'
    """
    if unit in COUNT_UNITS:
        return _fill_count(template, value)
    return template.replace("{n}", f"{value:.0%}" if unit == "share" else _number(value))


def _fill_count(template: str, value: float) -> str:
    shown = round(value)
    if shown >= SMALLEST_SHOWN_COUNT:
        return template.replace("{n}", str(shown))
    if found := re.search(r"\{n\}([\u4e00-\u9fff])", template):
        return template.replace(found[0], f"少量（不足3{found[1]}）" if value > 0 else "无")
    return template.replace("{n}", "few (under 3)" if value > 0 else "no")


def frequency(risk: float, average: float) -> Text:
    """Say a risk as a natural frequency beside the average of the list.

    >>> frequency(0.124, 0.03).zh
    '每100个同类网格中约12个随后出现升级（全区平均约3个）'
    """
    often, usually = per_hundred(risk), per_hundred(average)
    return Text(
        zh=f"每100个同类网格中{often.zh}随后出现升级（全区平均{usually.zh}）",
        en=f"of 100 such grids {often.en} see an escalation (on average {usually.en})",
    )


def per_hundred(risk: float) -> Text:
    """Say how many of a hundred; neither end is certain.

    >>> [per_hundred(risk).zh for risk in (0.001, 0.124, 1.0)]
    ['不到1个', '约12个', '98个以上']
    """
    if risk <= LEAST_RISK:
        return Text(zh="不到1个", en="fewer than 1")
    if risk > MOST_RISK:
        return Text(zh="98个以上", en="more than 98")
    return Text(zh=f"约{100 * risk:.0f}个", en=f"about {100 * risk:.0f}")


def per_hundred_range(low: float, high: float) -> Text:
    """Say between which two a count of a hundred lies.

    >>> [per_hundred_range(*ends).zh for ends in ((0.07, 0.181), (0.001, 0.01), (0.5, 0.99), (0.111, 0.114))]
    ['范围7–18个', '范围0–1个', '范围50–99个', '范围很窄']
    """
    first, last = round(100 * low), round(100 * high)
    if first == last:
        return Text(zh="范围很窄", en="in a narrow range")
    return Text(zh=f"范围{first}–{last}个", en=f"range {first} to {last}")


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.1f}"


WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
"""A day as ISO 8601 writes it, and in no other way that could be taken for one, such as a number of seconds."""


def iso(value: object) -> object:
    """Return a value that is a day or the text of one.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, date) and not (isinstance(value, str) and WRITTEN.fullmatch(value)):
        raise ValueError("a date must be written YYYY-MM-DD")
    return value


IsoDay = Annotated[date, BeforeValidator(iso)]
