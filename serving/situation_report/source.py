"""Sources of a report: everything is read and counted once, and then written in each language."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl
from sqlalchemy import Engine, func, select

from features.database.alert_tables import alert
from features.database.engine import reading
from features.days import to_date
from features.errors import NotReadyError
from features.eventlog.snapshot import LogSnapshot
from features.facts.derive import find_target, read_facts
from features.facts.facts import Facts
from features.schema import Col
from features.storage.home import Home
from serving.accounts.permissions import Scope
from serving.alerts.queries import within
from serving.maps.place_names import Gazetteer
from serving.monitoring.completeness import Silence, find_silences
from serving.monitoring.quotas import Quota, find_quotas
from serving.rankings.publishing import shown
from serving.scoring.coverage import Coverage, RatingRules, read_coverage
from serving.scoring.daily_run import grid_names
from serving.settings import Settings
from serving.situation_report import counts
from serving.situation_report.counts import AreaLevel, Grouping, compare, level_below, standing
from serving.situation_report.handling import Handling, read_handling
from serving.situation_report.period import Period
from serving.situation_report.sections import ESCALATED, EVENTS, OPEN, OVERDUE, STOCKS, Figures
from serving.situation_report.topics import KindCounts

HAPPENED = dict(zip(EVENTS, (counts.new_cases, counts.escalations, counts.closed), strict=True))
AT_END = dict(zip(STOCKS, (counts.open_at_end, counts.overdue_at_end), strict=True))


@dataclass(frozen=True)
class ReportOrder:
    """Subject of a report."""

    period: Period
    target: str
    area: str = ""
    """Path of a township, or empty for the whole."""


@dataclass(frozen=True)
class Place:
    """The installation that a report is of."""

    home: Home
    engine: Engine
    settings: Settings


class Source:
    """Facts and figures of a report."""

    def __init__(self, snapshot: LogSnapshot, place: Place, order: ReportOrder) -> None:
        self.snapshot = snapshot
        self.place = place
        self.order = order
        self.facts = read_facts(snapshot, order.target, place.settings)
        _must_cover(self.facts, order)

    @cached_property
    def level(self) -> AreaLevel:
        """Parts of the area."""
        return level_below(self.facts, self.order.area)

    @cached_property
    def names(self) -> Gazetteer:
        """Names of places."""
        levels = self.facts.places.levels
        level = levels.get("community", levels["district"])
        names = grid_names(self.place.engine)
        placed = zip(level.member.tolist(), self.facts.places.grid_ids.tolist(), strict=True)
        return Gazetteer.read(
            self.place.engine, {f"{level.codes[area]}/{grid_id}": names.get(grid_id, grid_id) for area, grid_id in placed}
        )

    @cached_property
    def kinds(self) -> Grouping:
        """Cases by kind."""
        return replace(counts.by_kind(self.facts, self.order.area), beside=counts.by_area(self.facts, self.order.area))

    @cached_property
    def areas(self) -> Grouping:
        """Cases by the areas one level below."""
        return replace(counts.by_area(self.facts, self.order.area), beside=counts.by_kind(self.facts, self.order.area))

    @cached_property
    def by_kind(self) -> Figures:
        """All counts by kind."""
        return self._figures(self.kinds)

    @cached_property
    def by_area(self) -> Figures:
        """All counts by area."""
        return self._figures(self.areas)

    @cached_property
    def kind_counts(self) -> KindCounts:
        """Counts that topics are chosen from."""
        figures = self.by_kind
        (still, _), (late, _) = figures.at_end[OPEN], figures.at_end[OVERDUE]
        return KindCounts(figures.new, figures.happened[ESCALATED].now, still, late, counts.emerging(self.facts, figures.new))

    @cached_property
    def handled(self) -> Handling:
        """Handling of the cases."""
        return read_handling(self.snapshot, self.order.period, self.place.settings.zone, self.areas.names, self.level)

    @cached_property
    def states(self) -> Mapping[str, int]:
        """Alerts of the period by state."""
        period = self.order.period
        starts = alert.c.starts.between(to_date(period.start), to_date(period.end - 1))
        counted = select(alert.c.state, func.count().label("alerts")).group_by(alert.c.state)
        about = (alert.c.target == self.order.target, within(alert.c.path, Scope(self.order.area)), shown(alert.c.ranking_id))
        with reading(self.place.engine) as connection:
            return {row.state: row.alerts for row in connection.execute(counted.where(starts, *about))}

    @cached_property
    def silences(self) -> list[Silence]:
        """The longest silence of each source in the period."""
        period, settings = self.order.period, self.place.settings
        return find_silences(self._records, (period.start, period.end), settings.tz, settings.ranking)

    @cached_property
    def quotas(self) -> list[Quota]:
        """Sources whose records look filled up, over the twelve months to the end of the period."""
        return find_quotas(self._records, self.facts.places, self.order.period.end, self.place.settings.zone)

    @property
    def _records(self) -> pl.DataFrame:
        """Records of the sources that the target reads."""
        _, feeds = find_target(self.snapshot.feeds, self.order.target, self.place.settings)
        return self.snapshot.records.filter(pl.col(Col.FEED).cast(pl.String).is_in(list(feeds)))

    @cached_property
    def coverage(self) -> Coverage:
        """Limits that the reports of the area's grids set to what is said."""
        facts = self.facts
        whole = read_coverage(facts, self.order.period.end, RatingRules.of(self.place.settings.ranking, self.place.settings.intake))
        levels = facts.places.levels
        level = levels.get("community", levels.get("township", levels["district"]))
        inside = [Scope(self.order.area).covers(level.codes[area]) for area in level.member.tolist()]
        kept = [place for place, is_inside in enumerate(inside) if is_inside]
        return replace(
            whole, withheld=tuple(whole.withheld[place] for place in kept), confidence=tuple(whole.confidence[place] for place in kept)
        )

    def _figures(self, groups: Grouping) -> Figures:
        """Count everything by group."""
        period, facts = self.order.period, self.facts
        before = period.previous
        at_end = {name: (standing(count, facts, groups, period), standing(count, facts, groups, before)) for name, count in AT_END.items()}
        return Figures({name: compare(count, facts, groups, period) for name, count in HAPPENED.items()}, at_end)


def _must_cover(facts: Facts, order: ReportOrder) -> None:
    """Refuse a period that the log does not cover, for reports of parts of it would give single days away.

    Raises:
        NotReadyError: it does not, or the log has no such area.
    """
    first, through = to_date(facts.first_day), to_date(facts.known_through_day)
    if not facts.first_day <= order.period.start < order.period.end <= facts.known_through_day + 1:
        raise NotReadyError(f"the log must cover the whole period, and goes from {first} through {through}. Choose another, or ingest.")
    townships = facts.places.levels.get("township", facts.places.levels["district"]).codes
    if order.area and not any(code == order.area or code.startswith(f"{order.area}/") for code in townships):
        raise NotReadyError(f"a report must be about the whole or a township, and there is none at {order.area!r}.")
