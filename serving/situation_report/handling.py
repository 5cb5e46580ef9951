"""Handling of cases by township in code order: closed, in time, for good, and at which level; and new cases per 1,000 households."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from features.eventlog.snapshot import LogSnapshot
from features.schema import Action, Col, EventType
from serving.disclosure import SMALLEST_EXPORTED_COUNT
from serving.documents.paper import Section, Speaker, Table
from serving.situation_report.counts import AreaLevel
from serving.situation_report.period import Period
from serving.situation_report.wording import HIDDEN
from serving.text import Text

RELAPSE_DAYS = 90
"""A case that comes back within so many days was closed and not settled."""
LOCAL_LEVELS = ("community", "township")
HEADER = (
    Text(zh="办结率", en="Closed"),
    Text(zh="按期办结率", en="In time"),
    Text(zh="化解率", en="Settled"),
    Text(zh="镇街及以下化解占比", en="At township or below"),
    Text(zh="每千户新增", en="New per 1,000 households"),
)
NOTES = (
    Text(
        zh="按行政区划代码排列，不作排名；括号内为记录件数，同一事由多人反映的分别计。",
        en="In the order of their codes; this is no ranking. In brackets the records: a matter that several people "
        "reported counts as several.",
    ),
    Text(
        zh="办结率：本期新增中已办结的占比；按期办结率：有办理时限的办结事项中未超时限的占比；化解率：办结后90天内未再次反映的占比；办结不等于真正解决。",
        en="Closed: share of the new cases that are closed by now; in time: share of the closed cases with a term "
        "that met it; settled: share of the closed cases that did not come back within 90 days. Closed is not always solved.",
    ),
    Text(
        zh=f"分子或其余数不足{SMALLEST_EXPORTED_COUNT}件的不予显示（※）；来源未登记层级、时限或户数的为“—”。",
        en=f"Not shown (※) where the share or the rest is of fewer than {SMALLEST_EXPORTED_COUNT} cases; a dash where the source has no "
        "level, term or households.",
    ),
)


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def percent(self) -> str | None:
        """Write it alone; None where there is nothing to divide by, or where it would give a few cases away."""
        few = range(1, SMALLEST_EXPORTED_COUNT)
        if self.count in few or self.of - self.count in few or self.of < SMALLEST_EXPORTED_COUNT:
            return None
        return f"{self.count / self.of:.0%}"

    @property
    def cell(self) -> Text:
        """Write it with its number."""
        if self.percent is None:
            hidden = HIDDEN if self.of else "—"
            return Text(zh=hidden, en=hidden)
        return Text(zh=f"{self.percent}（{self.of}）", en=f"{self.percent} ({self.of})")


@dataclass(frozen=True)
class Rates:
    """Handling of the cases of an area."""

    cases: int
    closed: Share
    in_time: Share
    settled: Share
    at_hand: Share
    """Closed at the community or township."""
    per_thousand: float | None
    """New cases per 1,000 households; None where these are not known."""

    def cells(self, say: Speaker, *, counted: bool = True) -> tuple[str, ...]:
        """Return the figures as they are printed; none where the number of cases is not shown elsewhere, which each of them bounds."""
        if not counted:
            return (HIDDEN,) * len(HEADER)
        shown = self.cases == 0 or self.cases >= SMALLEST_EXPORTED_COUNT
        rate = "—" if self.per_thousand is None else f"{self.per_thousand:.1f}"
        shares = (self.closed, self.in_time, self.settled, self.at_hand)
        return (*(say.of(share.cell) for share in shares), rate if shown else HIDDEN)


@dataclass(frozen=True)
class Handling:
    """Handling of the cases that came in during a period, by its end and since; petitions are left out."""

    whole: Rates
    by_area: Sequence[Rates]


def read_handling(snapshot: LogSnapshot, period: Period, zone: str, areas: Sequence[str], level: AreaLevel = "township") -> Handling:
    """Count how cases were handled.

    Args:
        snapshot: the log.
        period: whole months.
        zone: of the local day.
        areas: their paths, in the order of their codes.
        level: what they are.
    """
    cases = _cases(snapshot, period, zone, level).filter(pl.col("area").is_in(list(areas)))
    households = _households(snapshot, level)
    known = [households.get(path) for path in areas]
    whole = sum(each for each in known if each) if all(known) else 0
    by_area = [_rates(cases.filter(pl.col("area") == path), households.get(path, 0)) for path in areas]
    return Handling(_rates(cases, whole), by_area)


def handling_section(handled: Handling, areas: Sequence[tuple[str, int | None]], head: str, say: Speaker) -> Section:
    """Say it by area, in the order of their codes, each with its name and its number of new cases; None where that is not shown."""
    rows = [(name, *rates.cells(say, counted=new is not None)) for (name, new), rates in zip(areas, handled.by_area, strict=True)]
    header = (head, *map(say.of, HEADER))
    return Section(say("办理情况", "How cases were handled"), tuple(map(say.of, NOTES)), Table(header, rows))


def _cases(snapshot: LogSnapshot, period: Period, zone: str, level: AreaLevel) -> pl.DataFrame:
    """Return the new cases of a period: area, level, deadline, and the moments they were first closed and came back."""
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
    grids = snapshot.grids.select(pl.col(Col.GRID_ID).cast(pl.String), area=_area(pl.col(Col.PARENT_PATH), level))
    return (
        reported.select(Col.EVENT_SEQ, pl.col(Col.GRID_ID, Col.LEVEL).cast(pl.String), Col.DEADLINE_AT)
        .join(first["closed"], on=Col.EVENT_SEQ, how="left")
        .join(first["back"], on=Col.EVENT_SEQ, how="left")
        .join(grids, on=Col.GRID_ID, how="left")
    )


def _area(path: pl.Expr, level: AreaLevel) -> pl.Expr:
    """Return the path of the community, which is the whole, or of the township: the whole where it has one code, else all but the last."""
    codes = path.str.split("/")
    above = codes.list.slice(0, codes.list.len() - 1).list.join("/")
    return path if level == "community" else pl.when(codes.list.len() > 1).then(above).otherwise(path)


def _rates(cases: pl.DataFrame, households: int) -> Rates:
    closed = cases.filter(pl.col("closed").is_not_null())
    termed = closed.filter(pl.col(Col.DEADLINE_AT).is_not_null())
    back = (pl.col("back") - pl.col("closed")) <= pl.duration(days=RELAPSE_DAYS)
    levelled = closed.filter(pl.col(Col.LEVEL).is_not_null())
    return Rates(
        len(cases),
        Share(len(closed), len(cases)),
        Share(len(termed.filter(pl.col("closed") <= pl.col(Col.DEADLINE_AT))), len(termed)),
        Share(len(closed.filter(~back.fill_null(value=False))), len(closed)),
        Share(len(levelled.filter(pl.col(Col.LEVEL).is_in(LOCAL_LEVELS))), len(levelled)),
        1000 * len(cases) / households if households else None,
    )


def _households(snapshot: LogSnapshot, level: AreaLevel) -> dict[str, int]:
    """Return the households of each area, those of the grids that are there now; an area with a gap has none."""
    if Col.HOUSEHOLDS not in snapshot.grids.columns:
        return {}
    gone = snapshot.crosswalk["old"].cast(pl.String).unique().to_list()
    now = snapshot.grids.filter(~pl.col(Col.GRID_ID).cast(pl.String).is_in(gone))
    sums = now.group_by(area=_area(pl.col(Col.PARENT_PATH), level)).agg(
        pl.col(Col.HOUSEHOLDS).sum(), known=pl.col(Col.HOUSEHOLDS).is_not_null().all()
    )
    return dict(sums.filter("known").select("area", Col.HOUSEHOLDS).iter_rows())
