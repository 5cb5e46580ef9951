"""How cases were handled, by township in code order: closed, in time, for good, and at which level; and new cases per 1,000 households."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from features.eventlog.snapshot import LogSnapshot
from features.schema import Action, Col, EventType
from serving.disclosure import SMALLEST_EXPORTED_COUNT
from serving.documents.paper import Section, Table
from serving.situation_report.period import Period

RELAPSE_DAYS = 90
"""A case that comes back within so many days was closed and not settled."""
LOCAL_LEVELS = ("community", "township")
HEADER = ("镇街", "新增", "办结率", "按期办结率", "化解率", "镇街及以下化解占比", "每千户新增")
NOTES = (
    "按行政区划代码排列，不作排名；括号内为件数。",
    "办结率：本期新增中已办结的占比；按期办结率：有办理时限的办结事项中未超时限的占比；化解率：办结后90天内未再次反映的占比；办结不等于真正解决。",
    f"分子或其余数不足{SMALLEST_EXPORTED_COUNT}件的不予显示（※）；来源未登记层级、时限或户数的为“—”。",
)


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    def __str__(self) -> str:
        """Write it with its number; a share that would give a few cases away is hidden."""
        if not self.of:
            return "—"
        few = range(1, SMALLEST_EXPORTED_COUNT)
        if self.count in few or self.of - self.count in few or self.of < SMALLEST_EXPORTED_COUNT:
            return "※"
        return f"{self.count / self.of:.0%}({self.of})"


def handling(snapshot: LogSnapshot, period: Period, zone: str, townships: Sequence[str], names: Sequence[str]) -> Section:
    """Say how the cases that came in during a period were handled by its end and since; petitions are left out.

    Args:
        snapshot: the log.
        period: whole months.
        zone: of the local day.
        townships: their paths, in the order of their codes.
        names: theirs.
    """
    cases = _cases(snapshot, period, zone)
    households = _households(snapshot)
    rows = [
        (name, *_row(cases.filter(pl.col("township") == path), households.get(path, 0)))
        for path, name in zip(townships, names, strict=True)
    ]
    return Section("办理情况", NOTES, Table(HEADER, rows))


def _cases(snapshot: LogSnapshot, period: Period, zone: str) -> pl.DataFrame:
    """Return the new cases of a period: township, level, deadline, and the moments they were first closed and came back."""
    records = snapshot.records
    day = pl.col(Col.KNOWN_AT).dt.convert_time_zone(zone).dt.date().to_physical()
    reported = records.filter(
        pl.col(Col.ACTION) == Action.REPORTED, pl.col(Col.EVENT_TYPE) != EventType.PETITION, day >= period.start, day < period.end
    )
    moves = records.filter(pl.col(Col.ACTION) != Action.REPORTED)
    first = {
        name: moves.filter(pl.col(Col.ACTION) == action).group_by(Col.EVENT_SEQ).agg(pl.col(Col.AT).min().alias(name))
        for name, action in (("closed", Action.RESOLVED), ("back", Action.REOPENED))
    }
    grids = snapshot.grids.select(pl.col(Col.GRID_ID).cast(pl.String), township=_township(pl.col(Col.PARENT_PATH)))
    return (
        reported.select(Col.EVENT_SEQ, pl.col(Col.GRID_ID, Col.LEVEL).cast(pl.String), Col.DEADLINE_AT)
        .join(first["closed"], on=Col.EVENT_SEQ, how="left")
        .join(first["back"], on=Col.EVENT_SEQ, how="left")
        .join(grids, on=Col.GRID_ID, how="left")
    )


def _township(path: pl.Expr) -> pl.Expr:
    """Return the path of the township: the whole path where it has one code, else all but the last."""
    codes = path.str.split("/")
    return pl.when(codes.list.len() > 1).then(codes.list.slice(0, codes.list.len() - 1).list.join("/")).otherwise(path)


def _row(cases: pl.DataFrame, households: int) -> tuple[str, ...]:
    closed = cases.filter(pl.col("closed").is_not_null())
    termed = closed.filter(pl.col(Col.DEADLINE_AT).is_not_null())
    back = (pl.col("back") - pl.col("closed")) <= pl.duration(days=RELAPSE_DAYS)
    levelled = closed.filter(pl.col(Col.LEVEL).is_not_null())
    shares = (
        Share(len(closed), len(cases)),
        Share(len(termed.filter(pl.col("closed") <= pl.col(Col.DEADLINE_AT))), len(termed)),
        Share(len(closed.filter(~back.fill_null(value=False))), len(closed)),
        Share(len(levelled.filter(pl.col(Col.LEVEL).is_in(LOCAL_LEVELS))), len(levelled)),
    )
    shown = len(cases) == 0 or len(cases) >= SMALLEST_EXPORTED_COUNT
    rate = f"{1000 * len(cases) / households:.1f}" if households else "—"
    return (str(len(cases)) if shown else "※", *map(str, shares), rate if shown else "※")


def _households(snapshot: LogSnapshot) -> dict[str, int]:
    """Return the households of each township, those of the grids that are there now; a township with a gap has none."""
    if Col.HOUSEHOLDS not in snapshot.grids.columns:
        return {}
    gone = snapshot.crosswalk["old"].cast(pl.String).unique().to_list()
    now = snapshot.grids.filter(~pl.col(Col.GRID_ID).cast(pl.String).is_in(gone))
    sums = now.group_by(township=_township(pl.col(Col.PARENT_PATH))).agg(
        pl.col(Col.HOUSEHOLDS).sum(), known=pl.col(Col.HOUSEHOLDS).is_not_null().all()
    )
    return dict(sums.filter("known").select("township", Col.HOUSEHOLDS).iter_rows())
