"""Histories: what the records of each case alone say of it."""

from dataclasses import fields

import numpy as np
import polars as pl
import pytest

from features.days import NEVER
from features.errors import UsageError
from features.facts.arrays import Vocabulary
from features.facts.derive import find_subject
from features.facts.histories import Histories, merge_histories, read_histories, uses_all_words
from features.schema import Col
from features.targets import DeadlinePassed, Target
from tests.support.event_logs import GRIDS, SETTINGS, Case, days, make_log

IDS = np.array(sorted(GRIDS))
LOG = {
    "rules": (DeadlinePassed(action="overdue", when="deadline_passed"),),
    "targets": {"any": Target(transitions=("escalated", "overdue"))},
}


def read(*cases: Case, only: tuple[int, ...] | None = None, words: Vocabulary | None = None, target: str = "any") -> Histories:
    """Read the histories of cases, or of those of some sequence numbers only."""
    log = make_log(cases, **LOG)
    records = log.records if only is None else log.records.filter(pl.col(Col.EVENT_SEQ).is_in(list(only)))
    return read_histories(records, IDS, find_subject(log.feeds, target, SETTINGS), words)


def since_first(numbers: np.ndarray) -> list[int]:
    first = int(days(0)[0])
    return [NEVER if number == NEVER else int(number) - first for number in numbers]


def test_read_histories_cases_stand_by_grid_then_by_when_they_became_known() -> None:
    found = read(Case("b", 1), Case("a", 9), Case("a", 5, known=12), Case("a", 9))

    assert [2, 4, 3, 1] == found.event_seq.tolist()
    assert [0, 0, 0, 1] == found.cases.grid.tolist()


@pytest.mark.parametrize(
    ("people", "group"), [(None, False), ("1-2", False), ("3-4", False), ("5-9", True), ("10-29", True), ("30+", True)]
)
def test_read_histories_five_people_or_more_are_a_group(people: str | None, group: bool) -> None:
    assert [group] == read(Case("a", 1, people=people)).cases.group.tolist()


@pytest.mark.parametrize(("reported", "minute"), [(3, -1), (3 + 1 / 1440, 1), (3.5, 720), (3 + 1439 / 1440, 1439)])
def test_read_histories_minute_of_the_local_day_and_none_for_a_bare_date(reported: float, minute: int) -> None:
    assert [minute] == read(Case("a", reported)).cases.reported_minute.tolist()


@pytest.mark.parametrize(("self_found", "code"), [(True, 1), (False, 0), (None, -1)])
def test_read_histories_self_found_is_told_from_unknown(self_found: bool | None, code: int) -> None:
    assert [code] == read(Case("a", 1, self_found=self_found)).cases.self_found.tolist()


def test_read_histories_days_are_those_of_the_zone() -> None:
    cases = read(Case("a", 10.99, occurred=9.99, known=12.0, deadline=20.5)).cases

    assert ([9], [12], [20], [20]) == tuple(
        since_first(getattr(cases, name)) for name in ("occurred_day", "known_day", "deadline_day", "due_day")
    )


def test_read_histories_without_deadline_is_never_due() -> None:
    cases = read(Case("a", 10)).cases

    assert ([NEVER], [NEVER]) == (cases.deadline_day.tolist(), cases.due_day.tolist())


def test_read_histories_rule_that_is_not_the_target_s_makes_nothing_due() -> None:
    found = read(Case("a", 10, deadline=20), target="escalation")

    assert ([NEVER], [20]) == (found.cases.due_day.tolist(), since_first(found.cases.deadline_day))


def test_read_histories_of_corrections_on_one_day_the_last_counts() -> None:
    moves = (
        ("corrected", 3.1, 3.1, "b", "other"),
        ("corrected", 3.2, 3.2, "c", "contract"),
        ("corrected", 5, 5, "d", "contract"),
    )
    found = read(Case("a", 1, moves=moves)).corrections

    assert ([3, 5], [2, 3]) == (since_first(found.known_day), found.grid.tolist())


def test_read_histories_words_of_corrections_are_known() -> None:
    found = read(Case("a", 1, moves=(("corrected", 3, 3, "b", "contract"),)))

    assert (("dispute", "contract"), ("dispute", "other")) == found.words.kinds
    assert [0] == found.corrections.kind.tolist()


def test_read_histories_target_without_a_parent_is_its_own_hazard() -> None:
    found = read(Case("a", 1, moves=(("escalated", 3),)))

    assert found.hazards is found.target
    assert [3] == since_first(found.target.known_day)


def test_read_histories_grid_outside_the_table_is_refused_with_advice() -> None:
    with pytest.raises(UsageError, match=r"events lie outside the grid table\. Ingest the grid file"):
        read(Case("z", 1))


OLD = (
    Case("a", 1, closed=4, moves=(("escalated", 2),)),
    Case("b", 2, source="hotline", moves=(("corrected", 6, 6, "c", "contract"),)),
    Case("a", 3, closed=5, moves=(("reopened", 7), ("escalated", 9))),
)


def assert_equal(one: object, other: object) -> None:
    """Hold every array of two histories equal, in type too."""
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            assert (mine.dtype, mine.tolist()) == (theirs.dtype, theirs.tolist()), field.name
        elif hasattr(mine, "__dataclass_fields__") and not isinstance(mine, Vocabulary):
            assert_equal(mine, theirs)
        else:
            assert mine == theirs


@pytest.mark.parametrize("changed", [(1,), (2,), (3,), (1, 3), (1, 2, 3)], ids=["first", "corrected", "last", "two of one grid", "all"])
def test_merge_histories_of_changed_cases_equal_those_read_at_once(changed: tuple[int, ...]) -> None:
    """Sequence numbers of the cases follow their records: the log is written anew with one more move of each changed case."""
    now = [
        Case(**{**case.__dict__, "moves": (*case.moves, ("withdrawn", 20))}) if number in changed else case
        for number, case in enumerate(OLD, 1)
    ]
    records, before = make_log(now, **LOG), make_log(OLD, **LOG)
    seqs = records.records.filter(pl.col(Col.ACTION) == "reported")[Col.SEQ].to_list()
    old_seqs = before.records.filter(pl.col(Col.ACTION) == "reported")[Col.SEQ].to_list()
    renumbered = before.records.with_columns(pl.col(Col.EVENT_SEQ).replace(old_seqs, seqs))
    subject = find_subject(records.feeds, "any", SETTINGS)
    expected = read_histories(records.records, IDS, subject)
    old = read_histories(renumbered, IDS, subject, expected.words)
    news = records.records.filter(pl.col(Col.EVENT_SEQ).is_in([seqs[number - 1] for number in changed]))

    assert_equal(expected, merge_histories(old, read_histories(news, IDS, subject, expected.words)))


def test_merge_histories_of_new_cases_equal_those_read_at_once() -> None:
    cases = (*OLD, Case("a", 2, closed=3, moves=(("escalated", 2.5),)), Case("d", 1))
    expected = read(*cases)
    seqs = sorted(expected.event_seq.tolist())
    old, new = (read(*cases, only=tuple(part), words=expected.words) for part in (seqs[:3], seqs[3:]))

    assert_equal(expected, merge_histories(old, new))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (Vocabulary(("dispute",), (("dispute", "other"),), ("hotline",)), True),
        (Vocabulary(("dispute",), (("dispute", "contract"), ("dispute", "other")), ("hotline",)), False),
        (Vocabulary(("dispute",), (("dispute", "other"),), ("hotline", "resident")), False),
        (Vocabulary(("dispute", "hazard"), (("dispute", "other"),), ("hotline",)), False),
    ],
    ids=["all", "a kind too many", "a source too many", "a type too many"],
)
def test_uses_all_words_tells_whether_one_no_longer_occurs(words: Vocabulary, expected: bool) -> None:
    assert expected == uses_all_words(read(Case("a", 1, source="hotline"), words=words))


def test_uses_all_words_of_corrections_count() -> None:
    assert uses_all_words(read(Case("a", 1, moves=(("corrected", 3, 3, "b", "contract"),))))
