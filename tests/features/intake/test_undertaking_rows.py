"""Rows of undertakings and of effort: read, or refused for one stated reason."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import Engine

from features.database.engine import reading
from features.eventlog.undertakings import current_undertakings
from features.intake.quarantine import Code, Reason
from features.intake.undertaking_rows import (
    EFFORT_COLUMNS,
    MOST_NAME_CHARS,
    UndertakingTerms,
    declare_campaigns,
    read_effort,
    read_undertakings,
    store_effort,
)
from features.settings import LogSettings
from features.undertakings.undertaking import Undertaking

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ZONE = "Asia/Shanghai"
RIGHT = {
    "undertaking_id": "p1",
    "kind": "project",
    "sub_kind": "construction",
    "places": "g1",
    "public_at": "2026-01-05",
    "start_at": "2026-02-05",
    "end_at": "2026-08-05",
}


def read(*rows: dict[str, str | None], terms: UndertakingTerms | None = None, **settings) -> tuple[list[Reason], list[Undertaking]]:
    full = [RIGHT | row for row in rows]
    flat = pl.DataFrame(full, schema=dict.fromkeys(full[0], pl.String))
    terms = terms or UndertakingTerms(LogSettings(**settings), {"g1", "g2", "d/t1"}, NOW)
    faults, fit = read_undertakings(flat, flat["undertaking_id"].fill_null("") + "-hashed", terms)
    return faults.reasons, fit


def test_read_undertakings_right_row_is_read_with_what_is_left_out_unknown() -> None:
    expected = Undertaking("p1-hashed", "project", "construction", "g1", date(2026, 1, 5), date(2026, 2, 5), date(2026, 8, 5))

    assert ([], [expected]) == read({})


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"undertaking_id": None}, ("undertaking_id", Code.ID_MISSING)),
        ({"undertaking_id": "x" * 65}, ("undertaking_id", Code.ID_FORMAT)),
        ({"kind": "festival"}, ("kind", Code.TYPE_UNKNOWN)),
        ({"kind": None}, ("kind", Code.TYPE_UNKNOWN)),
        ({"sub_kind": "screening"}, ("sub_kind", Code.CATEGORY_UNKNOWN)),
        ({"sub_kind": None}, ("sub_kind", Code.CATEGORY_UNKNOWN)),
        ({"places": "g9"}, ("places", Code.GRID_UNKNOWN)),
        ({"places": "g1;g9"}, ("places", Code.GRID_UNKNOWN)),
        ({"places": " ; "}, ("places", Code.GRID_UNKNOWN)),
        ({"public_at": None}, ("public_at", Code.TIME_MISSING)),
        ({"start_at": "soon"}, ("start_at", Code.TIME_FORMAT)),
        ({"end_at": "2026-02-05"}, ("end_at", Code.TIME_ORDER)),
        ({"assessed": "perhaps"}, ("assessed", Code.NUMBER_FORMAT)),
        ({"attention": "much"}, ("attention", Code.NUMBER_FORMAT)),
        ({"attention": "0.24"}, ("attention", Code.NUMBER_RANGE)),
        ({"attention": "4.01"}, ("attention", Code.NUMBER_RANGE)),
        ({"attention": "nan"}, ("attention", Code.NUMBER_RANGE)),
        ({"name": "n" * (MOST_NAME_CHARS + 1)}, ("name", Code.CELL_TOO_LONG)),
        ({"name": "联系13812345678"}, ("name", Code.PERSON_PHONE)),
        ({"note_code": "Zhang San"}, ("note_code", Code.CATEGORY_UNKNOWN)),
    ],
)
def test_read_undertakings_row_that_does_not_fit_is_refused_for_its_reason(cells: dict[str, str | None], reason: Reason) -> None:
    assert ([reason], []) == read(cells)


def test_read_undertakings_day_after_the_start_may_be_the_end() -> None:
    assert [date(2026, 2, 6)] == [row.end_at for row in read({"end_at": "2026-02-06"})[1]]


def test_read_undertakings_open_end_is_no_fault() -> None:
    assert [None] == [row.end_at for row in read({"end_at": None})[1]]


def test_read_undertakings_moment_is_its_local_day() -> None:
    assert [date(2026, 2, 6)] == [row.start_at for row in read({"start_at": "2026-02-05T16:00:00Z"})[1]]


@pytest.mark.parametrize(
    ("places", "expected"), [("g2; g1；g2", "g1;g2"), ("d/t1", "d/t1"), (None, "")], ids=["twice", "area", "everything"]
)
def test_read_undertakings_places_stand_in_one_order_each_once(places: str | None, expected: str) -> None:
    assert [expected] == [row.places for row in read({"places": places})[1]]


def test_read_undertakings_declared_sub_kind_is_known() -> None:
    assert ["metro"] == [row.sub_kind for row in read({"sub_kind": "metro"}, sub_kinds=("metro",))[1]]


@pytest.mark.parametrize(("text", "answer"), [("YES", True), ("否", False), (None, None)])
def test_read_undertakings_answers_are_yes_no_or_unknown(text: str | None, answer: bool | None) -> None:
    assert [answer] == [row.heard for row in read({"heard": text})[1]]


@pytest.mark.parametrize("bound", ["0.25", "4"])
def test_read_undertakings_bounds_of_attention_are_allowed(bound: str) -> None:
    assert [float(bound)] == [row.attention for row in read({"attention": bound})[1]]


def test_read_undertakings_row_that_stands_twice_is_no_conflict_and_another_one_is() -> None:
    reasons, fit = read({}, {}, {"end_at": None})

    assert [("undertaking_id", Code.ID_CONFLICT)] == reasons
    assert [date(2026, 8, 5)] * 2 == [row.end_at for row in fit]


def test_read_undertakings_conflict_is_found_across_batches() -> None:
    terms = UndertakingTerms(LogSettings(), {"g1"}, NOW)
    read({}, terms=terms)

    assert [("undertaking_id", Code.ID_CONFLICT)] == read({"end_at": None}, terms=terms)[0]


EFFORT = dict(zip(EFFORT_COLUMNS, ("g1", "2026-01-05", "12", "no", "3"), strict=True))


def effort(*rows: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame([EFFORT | row for row in rows], schema=dict.fromkeys(EFFORT_COLUMNS, pl.String))


def test_read_effort_right_row_is_read_as_numbers() -> None:
    faults, rows = read_effort(effort({}), {"g1"}, ZONE)

    assert [] == faults.reasons
    assert [("g1", date(2026, 1, 5), 12, False, 3)] == rows.rows()


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"grid_id": "g9"}, ("grid_id", Code.GRID_UNKNOWN)),
        ({"grid_id": None}, ("grid_id", Code.GRID_UNKNOWN)),
        ({"week": None}, ("week", Code.TIME_MISSING)),
        ({"week": "W2"}, ("week", Code.TIME_FORMAT)),
        ({"visits": None}, ("visits", Code.NUMBER_FORMAT)),
        ({"visits": "1.5"}, ("visits", Code.NUMBER_FORMAT)),
        ({"visits": "-1"}, ("visits", Code.NUMBER_NEGATIVE)),
        ({"visits": "100001"}, ("visits", Code.NUMBER_RANGE)),
        ({"active_reporters": "-1"}, ("active_reporters", Code.NUMBER_NEGATIVE)),
        ({"screening_campaign": "maybe"}, ("screening_campaign", Code.NUMBER_FORMAT)),
        ({"screening_campaign": None}, ("screening_campaign", Code.NUMBER_FORMAT)),
    ],
)
def test_read_effort_row_that_does_not_fit_is_refused_for_its_reason(cells: dict[str, str | None], reason: Reason) -> None:
    assert [reason] == read_effort(effort(cells), {"g1"}, ZONE)[0].reasons


def test_read_effort_second_row_of_a_week_is_refused() -> None:
    faults, _ = read_effort(effort({}, {"visits": "9"}, {"week": "2026-01-12"}), {"g1"}, ZONE)

    assert ([("week", Code.ID_CONFLICT)], [False, True, False]) == (faults.reasons, faults.rows.to_list())


def test_store_effort_again_is_a_duplicate_and_other_numbers_a_conflict(engine: Engine) -> None:
    places = {"g1", "g2"}
    first, stored = store_effort(engine, effort({}, {"grid_id": "g9"}), places, ZONE)
    again, new = store_effort(engine, effort({}, {"grid_id": "g2"}, {"week": "2026-01-12", "grid_id": "g2"}), places, ZONE)
    other, none = store_effort(engine, effort({"visits": "13"}), places, ZONE)

    assert ([("grid_id", Code.GRID_UNKNOWN)], 1) == (first.reasons, stored)
    assert ([], 2) == (again.reasons, new)
    assert ([("week", Code.ID_CONFLICT)], 0) == (other.reasons, none)


def test_declare_campaigns_screening_weeks_are_entered_once(engine: Engine) -> None:
    weeks = [{"week": week, "grid_id": grid, "screening_campaign": flag} for week, grid, flag in SCREENING]
    store_effort(engine, effort(*weeks), {"g1", "g2"}, ZONE)
    for _ in range(2):
        declare_campaigns(engine, ZoneInfo(ZONE), bytes(32), "li", NOW)

    with reading(engine) as connection:
        found = [(one.kind, one.sub_kind, one.places, one.start_at, one.end_at) for one in current_undertakings(connection)]
    assert [
        ("campaign", "screening", "g1", date(2026, 1, 5), date(2026, 1, 19)),
        ("campaign", "screening", "", date(2026, 2, 2), date(2026, 2, 9)),
    ] == found


SCREENING = [
    ("2026-01-05", "g1", "yes"),
    ("2026-01-12", "g1", "yes"),
    ("2026-01-05", "g2", "no"),
    ("2026-01-12", "g2", "no"),
    ("2026-02-02", "g1", "yes"),
    ("2026-02-02", "g2", "yes"),
]
