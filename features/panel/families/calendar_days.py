"""Calendar features: workdays, festivals and periods ahead. Equal for all grids, so they move the level, not the ranks."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from features.days import to_date
from features.panel.as_ofs import MEMORY_DAYS, Values
from features.panel.block import Block
from features.panel.feature import Feature, Kind, Valued
from features.settings import CalendarSettings, Period
from features.workdays import days_to_spring_festival, days_within, workdays

YEAR = 365.25


def features(calendar: CalendarSettings, horizon_days: int) -> Iterator[Feature]:
    """Yield calendar columns of the horizon [as_of, as_of + horizon_days); the Spring Festival only where it is kept."""
    yield _calendar("workdays", "ahead", "days", "时段内工作日{n}天", "{n} workdays ahead", lambda block: _workdays(block, calendar))
    for measure, turn in (("sin", np.sin), ("cos", np.cos)):
        yield replace(_calendar("season", measure, "phase", "季节", "season", _turning(turn)), min_history_days=2 * MEMORY_DAYS)
    if calendar.country == "CN":
        yield _calendar(
            "days",
            "to_spring_festival",
            "days",
            "距春节{n}天",
            "{n} days to the Spring Festival",
            lambda block: _all_grids(block, days_to_spring_festival(block.when.as_ofs)),
        )
    for name, zh, en, periods in (
        ("exam", "时段内含考试{n}天", "{n} exam days ahead", calendar.exam_periods),
        ("sensitive", "时段内含重要时段{n}天", "{n} days of notable periods ahead", calendar.sensitive_periods),
    ):
        if periods:
            yield _calendar(name, "days_ahead", "days", zh, en, _days_of(periods, horizon_days))


def _calendar(subject: str, measure: str, unit: str, zh: str, en: str, value: Valued) -> Feature:
    about = "calendar", "calendar", Kind.CONTEXT, unit, zh, en, value
    return Feature(subject, measure, *about, scope=None, min_history_days=MEMORY_DAYS)


def _turning(turn: np.ufunc) -> Valued:
    return lambda block: _all_grids(block, turn(_phase(block)))


def _days_of(periods: tuple[Period, ...], horizon_days: int) -> Valued:
    return lambda block: _all_grids(block, days_within(block.when.as_ofs, horizon_days, periods))


def _workdays(block: Block, calendar: CalendarSettings) -> Values:
    as_ofs, horizon = block.when.as_ofs, block.when.horizon_days
    first = int(as_ofs[0])
    passed = np.concatenate([[0], np.cumsum(workdays(first, int(as_ofs[-1]) + horizon, calendar))])
    return _all_grids(block, passed[as_ofs - first + horizon] - passed[as_ofs - first])


def _phase(block: Block) -> npt.NDArray[np.float64]:
    return np.array([to_date(day).timetuple().tm_yday for day in block.when.as_ofs]) * (2 * np.pi / YEAR)


def _all_grids(block: Block, values: npt.NDArray[np.generic]) -> Values:
    return np.broadcast_to(values.astype(np.float64)[:, None], block.shape)
