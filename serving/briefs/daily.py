"""The brief of a day (每日研判)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from features.errors import NotReadyError
from features.undertakings.undertaking import UndertakingKind, words_of
from serving.alerts.lifecycle import EXPIRED, RAISED, Action, State
from serving.briefs.desk import AreaList, Desk, days_listed, read_list
from serving.briefs.parts import DueAlert, OpenAlerts, count_steps, describe, late_sources, name_places, read_open, say_missing
from serving.documents.paper import Paper, Point, Section, spoken
from serving.maps.place_names import Gazetteer
from serving.text import ATTENTION, DISCLAIMER, SERVICE_ONLY, AttentionLevel
from serving.undertakings.register import Placed, begun_or_ahead

MOST_POINTS = 12
MOST_DUE = 6
AHEAD = timedelta(days=7)
LOOK_BACK = timedelta(days=7)
"""Largest age of the earlier list that a list is compared with."""
NEXT_ZH = {State.PUBLISHED: "签收", State.ACKNOWLEDGED: "开始处置", State.IN_ACTION: "处置完毕"}
NEXT_EN = {State.PUBLISHED: "acknowledge", State.ACKNOWLEDGED: "begin", State.IN_ACTION: "finish"}


def daily_brief(desk: Desk) -> Paper:
    """Write the brief of today for an area.

    Raises:
        NotReadyError: no list was ever published, or the area has no grid on it.
    """
    listed, before = take_lists(desk)
    waiting = read_open(desk)
    entered, left = compare_lists(listed, before)
    return Paper(
        title=desk.say("每日研判", "Brief of the day"),
        lead=lead(desk, desk.whole_day(desk.today), listed),
        headline=tuple(_headline(desk, listed, waiting, len(entered) if before else None)),
        sections=[
            _where(desk, listed, entered),
            Section(desk.say("今天要办的", "For today"), tuple(_say_due(desk, waiting)), points=tuple(_due(desk, waiting))),
            Section(desk.say("和上一期相比", "Since the list before"), tuple(_say_changes(desk, before, entered, left))),
            *ahead(desk),
            Section(desk.say("缺什么数据", "Missing data"), tuple(say_missing(desk, listed))),
        ],
        standing=(spoken(SERVICE_ONLY, desk.language) + desk.say("。", "."), spoken(DISCLAIMER, desk.language)),
        language=desk.language,
        one_page=True,
    )


def take_lists(desk: Desk) -> tuple[AreaList, AreaList | None]:
    """Return the newest list of the area, and the one before it.

    Raises:
        NotReadyError: no list was ever published, or the area has no grid on it.
    """
    listed = read_list(desk)
    if listed is None or not listed.rows:
        raise NotReadyError("a brief needs a published list with grids of its area, found none. Run `yujing rank --as-of DATE`.")
    target = listed.listed.head.entry.origin.target
    earlier = days_listed(desk.engine, target, listed.as_of - LOOK_BACK, listed.as_of - timedelta(days=1))
    return listed, read_list(desk, earlier[-1], target) if earlier else None


def compare_lists(listed: AreaList, before: AreaList | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return path -> name of the grids that reached the leading level since the list before, and of those that left it."""
    if before is None or not listed.leading:
        return {}, before.level_of("priority") if before else {}
    level = _level(listed)
    now, then = listed.level_of(level), before.level_of(level)
    return {path: now[path] for path in now.keys() - then.keys()}, {path: then[path] for path in then.keys() - now.keys()}


def lead(desk: Desk, when: str, listed: AreaList) -> str:
    """Say the area, the day, and what the paper rests on."""
    through = desk.moment(listed.listed.head.entry.origin.data_through)
    return " · ".join([desk.area, when, desk.say(f"数据截至{through}", f"data through {through}")])


def ahead(desk: Desk) -> Iterator[Section]:
    """Say what is public and begins within the next days; nothing where nothing does."""
    placed = begun_or_ahead(desk.engine, desk.scope, desk.today)
    near = [each for each in placed if desk.today <= each.undertaking.start_at < desk.today + AHEAD]
    if near:
        title = desk.say(f"未来{AHEAD.days}天开始的事项", f"Beginning within {AHEAD.days} days")
        yield Section(title, tuple(_say_undertaking(desk, each) for each in near[:MOST_DUE]))


def _headline(desk: Desk, listed: AreaList, waiting: OpenAlerts, entered: int | None) -> Iterator[str]:
    say = desk.say
    if listed.as_of != desk.today:
        day = desk.day(listed.as_of)
        yield say(f"今天的清单还没有发布，以下按{day}的清单。", f"Today's list is not out yet; this rests on the list of {day}.")
    for source in late_sources(desk):
        yield say(f"数据源“{source.name}”没有按时更新，请先核实。", f"Source {source.name} is late: check it first.")
    if listed.leading:
        count, level = len(listed.leading), ATTENTION[_level(listed)]
        new = "" if entered is None else say(f"，其中{entered}个新进入", f", {entered} of them new")
        yield say(f"今天先看{count}个{level.zh}网格{new}。", f"Look first at {count} grids of level {level.en}{new}.")
    else:
        yield say("今天没有需要先看的网格。", "No grid asks for attention first today.")
    yield _say_open(desk, waiting)
    if listed.unrated:
        count = len(listed.unrated)
        yield say(f"{count}个网格缺数据、没有评定，不等于平稳。", f"{count} grids lack data and are not rated, which does not mean calm.")


def _say_open(desk: Desk, waiting: OpenAlerts) -> str:
    if not waiting.total:
        return desk.say("没有未销号的提示。", "No alert is open.")
    overdue, today, unread = len(waiting.overdue), len(waiting.today), waiting.unacknowledged
    return desk.say(
        f"未销号提示{waiting.total}条，其中待签收{unread}条；已超时{overdue}条，今天到期{today}条。",
        f"{waiting.total} open alerts, {unread} not acknowledged yet; {overdue} overdue, {today} to be done today.",
    )


def _where(desk: Desk, listed: AreaList, entered: dict[str, str]) -> Section:
    shown = listed.leading[:MOST_POINTS]
    names = set(entered.values())
    points = tuple(describe(desk, row, is_new=row.name in names) for row in shown)
    further = len(listed.leading) - len(shown)
    more = (desk.say(f"另有{further}个，见清单。", f"{further} more are on the list."),) if further else ()
    return Section(desk.say("先看哪里，为什么", "Where to look first, and why"), more, points=points)


def _say_due(desk: Desk, waiting: OpenAlerts) -> Iterator[str]:
    named = len(waiting.overdue) + len(waiting.today)
    if not named:
        yield desk.say("今天没有到期或超时的提示。", "Nothing is overdue or to be done today.")
    if named > MOST_DUE:
        yield desk.say(f"共{named}条，最急的{MOST_DUE}条如下，其余见提示处置页。", f"{named} in all; the {MOST_DUE} most urgent are these.")
    if waiting.later:
        later, first = len(waiting.later), desk.moment(waiting.later[0].due)
        yield desk.say(f"之后到期的有{later}条，最早的一条{first}到期。", f"{later} are due later, the first of them {first}.")


def _due(desk: Desk, waiting: OpenAlerts) -> Iterator[Point]:
    for each in [*waiting.overdue, *waiting.today][:MOST_DUE]:
        yield Point(desk.names.title(each.path), _say_step(desk, each))


def _say_step(desk: Desk, each: DueAlert) -> str:
    when = desk.moment(each.due)
    if each.due < desk.now:
        late = _span(desk, desk.now - each.due)
        return desk.say(f"应于{when}前{NEXT_ZH[each.state]}，已超时{late}。", f"To {NEXT_EN[each.state]} by {when}; {late} overdue.")
    return desk.say(f"请于{when}前{NEXT_ZH[each.state]}。", f"{NEXT_EN[each.state].capitalize()} by {when}.")


def _span(desk: Desk, span: timedelta) -> str:
    """Say how long it is, in days from one day on, else in hours."""
    if span.days:
        return desk.say(f"{span.days}天", f"{span.days} d")
    hours = max(1, round(span.total_seconds() / 3600))
    return desk.say(f"{hours}小时", f"{hours} h")


def _say_changes(desk: Desk, before: AreaList | None, entered: dict[str, str], left: dict[str, str]) -> Iterator[str]:
    say = desk.say
    if before is None:
        yield say("此前一周没有清单，无法比较。", "There is no list of the week before to compare with.")
    else:
        yield say("新进入：", "Entered: ") + (name_places(desk, entered) or say("无", "none")) + say("。", ".")
        yield say("退出：", "Left: ") + (name_places(desk, left) or say("无", "none")) + say("。", ".")
    yesterday = desk.midnight(desk.today - timedelta(days=1))
    yield say("昨天零点以来：", "Since yesterday's midnight: ") + say_steps(desk, yesterday, desk.now)


def say_steps(desk: Desk, start: datetime, end: datetime) -> str:
    """Say what was done with alerts within [start, end)."""
    steps = count_steps(desk, start, end)
    ended = steps[Action.CLOSE] + steps[Action.NOT_NEEDED] + steps[Action.DATA_WRONG]
    return desk.say(
        f"新发提示{steps[RAISED]}条，签收{steps[Action.ACKNOWLEDGE]}条，销号{ended}条，到期未处置{steps[EXPIRED]}条。",
        f"{steps[RAISED]} alerts raised, {steps[Action.ACKNOWLEDGE]} acknowledged, {ended} ended, {steps[EXPIRED]} expired.",
    )


def _say_undertaking(desk: Desk, placed: Placed) -> str:
    one, say = placed.undertaking, desk.say
    kind = say(*words_of(one.kind, one.sub_kind))
    where = _places(desk.names, placed.paths) or say("全区", "the whole district")
    missing = one.kind == UndertakingKind.PROJECT and not one.assessed
    check = say("，尚未登记稳评", ", no risk assessment on record") if missing else ""
    return say(f"{desk.day(one.start_at)}：{kind}（{where}）{check}。", f"{desk.day(one.start_at)}: {kind} ({where}){check}.")


def _places(names: Gazetteer, paths: Sequence[str]) -> str:
    return "、".join(names.title(path) for path in paths[:3]) + (f"等{len(paths)}处" if len(paths) > 3 else "")


def _level(listed: AreaList) -> AttentionLevel:
    score = listed.leading[0].score
    return score.attention_level if score else "routine"
