"""Missing data, said in a brief: sources that are late by the clock, grids that are not rated, and lists that are not there."""

from collections import Counter
from collections.abc import Iterator

from serving.briefs.desk import AreaList, Desk
from serving.documents.paper import spoken
from serving.operations.sources import Source, read_sources
from serving.text import WITHHELD


def late_sources(desk: Desk) -> list[Source]:
    """Return the sources that are late by the clock."""
    return [source for source in read_sources(desk.engine, desk.now, desk.settings) if source.late]


def say_missing(desk: Desk, listed: AreaList) -> Iterator[str]:
    """Say what is missing, or that nothing is; silence never counts as calm."""
    say = desk.say
    late = late_sources(desk)
    for source in late:
        name, until = source.name, desk.moment(source.through) if source.through else say("从未报送", "never")
        yield say(f"数据源“{name}”没有按时更新，最后一条记录：{until}。", f"Source {name} is late; its newest record: {until}.")
    reasons = Counter(row.withheld for row in listed.unrated if row.withheld)
    for reason, count in sorted(reasons.items()):
        words = spoken(WITHHELD[reason], desk.language)
        yield say(f"{count}个网格{words}。", f"{count} grids: {words}.")
    if late or reasons:
        yield say("缺数据不等于平稳，请先核实这些数据。", "Missing data are no sign of calm: check them first.")
    else:
        yield say("数据源都按时更新，辖区内网格都有评定。", "Every source is on time, and every grid here is rated.")
