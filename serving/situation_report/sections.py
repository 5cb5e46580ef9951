"""The sections of a report, in words of one language."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from features.display import SOURCE_ZH, plain
from features.undertakings.undertaking import words_of
from serving.alerts.lifecycle import State
from serving.documents.paper import Section, Speaker, Table
from serving.monitoring.completeness import Silence
from serving.monitoring.quotas import Quota, quota_words
from serving.scoring.coverage import Coverage
from serving.situation_report.counts import AreaLevel, Column, Compared
from serving.situation_report.handling import Rates
from serving.situation_report.wording import cases, direction, kind_name, say_change, shown, write_change
from serving.text import WITHHELD, Text
from serving.undertakings.register import Review, say_helped

MASK_NOTE = Text(
    zh="※：少于5件、报送不足3天，或显示后可推出此类数字，不予显示。"
    "环比与上一期比，同比与上年同样月份比，都按日均；表中没有注明“明显”的，变化不明显（95%区间分不出升降）。",
    en="※: not shown, because there were fewer than 5 cases or 3 days with reports, or because such a number would follow from it. "
    "Changes are by day, against the period before and against the same months a year before; where none is marked clear, the 95% "
    "interval tells neither a rise nor a fall.",
)
PETITION_NOTE = Text(
    zh="不含信访事项。上报减少不等于矛盾减少，件数受上报影响，不用于考核。",
    en="Petitions are left out. Fewer reports do not mean fewer disputes: counts depend on reporting, and are not for appraisal.",
)
HELPED_NOTE = Text(
    zh="治理与未治理的相邻网格在治理前后相比；走访按随机抽取的概率折算。区间为95%，跨过1表示看不出差别，不用于考核。",
    en="Treated grids are compared with neighbours that were not, before and after; visits are weighted by the chance of being drawn. "
    "Intervals are 95%; one that holds 1 shows no difference. Not for appraisal.",
)
STATES = {
    State.PUBLISHED: Text(zh="已发布，尚未签收", en="published, not signed for yet"),
    State.ACKNOWLEDGED: Text(zh="已签收", en="signed for"),
    State.IN_ACTION: Text(zh="处置中", en="in action"),
    State.CLOSED: Text(zh="已销号", en="closed"),
    State.NOT_NEEDED: Text(zh="无需处理", en="no action needed"),
    State.DATA_WRONG: Text(zh="数据有误", en="data wrong"),
    State.EXPIRED: Text(zh="到期未处置", en="expired without action"),
}
NEW, ESCALATED, CLOSED = EVENTS = ("new", "escalated", "closed")
OPEN, OVERDUE = STOCKS = ("open", "overdue")
WORDS = {
    NEW: Text(zh="新增", en="New"),
    ESCALATED: Text(zh="升级", en="Escalated"),
    CLOSED: Text(zh="办结", en="Closed"),
    OPEN: Text(zh="期末未办结", en="Open at end"),
    OVERDUE: Text(zh="其中已逾期", en="Overdue"),
}
HEADS: Mapping[AreaLevel, Text] = {"township": Text(zh="镇街", en="Township"), "community": Text(zh="社区", en="Community")}
PREVIOUS, YEAR_BEFORE = Text(zh="环比", en="vs. period before"), Text(zh="同比", en="vs. year before")


@dataclass(frozen=True)
class Figures:
    """Counts of one grouping: what happened beside earlier periods, and what stands at the end."""

    happened: Mapping[str, Compared]
    """By `EVENTS`."""
    at_end: Mapping[str, tuple[Column, Column]]
    """By `STOCKS`: at the end of the period, and of the one before."""

    @property
    def new(self) -> Compared:
        """New cases."""
        return self.happened[NEW]


def overview(figures: Figures, say: Speaker) -> Section:
    """Say the sums of the area; a stock has no interval and is said beside what it was."""
    rows = [
        (say.of(WORDS[name]), shown(each.now.total), *(say.of(write_change(how)) for how in (each.of_previous(), each.of_year_before())))
        for name, each in figures.happened.items()
    ]
    rows += [
        (say.of(WORDS[name]), shown(now.total), say(f"上期末{shown(before.total)}", f"was {shown(before.total)}"), "—")
        for name, (now, before) in figures.at_end.items()
    ]
    header = ("", say("本期（件）", "Cases"), say.of(PREVIOUS), say.of(YEAR_BEFORE))
    return Section(say("总体情况", "Overview"), (say.of(MASK_NOTE), say.of(PETITION_NOTE)), Table(header, rows), on_new_page=True)


def by_area(figures: Figures, names: Sequence[str], level: AreaLevel, say: Speaker, plot: str | None = None) -> Section:
    """Say the figures of each area, in the order of their codes, below the map where there is one."""
    head = say.of(HEADS[level])
    order = say("按行政区划代码排列，不作排名。", "In the order of their codes; this is no ranking.")
    arrows = say("图中箭头指与上年同期比明显上升或下降。", "Arrows on the map stand for a clear rise or fall.") if plot else ""
    sentences = (*_clear_changes(figures, names, say), order + say("", " ") * bool(arrows) + arrows)
    return Section(say(f"分{head}", f"By {head.lower()}"), sentences, _table(figures, names, head, say), plot, on_new_page=True)


def _clear_changes(figures: Figures, names: Sequence[str], say: Speaker) -> Iterator[str]:
    """Name the areas whose new cases clearly rose or fell against the year before, in the order of their codes."""
    changes = [figures.new.of_year_before(place) for place in range(len(names))]
    comparable = sum(change is not None for change in changes)
    if not comparable:
        return
    ways = [direction(change) for change in changes]
    rose, fell = (say("、", ", ").join(name for name, way in zip(names, ways, strict=True) if way == sign) for sign in (1, -1))
    none = say("无", "none")
    yield say(
        f"新增与上年同期比，明显上升的：{rose or none}；明显下降的：{fell or none}。",
        f"New cases against the year before: clearly up: {rose or none}; clearly down: {fell or none}.",
    )
    if unclear := comparable - sum(map(abs, ways)):
        yield say(f"其余可比的{unclear}个变化不明显。", f"No clear change in the other {unclear} that can be compared.")


def by_kind(figures: Figures, say: Speaker) -> Section:
    """Say the figures of each kind of case; none is broken down by place."""
    kinds = [say.of(kind_name(name)) for name in figures.new.groups.names]
    return Section(say("分类别", "By kind"), (), _table(figures, kinds, say("类别", "Kind"), say), "changes")


def _table(figures: Figures, names: Sequence[str], head: str, say: Speaker) -> Table:
    others = [each.now for name, each in figures.happened.items() if name != NEW] + [now for now, _ in figures.at_end.values()]
    header = (head, say("本期新增", "New"), *map(say.of, (PREVIOUS, YEAR_BEFORE, *(WORDS[name] for name in (*EVENTS[1:], *STOCKS)))))
    rows = [
        (
            name,
            shown(figures.new.now.cells[place]),
            say.of(write_change(figures.new.of_previous(place))),
            say.of(write_change(figures.new.of_year_before(place))),
            *(shown(column.cells[place]) for column in others),
        )
        for place, name in enumerate(names)
    ]
    return Table(header, rows)


def headline(figures: Figures, rates: Rates, alerts: int, say: Speaker) -> Iterator[str]:
    """Say what a meeting must know, in sentences whose figures stand in the tables."""
    for name in (NEW, ESCALATED):
        each, word = figures.happened[name], say.of(WORDS[name])
        count, previous, year = map(say.of, (cases(each.now.total), say_change(each.of_previous()), say_change(each.of_year_before())))
        yield say(
            f"{word}{count}，环比{previous}，同比{year}。",
            f"{word} cases: {count}; against the period before {previous}; against the year before {year}.",
        )
    closed, in_time = (rate.percent or say("不予显示", "not shown") for rate in (rates.closed, rates.in_time))
    yield say(f"办结率{closed}，按期办结率{in_time}。", f"Closed: {closed} of the new cases; closed in time: {in_time}.")
    (still, before), (late, _) = (figures.at_end[name] for name in STOCKS)
    open_now, open_before, overdue = (say.of(cases(column.total)) for column in (still, before, late))
    yield say(
        f"期末未办结{open_now}（上期末{open_before}），其中已逾期{overdue}。",
        f"Open at the end: {open_now} (before: {open_before}), of them overdue: {overdue}.",
    )
    yield say(f"本期发出预警提示{alerts}条。", f"Alerts published in the period: {alerts}.")


def alert_ends(states: Mapping[str, int], say: Speaker) -> Section:
    """Say where the alerts of the period stand, never by person or unit."""
    rows = [(say.of(words), str(states[state])) for state, words in STATES.items() if states.get(state)]
    total = sum(states.values())
    note = say(f"本期发出的提示共{total}条，按现状计数。", f"Alerts published in the period: {total}, counted as they stand now.")
    table = Table((say("现状", "State"), say("条数", "Alerts")), rows) if rows else None
    return Section(say("提示的办理结果", "What became of the alerts"), (note,), table)


def quality(coverage: Coverage, silences: Sequence[Silence], quotas: Sequence[Quota], say: Speaker) -> Section:
    """Say which grids cannot be rated, which sources look filled up to a quota, and how long sources were silent."""
    withheld = Counter(reason for reason in coverage.withheld if reason)
    size = len(coverage.withheld)
    rated = size - withheld.total()
    notes = [say(f"期末{size}个网格中{rated}个可以评定。", f"At the end, {rated} of {size} grids can be rated.")]
    notes += [say(f"{count}个网格{WITHHELD[reason].zh}。", f"{count} grids: {WITHHELD[reason].en}.") for reason, count in withheld.items()]
    notes += [say(f"{words.zh}。", f"{words.en[0].upper()}{words.en[1:]}.") for words in map(quota_words, quotas)]
    rows = [
        (_source(each, say), str(each.days), f"{each.expected:.1f}", say("是", "yes") if each.silent else say("否", "no"))
        for each in silences
    ]
    header = (
        say("来源", "Source"),
        say("最长连续无上报天数", "Longest time without a report, days"),
        say("该段时间按往常应有件数", "Reports to be expected then"),
        say("视为中断", "Counts as silent"),
    )
    return Section(say("数据质量", "Quality of the data"), tuple(notes), Table(header, rows))


def what_helped(review: Review | None, say: Speaker) -> Section:
    """Say what treatments and going there changed, never by person or unit."""
    estimates = review.estimates if review else {}
    treatments = [
        (say(*words_of(*key.split("/")[1:])), say.of(say_helped(each))) for key, each in sorted(estimates.items()) if "/treatment/" in key
    ]
    visits = say("按提示走访（随机抽取的网格）", "visits after alerts (grids drawn at random)")
    rows = [*treatments, (visits, say.of(say_helped(estimates.get("helped/acting"))))]
    when = (
        say(f"估计用数据截至{review.as_of}之前。", f"From data before {review.as_of}.")
        if review
        else say("尚未估计。", "Not estimated yet.")
    )
    header = (say("做法", "What was done"), say("结果", "Outcome"))
    return Section(say("有没有帮助", "Did it help"), (say.of(HELPED_NOTE), when), Table(header, rows))


def _source(each: Silence, say: Speaker) -> str:
    if each.kind == "source":
        return say(SOURCE_ZH.get(each.name, each.name), plain(each.name))
    return say(f"数据源“{each.name}”", f'data source "{each.name}"')
