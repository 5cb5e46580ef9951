"""The sections of a report, in words."""

from collections import Counter
from collections.abc import Mapping, Sequence

from features.display_names import CATEGORY_ZH, EVENT_TYPE_ZH, SOURCE_ZH
from features.undertakings.codes import words_of
from serving.alerts.lifecycle import State
from serving.documents.paper import Section, Table
from serving.monitoring.completeness import Silence
from serving.scoring.coverage import Coverage
from serving.situation_report.counts import Column, Compared, interval_text
from serving.situation_report.period import Change
from serving.text import WITHHELD
from serving.undertakings.estimates import Review, say_helped

MASK_NOTE = "※：少于5件、报送不足3天，或显示后可推出此类数字，不予显示。上年同期为上年的同样月份，倍数按日均。"
COMPARED = ("本期新增", "水平95%区间", "上年同期", "为上年同期的倍数（95%区间）")
STATE_ZH = {
    State.PUBLISHED: "已发布，尚未签收",
    State.ACKNOWLEDGED: "已签收",
    State.IN_ACTION: "处置中",
    State.CLOSED: "已销号",
    State.NOT_NEEDED: "无需处理",
    State.DATA_WRONG: "数据有误",
    State.EXPIRED: "到期未处置",
}
NO_YEAR_BEFORE = "不能估计：日志未覆盖上年同期。"


def overview(compared: Compared, others: Mapping[str, Column]) -> Section:
    """Say the sums of the district."""
    rows = [("新增事项", *_row(compared.now.total, compared.before.total if compared.before else None, compared.total_change))]
    rows += [(name, shown(column.total), interval_text(column.total), "—", "—") for name, column in others.items()]
    notes = (MASK_NOTE, "区间按泊松分布精确计算；不含信访事项。上报减少不等于矛盾减少，件数受上报影响，不用于考核。")
    return Section("总体情况", notes, Table(("", "本期", *COMPARED[1:]), rows))


def townships(compared: Compared, others: Mapping[str, Column], names: Sequence[str]) -> Section:
    """Say the figures of each township, in the order of their codes."""
    rows = [
        (name, *_row_of(compared, place), *(shown(column.cells[place]) for column in others.values())) for place, name in enumerate(names)
    ]
    notes = ("按行政区划代码排列，不作排名。", *(() if compared.before else (NO_YEAR_BEFORE,)))
    return Section("分镇街", notes, Table(("镇街", *COMPARED, *others), rows))


def categories(compared: Compared) -> Section:
    """Say the figures of each category of the district; none is broken down by place."""
    rows = [(kind_name(name), *_row_of(compared, place)) for place, name in enumerate(compared.groups.names)]
    return Section("分类别", () if compared.before else (NO_YEAR_BEFORE,), Table(("类别", *COMPARED), rows), "changes")


def emerging(compared: Compared) -> Section:
    """Name the categories with clearly more cases a day than over the year before."""
    rows = [(kind_name(compared.groups.names[place]), shown(compared.now.cells[place])) for place in compared.emerging]
    notes = ("日均新增明显高于此前一年的类别（各类别区间合计按95%把握）。", *(() if rows else ("本期没有，或日志不足一年。",)))
    return Section("新上升类别", notes, Table(("类别", "本期新增"), rows) if rows else None)


def alert_ends(states: Mapping[str, int]) -> Section:
    """Say where the alerts of the period stand, never by person or unit."""
    rows = [(words, str(states[state])) for state, words in STATE_ZH.items() if states.get(state)]
    notes = (f"窗口在本期开始的提示共{sum(states.values())}条，按现状计数。",)
    return Section("提示的办理结果", notes, Table(("现状", "条数"), rows) if rows else None)


def quality(coverage: Coverage, silences: Sequence[Silence]) -> Section:
    """Say which grids cannot be rated, and how long sources were silent."""
    withheld = Counter(reason for reason in coverage.withheld if reason)
    notes = [f"期末{len(coverage.withheld)}个网格中{len(coverage.withheld) - withheld.total()}个可以评定。"]
    notes += [f"{count}个网格{WITHHELD[reason].zh}。" for reason, count in withheld.items()]
    rows = [(_source(each), str(each.days), f"{each.expected:.1f}", "是" if each.silent else "否") for each in silences]
    return Section("数据质量", tuple(notes), Table(("来源", "最长连续无上报天数", "该段时间按往常应有件数", "视为中断"), rows))


def what_helped(review: Review | None) -> Section:
    """Say what treatments and going there changed, never by person or unit."""
    estimates = review.estimates if review else {}
    treatments = [
        (words_of(*key.split("/")[1:])[0], say_helped(each).zh) for key, each in sorted(estimates.items()) if "/treatment/" in key
    ]
    rows = [*treatments, ("按提示走访（随机抽取的网格）", say_helped(estimates.get("helped/acting")).zh)]
    when = f"估计用数据截至{review.as_of}之前。" if review else "尚未估计。"
    notes = ("治理与未治理的相邻网格在治理前后相比；走访按随机抽取的概率折算。区间为95%，跨过1表示看不出差别，不用于考核。", when)
    return Section("有没有帮助", notes, Table(("做法", "结果"), rows))


def kind_name(kind: str) -> str:
    """Name a kind, `type/category`.

    >>> kind_name("dispute/labor_wage")
    '矛盾纠纷·劳动争议'
    """
    event_type, category = kind.split("/", 1)
    return f"{EVENT_TYPE_ZH.get(event_type, event_type)}·{CATEGORY_ZH.get(category, category)}"


def shown(count: int | None) -> str:
    """Write a masked count."""
    return "※" if count is None else f"{count:,}"


def times(change: Change | None) -> str:
    """Write a ratio with its interval."""
    return "不能估计" if change is None else f"{change.ratio:.2f}({change.low:.2f}–{change.high:.2f})"


def _row_of(compared: Compared, place: int) -> tuple[str, ...]:
    before = compared.before.cells[place] if compared.before else None
    return _row(compared.now.cells[place], before, compared.changes[place], known=compared.before is not None)


def _row(now: int | None, before: int | None, change: Change | None, *, known: bool = True) -> tuple[str, ...]:
    return shown(now), interval_text(now), shown(before) if known else "—", times(change)


def _source(each: Silence) -> str:
    return SOURCE_ZH.get(each.name, each.name) if each.kind == "source" else f"数据源 {each.name}"
