"""Missing data, said in a brief: sources that are late by the clock, grids that are not rated, and lists that are not there."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from features.database.engine import reading
from features.database.tables import feed
from serving.briefs.desk import AreaList, Desk
from serving.documents.paper import spoken
from serving.text import WITHHELD


def late_sources(desk: Desk) -> list[tuple[str, datetime | None]]:
    """Return the sources whose newest record is older than data may be, measured against the clock; None is a source without any."""
    oldest = desk.now - timedelta(hours=desk.settings.serving.data_late_after_hours)
    retired = desk.settings.intake.retired_sources
    with reading(desk.engine) as connection:
        rows = connection.execute(select(feed.c.name, feed.c.known_through).order_by(feed.c.name)).all()
    late = [(row.name, row.known_through) for row in rows if row.known_through is None or row.known_through < oldest]
    return [each for each in late if each[0] not in retired]


def say_missing(desk: Desk, listed: AreaList) -> Iterator[str]:
    """Say what is missing, or that nothing is; silence never counts as calm."""
    say = desk.say
    late = list(late_sources(desk))
    for name, through in late:
        until = desk.moment(through) if through else say("从未报送", "never")
        yield say(f"数据源“{name}”没有按时更新，最后一条记录：{until}。", f"Source {name} is late; its newest record: {until}.")
    reasons = Counter(row.withheld for row in listed.unrated if row.withheld)
    for reason, count in sorted(reasons.items()):
        words = spoken(WITHHELD[reason], desk.language)
        yield say(f"{count}个网格{words}。", f"{count} grids: {words}.")
    if late or reasons:
        yield say("缺数据不等于平稳，请先核实这些数据。", "Missing data are no sign of calm: check them first.")
    else:
        yield say("数据源都按时更新，辖区内网格都有评定。", "Every source is on time, and every grid here is rated.")
