"""Undertakings: projects, treatments, periods and shocks announced, under way or just ended, here and around.

A campaign makes staff look harder: it is a note on the data and never a reason. A period that covers everything is in the calendar.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.display import AREA_EN, AREA_ZH
from features.facts.facts import Facts
from features.panel.as_ofs import MEMORY_DAYS, Values
from features.panel.block import Block
from features.panel.channels import Channel, ChannelSet
from features.panel.counters import Increments
from features.panel.feature import Feature, Kind, Use, Valued
from features.undertakings.in_force import Undertakings
from features.undertakings.undertaking import UndertakingKind, words_of

FAMILY = "undertakings"
JUST_ENDED_DAYS = 90
BEGUN_DAYS = 56
"""Days from its start in which an undertaking counts as begun lately."""
SHOCK_TAU_DAYS = 30


@dataclass(frozen=True)
class Stage:
    """A stage of an undertaking: from which day to which it is in it, and its words in both languages."""

    name: str
    days: Callable[[Undertakings], tuple[Days, Days]]
    """First and last as_of, the first excluded."""
    zh: str
    en: str


STAGES = (
    Stage("announced", lambda rows: (rows.known_day, rows.start_day - 1), "已公布、尚未开始", "announced, not begun"),
    Stage("underway", lambda rows: (rows.start_day - 1, rows.end_day - 1), "正在进行", "under way"),
    Stage("ended", lambda rows: (rows.end_day - 1, _later(rows.end_day, JUST_ENDED_DAYS - 1)), "结束不足90天", "ended within 90 days"),
)
AROUND = STAGES[:2]
"""Stages that are counted around a grid too."""


def near_start(horizon_days: int) -> tuple[Stage, Stage]:
    """Return the two stages around the start of an undertaking, in which most of what it brings comes."""
    return (
        Stage(
            "starting",
            lambda rows: (rows.start_day - horizon_days, rows.start_day - 1),
            f"{horizon_days}天内开始",
            f"to begin within {horizon_days} days",
        ),
        Stage(
            "begun",
            lambda rows: (rows.start_day - 1, np.minimum(_later(rows.start_day, BEGUN_DAYS - 1), rows.end_day - 1)),
            f"开始不足{BEGUN_DAYS}天",
            f"begun within {BEGUN_DAYS} days",
        ),
    )


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield columns for each kind and sub-kind of the log's undertakings."""
    stages = (*STAGES, *near_start(horizon_days))
    for kind in UndertakingKind:
        sub_kinds = [sub_kind for each, sub_kind in facts.undertaking_kinds if each == kind]
        if kind == UndertakingKind.CAMPAIGN and sub_kinds:
            yield _campaign()
        elif sub_kinds:
            yield from _here(kind, stages)
            yield from _around(facts, kind)
            for sub_kind in sub_kinds if len(sub_kinds) > 1 else ():
                yield from (_stage(kind, stage, sub_kind) for stage in stages)


def _here(kind: str, stages: Sequence[Stage]) -> Iterator[Feature]:
    yield from (_stage(kind, stage) for stage in stages)
    zh, en = words_of(kind)
    if kind == UndertakingKind.SHOCK:
        yield _feature(kind, "decay", "cases", (f"近期{zh}折合{{n}}起", f"{en} lately (weighted {{n}})"), _faded)
        return
    yield _feature(kind, "start_gap", "days", (f"距最近的{zh}开始还有{{n}}天", f"{{n}} days to the next {en}"), _days_to_start(kind))
    yield _feature(kind, "since", "days", (f"最近的{zh}已开始{{n}}天", f"{{n}} days since the last {en} began"), _days_since_start(kind))


def _around(facts: Facts, kind: str) -> Iterator[Feature]:
    zh, en = words_of(kind)
    community = facts.places.levels.get("community")
    for stage in AROUND:
        if facts.places.neighbours is not None:
            beside = f"{AREA_ZH['neighbours']}平均有{{n}}个{zh}{stage.zh}", f"{{n}} {en} {stage.en} per grid in {AREA_EN['neighbours']}"
            feature = _feature(kind, f"{stage.name}_count", "undertakings", beside, _neighbours_in(kind, stage))
            yield replace(feature, scope="neighbours")
        if community is not None and community.size < facts.places.size:
            around = f"{AREA_ZH['community']}其他网格平均有{{n}}个{zh}{stage.zh}", f"{{n}} {en} {stage.en} per other grid of the community"
            feature = _feature(kind, f"{stage.name}_mean", "undertakings", around, _community_in(kind, stage))
            yield replace(feature, scope="community")


def _stage(kind: str, stage: Stage, sub_kind: str | None = None) -> Feature:
    zh, en = words_of(kind, sub_kind)
    phrases = f"本网格有{{n}}个{zh}{stage.zh}", f"{{n}} {en} {stage.en} here"
    feature = _feature(kind, f"{stage.name}_count", "undertakings", phrases, _grids_in(kind, stage, sub_kind))
    return replace(feature, category=sub_kind)


def _campaign() -> Feature:
    zh = "正值专项行动（{n}个），排查发现的事项按平常的发现水平折算"
    en = "{n} campaigns under way; what staff found counts at its usual rate of finding"
    counted = _grids_in(UndertakingKind.CAMPAIGN, STAGES[1])
    about = FAMILY, "quality", Kind.QUALITY, "undertakings", zh, en, counted
    return Feature(UndertakingKind.CAMPAIGN, "underway_count", *about, use=Use.SHOWN_ONLY)


def _feature(kind: str, measure: str, unit: str, phrases: tuple[str, str], value: Valued) -> Feature:
    shown = Kind.CONTEXT if kind == UndertakingKind.PERIOD else Kind.DRIVER
    return Feature(kind, measure, FAMILY, f"{FAMILY}_{kind}", shown, unit, *phrases, value)


def _chosen(facts: Facts, kind: str, sub_kind: str | None = None) -> npt.NDArray[np.bool_]:
    """Tell which rows are of a kind or sub-kind."""
    wanted = [place for place, pair in enumerate(facts.undertaking_kinds) if pair[0] == kind and sub_kind in {None, pair[1]}]
    return np.isin(facts.undertakings.kind, wanted)


def _channel(kind: str, stage: Stage, sub_kind: str | None = None) -> Channel:
    """Return the state of undertakings in a stage, while the version that says so holds."""

    def increments(facts: Facts) -> Increments:
        rows = facts.undertakings
        first, last = stage.days(rows)
        begin, end = np.maximum(first, rows.known_day), np.minimum(last, rows.until_day)
        channel = np.where(_chosen(facts, kind, sub_kind), np.int16(0), np.int16(-1))
        return Increments(1, channel, rows.grid, begin.astype(np.int32), np.ones(len(rows.grid)), end.astype(np.int32))

    return Channel(ChannelSet(f"{kind}/{sub_kind or ''}/{stage.name}", increments))


def _grids_in(kind: str, stage: Stage, sub_kind: str | None = None) -> Valued:
    return lambda block: block.level(_channel(kind, stage, sub_kind))


def _neighbours_in(kind: str, stage: Stage) -> Valued:
    return lambda block: block.level_of_neighbours(_channel(kind, stage))


def _community_in(kind: str, stage: Stage) -> Valued:
    return lambda block: block.level_of_area("community", _channel(kind, stage))


def _days_to_start(kind: str) -> Valued:
    return lambda block: _nearest_start(block, kind, lambda as_of, start: start - as_of)


def _days_since_start(kind: str) -> Valued:
    return lambda block: _nearest_start(block, kind, lambda as_of, start: as_of - start)


def _nearest_start(block: Block, kind: str, distance: Callable[[int, Days], Days]) -> Values:
    """Return the least distance of 0 to `MEMORY_DAYS` days between each as_of and the starts known then; NaN where there is none."""
    rows = block.facts.undertakings
    values = np.full(block.shape, np.inf)
    chosen = _chosen(block.facts, kind)
    for place, as_of in enumerate(block.when.as_ofs.tolist()):
        days = distance(as_of, rows.start_day)
        holds = chosen & (rows.known_day < as_of) & (as_of <= rows.until_day) & (days >= 0) & (days <= MEMORY_DAYS)
        np.minimum.at(values[place], rows.grid[holds], days[holds])
    return np.where(np.isinf(values), np.nan, values)


def _faded(block: Block) -> Values:
    """Return shocks weighted by exp(-age / `SHOCK_TAU_DAYS`), age in days from the day they were known and had begun."""
    return block.decayed(Channel(SHOCKS), SHOCK_TAU_DAYS)


def _shocks(facts: Facts) -> Increments:
    rows = facts.undertakings
    first_version = np.ones(len(rows.grid), np.bool_)
    order = np.lexsort((rows.known_day, rows.number, rows.grid))
    same = (np.diff(rows.number[order]) == 0) & (np.diff(rows.grid[order]) == 0)
    first_version[order[1:][same]] = False
    begun = np.maximum(rows.known_day, rows.start_day)
    channel = np.where(_chosen(facts, UndertakingKind.SHOCK) & first_version, np.int16(0), np.int16(-1))
    return Increments(1, channel, rows.grid, begun, np.ones(len(rows.grid)))


SHOCKS = ChannelSet("shocks", _shocks)


def _later(days: Days, by: int) -> Days:
    return np.where(days < NEVER, days + np.int32(by), NEVER).astype(np.int32)
