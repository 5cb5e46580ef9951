"""The sections of a report, in words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from features.display_names import SOURCE_ZH
from features.undertakings.codes import words_of
from serving.alerts.lifecycle import State
from serving.documents.paper import Section, Table
from serving.monitoring.completeness import Silence
from serving.scoring.coverage import Coverage
from serving.situation_report.counts import Column, Compared
from serving.situation_report.handling import Rates
from serving.situation_report.wording import cases, kind_name, say_change, shown, write_change
from serving.text import WITHHELD
from serving.undertakings.estimates import Review, say_helped

MASK_NOTE = (
    "※：少于5件、报送不足3天，或显示后可推出此类数字，不予显示。"
    "环比与上一期比，同比与上年同样月份比，都按日均；表中没有注明“明显”的，变化不明显（95%区间分不出升降）。"
)
STATE_ZH = {
    State.PUBLISHED: "已发布，尚未签收",
    State.ACKNOWLEDGED: "已签收",
    State.IN_ACTION: "处置中",
    State.CLOSED: "已销号",
    State.NOT_NEEDED: "无需处理",
    State.DATA_WRONG: "数据有误",
    State.EXPIRED: "到期未处置",
}
EVENTS = ("新增", "升级", "办结")
STOCKS = ("期末未办结", "其中已逾期")


@dataclass(frozen=True)
class Figures:
    """Counts of one grouping: what happened beside earlier periods, and what stands at the end."""

    happened: Mapping[str, Compared]
    """By the words of `EVENTS`."""
    at_end: Mapping[str, tuple[Column, Column]]
    """By the words of `STOCKS`: at the end of the period, and of the one before."""

    @property
    def new(self) -> Compared:
        """New cases."""
        return self.happened[EVENTS[0]]


def overview(figures: Figures) -> Section:
    """Say the sums of the area; a stock has no interval and is said beside what it was."""
    rows = [
        (name, shown(each.now.total), write_change(each.of_previous()), write_change(each.of_year_before()))
        for name, each in figures.happened.items()
    ]
    rows += [(name, shown(now.total), f"上期末{shown(before.total)}", "—") for name, (now, before) in figures.at_end.items()]
    notes = (MASK_NOTE, "不含信访事项。上报减少不等于矛盾减少，件数受上报影响，不用于考核。")
    return Section("总体情况", notes, Table(("", "本期（件）", "环比", "同比"), rows), on_new_page=True)


def by_area(figures: Figures, names: Sequence[str], head: str) -> Section:
    """Say the figures of each area, in the order of their codes."""
    return Section(f"分{head}", ("按行政区划代码排列，不作排名。",), _table(figures, names, head))


def by_kind(figures: Figures) -> Section:
    """Say the figures of each kind of case; none is broken down by place."""
    return Section("分类别", (), _table(figures, [kind_name(name) for name in figures.new.groups.names], "类别"), "changes")


def _table(figures: Figures, names: Sequence[str], head: str) -> Table:
    header = (head, "本期新增", "环比", "同比", *EVENTS[1:], *STOCKS)
    others = [each.now for name, each in figures.happened.items() if name != EVENTS[0]] + [now for now, _ in figures.at_end.values()]
    rows = [
        (
            name,
            shown(figures.new.now.cells[place]),
            write_change(figures.new.of_previous(place)),
            write_change(figures.new.of_year_before(place)),
            *(shown(column.cells[place]) for column in others),
        )
        for place, name in enumerate(names)
    ]
    return Table(header, rows)


def headline(figures: Figures, rates: Rates, alerts: int) -> Iterator[str]:
    """Say what a meeting must know, in sentences whose figures stand in the tables."""
    for name in EVENTS[:2]:
        each = figures.happened[name]
        yield f"{name}{cases(each.now.total)}，环比{say_change(each.of_previous())}，同比{say_change(each.of_year_before())}。"
    closed, in_time = rates.closed.percent, rates.in_time.percent
    yield f"办结率{closed or '不予显示'}，按期办结率{in_time or '不予显示'}。"
    (still, before), (late, _) = (figures.at_end[name] for name in STOCKS)
    yield f"期末未办结{cases(still.total)}（上期末{cases(before.total)}），其中已逾期{cases(late.total)}。"
    yield f"本期发出预警提示{alerts}条。"


def alert_ends(states: Mapping[str, int]) -> Section:
    """Say where the alerts of the period stand, never by person or unit."""
    rows = [(words, str(states[state])) for state, words in STATE_ZH.items() if states.get(state)]
    notes = (f"本期发出的提示共{sum(states.values())}条，按现状计数。",)
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


def _source(each: Silence) -> str:
    return SOURCE_ZH.get(each.name, each.name) if each.kind == "source" else f"数据源“{each.name}”"
