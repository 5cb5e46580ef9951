"""All tables of the reports of three months and their quarter, attacked together by linear programming."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import linprog

from features.eventlog.snapshot import LogSnapshot
from features.facts.derive import read_facts
from serving.disclosure import SMALLEST_EXPORTED_COUNT
from serving.documents.paper import Speaker
from serving.situation_report import counts
from serving.situation_report.counts import by_area, by_kind, happened, new_cases
from serving.situation_report.handling import Rates, handling_section, read_handling
from serving.situation_report.period import Period, month, quarter
from tests.support.event_logs import SETTINGS, Case, make_log

TOWNSHIPS, KINDS, MONTHS = 5, ("neighbor", "labor_wage", "family", "property_mgmt"), 3
GRIDS = {f"g{number}": f"D/T{number}/C{number}" for number in range(TOWNSHIPS)}
SHAPE = (TOWNSHIPS, len(KINDS), MONTHS)
HIGHEST = SMALLEST_EXPORTED_COUNT - 1
TOLERANCE = 1e-6

Counts = npt.NDArray[np.int64]
Cells = npt.NDArray[np.bool_]


def draw(seed: int) -> Counts:
    """Draw new cases by township, kind and month, most of them few."""
    rng = np.random.default_rng(seed)
    busy = rng.choice([0.1, 0.5, 2.0], (TOWNSHIPS, 1, 1)) * rng.choice([0.3, 1.0, 4.0], (1, len(KINDS), 1))
    return rng.poisson(np.broadcast_to(busy, SHAPE))


def log_of(drawn: Counts) -> LogSnapshot:
    """Return a log of these cases, spread over the days of their months; most are closed."""
    rng, starts = np.random.default_rng(1), (0, 31, 59)
    cases = [
        Case(
            f"g{town}",
            (day := starts[part] + float(rng.integers(0, 27)) + 0.5),
            closed=day + 5 if rng.random() < 0.9 else None,
            category=kind,
        )
        for (town, nth, part), count in np.ndenumerate(drawn)
        for kind in [KINDS[nth]]
        for _ in range(count)
    ]
    return make_log(cases, grids=GRIDS)


@dataclass
class Known:
    """What a reader knows: sums over cells, exactly or at least."""

    sums: list[tuple[Cells, int]] = field(default_factory=list)
    least: list[tuple[Cells, int]] = field(default_factory=list)
    few: list[Cells] = field(default_factory=list)
    """Sums that are hidden by the threshold itself."""

    def learn(self, cells: Cells, shown: int | None, true: int) -> None:
        """Take a number, or that one is hidden, which zeros never are."""
        if shown is None:
            self.least.append((cells, 1))
            if 0 < true < SMALLEST_EXPORTED_COUNT:
                self.few.append(cells)
        else:
            self.sums.append((cells, shown))

    def feasible(self, cells: Cells) -> tuple[float, float]:
        """Return between what a sum can lie."""
        sums = [*self.sums, (np.zeros(SHAPE, np.bool_), 0)]
        equal = {"A_eq": np.array([each.ravel() for each, _ in sums], float), "b_eq": [value for _, value in sums]}
        above = {"A_ub": -np.array([each.ravel() for each, _ in self.least], float), "b_ub": [-value for _, value in self.least]}
        low, high = (linprog(sign * cells.ravel().astype(float), **equal, **above) for sign in (1, -1))
        assert low.status == 0
        return low.fun, -high.fun if high.status == 0 else np.inf


def box(town: int | None = None, kind: int | None = None, part: int | None = None) -> Cells:
    """Return flags of the cells of a township, a kind and a month; None is all."""
    cells = np.zeros(SHAPE, np.bool_)
    cells[tuple(slice(None) if each is None else each for each in (town, kind, part))] = True
    return cells


def read_reports(log: LogSnapshot, drawn: Counts) -> Known:
    """Read the numbers of new cases off every table of four reports of the whole."""
    facts, known = read_facts(log, "escalation", SETTINGS), Known()
    areas, kinds = by_area(facts), by_kind(facts)
    areas, kinds = replace(areas, beside=kinds), replace(kinds, beside=areas)
    named = [KINDS.index(name.partition("/")[2]) for name in kinds.names]
    for part, period in enumerate([*map(month, ("2025-01", "2025-02", "2025-03")), quarter("2025Q1")]):
        within = part if part < MONTHS else None
        by_township, by_category = (happened(new_cases, facts, each, period) for each in (areas, kinds))
        for town, shown in enumerate(by_township.cells):
            known.learn(box(town, None, within), shown, int(drawn[box(town, None, within)].sum()))
        for nth, shown in zip(named, by_category.cells, strict=True):
            known.learn(box(None, nth, within), shown, int(drawn[box(None, nth, within)].sum()))
        for column in (by_township, by_category):
            if column.total is not None:
                known.sums.append((box(None, None, within), column.total))
        _read_handling(log, period, within, by_township.cells, known)
    return known


def _read_handling(log: LogSnapshot, period: Period, within: int | None, shown: list[int | None], known: Known) -> None:
    """Read how many records stand in brackets: those of the first column are the new cases, of the others some of them."""
    handled = read_handling(log, period, SETTINGS.zone, [f"D/T{town}" for town in range(TOWNSHIPS)])
    table = handling_section(handled, [(f"T{town}", cell) for town, cell in enumerate(shown)], "", Speaker("en")).table
    for town, (_, *figures) in enumerate(table.rows):
        told = [int(found[1]) if (found := re.search(r"\((\d+)\)", figure)) else None for figure in figures]
        if told[0] is not None:
            known.sums.append((box(town, None, within), told[0]))
        known.least += [(box(town, None, within), each) for each in told[1:] if each is not None]


def given_away(seeds: range) -> tuple[int, int]:
    """Return of how many hidden counts below five the range is narrower than one to four, and how many there are.

    What is hidden is no zero and what is shown as zero is one, so that several signs tell a least together; that is left aside.
    """
    narrowed = tried = 0
    for seed in seeds:
        drawn = draw(seed)
        known = read_reports(log_of(drawn), drawn)
        for cells in known.few:
            low, high = known.feasible(cells)
            least, _ = replace(known, sums=[each for each in known.sums if each[1] == 0]).feasible(cells)
            tried += 1
            narrowed += low > least + TOLERANCE or high < HIGHEST - TOLERANCE
    return narrowed, tried


@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(60), marks=pytest.mark.full)], ids=len)
def test_hidden_counts_keep_their_whole_range_whatever_tables_are_put_together(
    seeds: range, record_property: Callable[[str, object], None]
) -> None:
    narrowed, tried = given_away(seeds)

    record_property("hidden counts of a quarter's reports attacked together, and narrowed", f"{tried}, {narrowed}")
    assert narrowed == 0
    assert tried > 8 * len(seeds)


def _print_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print how cases were handled wherever that alone may be printed."""
    cells = Rates.cells
    monkeypatch.setattr(Rates, "cells", lambda rates, say, **_: cells(rates, say))


def _know_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mask each grouping by itself."""
    monkeypatch.setattr(counts, "_beside", lambda groups, column: column(groups))


def _hide_few_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mask what is below five and no further."""
    monkeypatch.setattr(
        counts, "mask", lambda each, days: [None if 0 < count < SMALLEST_EXPORTED_COUNT else round(count) for count in each]
    )
    monkeypatch.setattr(counts, "mask_sum", lambda each, _: round(sum(each)))


@pytest.mark.full
@pytest.mark.parametrize("break_it", [_print_all, _know_no_other, _hide_few_alone])
def test_tables_that_are_masked_each_by_itself_are_caught(
    break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)

    assert given_away(range(60))[0] > 0
