"""The brief of a week (一周研判): where attention stayed, what moved, what was done, and what comes next."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from serving.briefs.daily import ahead, lead, say_steps, take_lists
from serving.briefs.desk import AreaList, Desk, days_listed, read_list
from serving.briefs.parts import OpenAlerts, describe, name_places, read_open, say_missing
from serving.documents.paper import Paper, Section, spoken
from serving.text import DISCLAIMER, SERVICE_ONLY

WEEK = timedelta(days=7)
STAYED_DAYS = 5
"""Lists of the week on which a grid must have been at level priority to count as one that stayed."""
MOST_POINTS = 10


def weekly_brief(desk: Desk) -> Paper:
    """Write the brief of the seven days that end with the newest list.

    Raises:
        NotReadyError: no list was ever published, or the area has no grid on it.
    """
    listed, _ = take_lists(desk)
    lists = _lists_of_the_week(desk, listed)
    stayed = _stayed(lists)
    first = listed.as_of - WEEK + timedelta(days=1)
    return Paper(
        title=desk.say("一周研判", "Brief of the week"),
        lead=lead(desk, desk.say(f"{desk.day(first)}至{desk.day(listed.as_of)}", f"{desk.day(first)} to {desk.day(listed.as_of)}"), listed),
        headline=tuple(_headline(desk, lists, stayed, read_open(desk))),
        sections=[
            _where(desk, listed, stayed),
            Section(desk.say("这一周的变化", "What moved"), tuple(_say_moves(desk, lists))),
            Section(desk.say("提示的处置", "What was done"), tuple(_say_done(desk))),
            *ahead(desk),
            Section(desk.say("缺什么数据", "Missing data"), (*_say_days(desk, lists), *say_missing(desk, listed))),
        ],
        standing=(spoken(SERVICE_ONLY, desk.language) + desk.say("。", "."), spoken(DISCLAIMER, desk.language)),
        language=desk.language,
        one_page=True,
    )


def _lists_of_the_week(desk: Desk, newest: AreaList) -> Sequence[AreaList]:
    target = newest.listed.head.entry.origin.target
    days = days_listed(desk.engine, target, newest.as_of - WEEK + timedelta(days=1), newest.as_of)
    return [listed for day in days if (listed := read_list(desk, day, target))]


def _stayed(lists: Sequence[AreaList]) -> dict[str, int]:
    """Return path -> lists of the week, of the grids that were at level priority on most of them."""
    seen = Counter(path for listed in lists for path in listed.level_of("priority"))
    return {path: count for path, count in seen.items() if count >= min(STAYED_DAYS, len(lists))}


def _headline(desk: Desk, lists: Sequence[AreaList], stayed: dict[str, int], waiting: OpenAlerts) -> Iterator[str]:
    least = min(STAYED_DAYS, len(lists))
    yield desk.say(
        f"{len(stayed)}个网格在本周{len(lists)}期清单中有{least}期以上列为重点关注，请逐一过问。",
        f"{len(stayed)} grids were at level priority on {least} or more of the {len(lists)} lists of this week: ask after each.",
    )
    yield desk.say(
        f"未销号提示{waiting.total}条，其中已超时{len(waiting.overdue)}条。",
        f"{waiting.total} alerts are open, {len(waiting.overdue)} of them overdue.",
    )


def _where(desk: Desk, listed: AreaList, stayed: dict[str, int]) -> Section:
    rows = [row for row in listed.leading if any(path.endswith(f"/{row.grid_id}") for path in stayed)]
    points = tuple(describe(desk, row, is_new=False) for row in rows[:MOST_POINTS])
    none = () if points else (desk.say("没有一直留在重点关注的网格。", "No grid stayed at level priority."),)
    further = len(stayed) - len(points)
    more = (desk.say(f"另有{further}个，见清单。", f"{further} more are on the list."),) if points and further > 0 else ()
    return Section(desk.say("一直要看的地方，为什么", "Where attention stayed, and why"), (*none, *more), points=points)


def _say_moves(desk: Desk, lists: Sequence[AreaList]) -> Iterator[str]:
    first, last = lists[0].level_of("priority"), lists[-1].level_of("priority")
    if len(lists) == 1:
        yield desk.say("本周只有一期清单，无法比较。", "There is one list this week, and nothing to compare it with.")
        return
    for label, names in (
        (desk.say("一周来新进入：", "Entered: "), {path: last[path] for path in last.keys() - first.keys()}),
        (desk.say("一周来退出：", "Left: "), {path: first[path] for path in first.keys() - last.keys()}),
    ):
        yield label + (name_places(desk, names) or desk.say("无", "none")) + desk.say("。", ".")


def _say_done(desk: Desk) -> Iterator[str]:
    week_ago = desk.today - WEEK
    yield desk.say("近7天：", "The last 7 days: ") + say_steps(desk, desk.midnight(week_ago), desk.now)
    yield desk.say("再前7天：", "The 7 days before: ") + say_steps(desk, desk.midnight(week_ago - WEEK), desk.midnight(week_ago))


def _say_days(desk: Desk, lists: Sequence[AreaList]) -> Iterator[str]:
    missing = WEEK.days - len(lists)
    if missing:
        yield desk.say(f"本周有{missing}天没有清单。", f"{missing} days of this week have no list.")
