"""What a target counts, rules that fire by the clock, and the spells in which a case is open."""

from datetime import timedelta

import polars as pl
import pytest

from features.errors import UsageError
from features.eventlog.snapshot import Feed
from features.facts.escalations import (
    clock_fires,
    hazards_of,
    open_spells,
    read_moves,
    refuse_unknown_categories,
    target_marks,
    without_petitions,
)
from features.facts.facts import Outcome
from features.schema import Action, Col
from features.targets import DeadlinePassed, EventFilter, Target, UnresolvedAfter
from tests.support.event_logs import Case, make_log, moment

ZONE = "Asia/Shanghai"
OVERDUE = DeadlinePassed(action="overdue", when="deadline_passed")
SLOW = UnresolvedAfter(action="overdue", when="unresolved_after", days=10)
ANY = Target(transitions=("escalated", "overdue"))


def read(*cases: Case) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the reports and what followed them."""
    records = make_log(cases, zone=ZONE).records
    reports = records.filter(pl.col(Col.ACTION) == Action.REPORTED)
    return reports, read_moves(records, reports)


def since_first(times: pl.Series) -> list[float | None]:
    """Return moments as days since the first day."""
    return [None if time is None else round((time - moment(0, ZONE)) / timedelta(days=1), 6) for time in times]


def spells(*cases: Case) -> list[tuple[int, float, float | None]]:
    found = open_spells(*read(*cases))
    return list(zip(found["case"], since_first(found["start_at"]), since_first(found["end_at"]), strict=True))


def feeds(*rules: DeadlinePassed | UnresolvedAfter, name: str = "feed") -> dict[str, Feed]:
    return {name: Feed(name, moment(1000, ZONE), rules)}


def fires(*cases: Case, of: dict[str, Feed], target: Target = ANY) -> list[tuple[int, float]]:
    found = clock_fires(read(*cases)[0], of, target, ZONE)
    return list(zip(found["case"], since_first(found["fire_at"]), strict=True))


def marks(*cases: Case, target: Target = ANY, of: dict[str, Feed] | None = None) -> list[tuple[int, float, float, Outcome]]:
    reports, moves = read(*cases)
    found = target_marks(target, reports, moves, open_spells(reports, moves), clock_fires(reports, of or {}, target, ZONE))
    outcomes = [Outcome(number) for number in found["outcome"]]
    return list(zip(found["case"], since_first(found[Col.AT]), since_first(found[Col.KNOWN_AT]), outcomes, strict=True))


def test_read_moves_stand_by_case_in_the_order_in_which_they_became_known() -> None:
    _, moves = read(Case("a", 1, moves=(("escalated", 2, 9), ("accepted", 3, 4))), Case("b", 1, closed=2))

    assert [(0, "accepted"), (0, "escalated"), (1, "resolved")] == moves.select("case", Col.ACTION).rows()


def test_read_moves_of_cases_that_are_left_out_are_left_out() -> None:
    records = make_log([Case("a", 1, closed=2), Case("b", 1, closed=3)], zone=ZONE).records
    reports = records.filter((pl.col(Col.ACTION) == Action.REPORTED) & (pl.col(Col.GRID_ID) == "b"))

    assert [3] == since_first(read_moves(records, reports)[Col.AT])


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Case("a", 1), [(0, 1, None)]),
        (Case("a", 1, known=4), [(0, 4, None)]),
        (Case("a", 1, closed=5), [(0, 1, 5)]),
        (Case("a", 1, moves=(("resolved", 5, 8),)), [(0, 1, 8)]),
        (Case("a", 1, closed=5, moves=(("reopened", 7), ("resolved", 9))), [(0, 1, 5), (0, 7, 9)]),
        (Case("a", 1, closed=5, moves=(("reopened", 7),)), [(0, 1, 5), (0, 7, None)]),
        (Case("a", 1, closed=5, moves=(("resolved", 6), ("withdrawn", 7))), [(0, 1, 5)]),
        (Case("a", 1, moves=(("reopened", 3), ("resolved", 5))), [(0, 1, 5)]),
        (Case("a", 1, moves=(("accepted", 2), ("escalated", 3))), [(0, 1, None)]),
    ],
    ids=[
        "open",
        "known late",
        "closed",
        "closing known late",
        "closed twice",
        "open again",
        "closed thrice",
        "reopened while open",
        "other moves",
    ],
)
def test_open_spells_of_one_case(case: Case, expected: list[tuple[int, float, float | None]]) -> None:
    assert expected == spells(case)


def test_open_spells_of_one_case_are_not_ended_by_the_next_case() -> None:
    assert [(0, 1, None), (1, 1, 3), (1, 4, None)] == spells(Case("a", 1), Case("b", 1, closed=3, moves=(("reopened", 4),)))


@pytest.mark.parametrize(
    ("event_type", "deadline", "end"),
    [("petition", None, 61), ("petition", 30, 30), ("petition", 3, 5), ("dispute", 30, 5)],
    ids=["legal term", "own deadline", "deadline before", "no petition"],
)
def test_open_spells_withdrawn_petition_lasts_until_its_term(event_type: str, deadline: float | None, end: float) -> None:
    assert [(0, 1, end)] == spells(Case("a", 1, event_type=event_type, deadline=deadline, moves=(("withdrawn", 5),)))


def test_clock_fires_at_the_deadline_of_cases_that_have_one() -> None:
    assert [(0, 9.5)] == fires(Case("a", 1, deadline=9.5), Case("b", 1), of=feeds(OVERDUE))


def test_clock_fires_days_after_the_report_not_after_it_became_known() -> None:
    assert [(0, 11.25)] == fires(Case("a", 1.25, known=4), of=feeds(SLOW))


@pytest.mark.parametrize(
    ("case", "of", "target"),
    [
        (Case("a", 1, deadline=9, event_type="petition"), feeds(OVERDUE), ANY),
        (Case("a", 1, deadline=9), feeds(OVERDUE, name="other"), ANY),
        (Case("a", 1, deadline=9), feeds(OVERDUE), Target(transitions=("escalated",))),
    ],
    ids=["petition", "rule of another feed", "not of the target"],
)
def test_clock_fires_only_where_a_rule_of_the_target_applies(case: Case, of: dict[str, Feed], target: Target) -> None:
    assert [] == fires(case, of=of, target=target)


@pytest.mark.parametrize(
    ("closed", "expected"),
    [(None, [9]), (9.5, [9]), (9, []), (8, [])],
    ids=["open", "closed later", "closed at that moment", "closed before"],
)
def test_target_marks_deadline_counts_only_where_the_case_is_open_then(closed: float | None, expected: list[float]) -> None:
    found = marks(Case("a", 1, closed=closed, deadline=9), of=feeds(OVERDUE))

    assert [(0, at, at, Outcome.TERM_PASSED) for at in expected] == found


def test_target_marks_deadline_before_the_report_was_known_counts_nothing() -> None:
    assert [] == marks(Case("a", 1, known=9.5, deadline=9), of=feeds(OVERDUE))


def test_target_marks_once_per_spell_by_what_was_known_first() -> None:
    case = Case("a", 1, closed=12, deadline=9, moves=(("escalated", 5, 10), ("reopened", 14), ("escalated", 15)))

    assert [(0, 9, 9, Outcome.TERM_PASSED), (0, 15, 15, Outcome.HANDED_UP)] == marks(case, of=feeds(OVERDUE))


def test_target_marks_reopening_counts_where_the_target_names_it() -> None:
    case = Case("a", 1, closed=5, moves=(("reopened", 7, 8),))

    assert [(0, 7, 8, Outcome.CAME_BACK)] == marks(case, target=Target(transitions=("reopened",)))


def test_target_marks_new_events_count_by_when_they_happened() -> None:
    target = Target(events=EventFilter(event_type=("hazard",), category=("other",)))
    cases = (
        Case("a", 3, occurred=1, known=4, event_type="hazard"),
        Case("a", 3, event_type="hazard", category="contract"),
        Case("a", 3),
    )

    assert [(0, 1, 4, Outcome.REPORTED)] == marks(*cases, target=target)


@pytest.mark.parametrize("target", [ANY, Target(events=EventFilter())], ids=["transitions", "events"])
def test_target_marks_petitions_never_count(target: Target) -> None:
    assert [] == marks(Case("a", 1, event_type="petition", deadline=5, moves=(("escalated", 3),)), target=target, of=feeds(OVERDUE))


def test_without_petitions_numbers_stay_those_of_all_cases() -> None:
    reports, _ = read(Case("a", 1), Case("a", 2, event_type="petition"), Case("a", 3))

    assert [0, 2] == without_petitions(reports)["case"].to_list()


def test_hazards_of_a_parent_are_its_cases_handed_up() -> None:
    assert ("escalated",) == hazards_of(Target(transitions=("escalated", "overdue", "reopened"), horizon_days=9)).transitions


def test_refuse_unknown_categories_names_the_nearest_and_where_to_declare() -> None:
    target = Target(events=EventFilter(category=("neighbour",)))
    with pytest.raises(UsageError, match=r"must name known categories, got 'neighbour'.*neighbor.*declared under `categories:`"):
        refuse_unknown_categories(target, {"neighbor", "contract"})


@pytest.mark.parametrize("target", [ANY, Target(events=EventFilter(category=("contract",)))])
def test_refuse_unknown_categories_known_ones_pass(target: Target) -> None:
    refuse_unknown_categories(target, {"neighbor", "contract"})
