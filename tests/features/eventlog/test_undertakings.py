"""The register of undertakings: versions are appended, and each holds from the moment it became known."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import Engine, insert

from features.database.engine import reading, writing
from features.database.tables import grid_mapping
from features.eventlog.sequence import last_sequence
from features.eventlog.undertakings import (
    append_by_hand,
    append_effort,
    append_from_source,
    attention_on,
    campaigns_of_effort,
    current_undertakings,
    known_places,
    paths_above,
    paths_of,
    read_effort,
    read_versions,
)
from features.undertakings.undertaking import Undertaking

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)
ROAD = Undertaking("p1", "project", "construction", "g1", date(2026, 1, 5), date(2026, 2, 1), date(2026, 5, 1))


def from_source(engine: Engine, *rows: Undertaking, now: datetime = NOW) -> int:
    with writing(engine) as connection:
        return append_from_source(connection, rows, "li", now, ZONE)


def by_hand(engine: Engine, row: Undertaking) -> None:
    with writing(engine) as connection:
        append_by_hand(connection, row, "li", NOW)


def current(engine: Engine) -> list[Undertaking]:
    with reading(engine) as connection:
        return current_undertakings(connection)


def known(engine: Engine) -> list[tuple[int, datetime]]:
    with reading(engine) as connection:
        return read_versions(connection, last_sequence(connection)).select("version", "known_at").rows()


@pytest.mark.parametrize(
    ("public_at", "known_at"),
    [(date(2026, 1, 5), datetime(2026, 1, 4, 16, tzinfo=UTC)), (date(2026, 4, 1), NOW)],
    ids=["public before", "public later"],
)
def test_append_from_source_new_one_is_known_from_its_public_day_never_later_than_now(
    public_at: date, known_at: datetime, engine: Engine
) -> None:
    assert 1 == from_source(engine, replace(ROAD, public_at=public_at))
    assert [(1, known_at)] == known(engine)


def test_append_from_source_change_is_a_version_known_now(engine: Engine) -> None:
    from_source(engine, ROAD)
    from_source(engine, replace(ROAD, end_at=date(2026, 6, 1)))

    assert [(1, datetime(2026, 1, 4, 16, tzinfo=UTC)), (2, NOW)] == known(engine)
    assert [replace(ROAD, end_at=date(2026, 6, 1))] == current(engine)


def test_append_from_source_older_file_once_more_changes_nothing(engine: Engine) -> None:
    later = replace(ROAD, end_at=date(2026, 6, 1))

    assert [1, 1, 0] == [from_source(engine, row) for row in (ROAD, later, ROAD)]
    assert [later] == current(engine)


def test_append_from_source_row_twice_in_one_file_is_one_version(engine: Engine) -> None:
    assert 1 == from_source(engine, ROAD, ROAD)


def test_append_from_source_numbers_follow_each_other_without_a_hole(engine: Engine) -> None:
    from_source(engine, ROAD, replace(ROAD, undertaking_id="p2"))
    from_source(engine)
    from_source(engine, replace(ROAD, undertaking_id="p3"))

    with reading(engine) as connection:
        assert 3 == last_sequence(connection)
        assert [1, 2, 3] == [read_versions(connection, through).height for through in (1, 2, 3)]


def test_append_by_hand_is_known_from_now_even_if_public_before(engine: Engine) -> None:
    by_hand(engine, ROAD)

    assert [(1, NOW)] == known(engine)


def test_append_by_hand_words_of_an_earlier_version_are_a_new_one(engine: Engine) -> None:
    ended = replace(ROAD, end_at=date(2026, 3, 1))
    by_hand(engine, ended)
    from_source(engine, ROAD)
    by_hand(engine, ended)

    assert [ended] == current(engine)
    assert [1, 2, 3] == [version for version, _ in known(engine)]


def test_current_undertakings_withdrawn_one_is_left_out_and_others_stand_by_start(engine: Engine) -> None:
    early = replace(ROAD, undertaking_id="p2", start_at=date(2026, 1, 9))
    from_source(engine, ROAD, early, replace(ROAD, undertaking_id="p3"))
    by_hand(engine, replace(ROAD, undertaking_id="p3", withdrawn=True))

    assert [early, ROAD] == current(engine)


def test_paths_of_grids_stand_last_in_their_path() -> None:
    assert ("d/t/c/g1", "g2", "d/t", "gone") == paths_of(["g1", "g2", "d/t", "gone"], {"g1": "d/t/c", "g2": ""})


def test_paths_above_are_those_of_the_grid_table(engine: Engine) -> None:
    with reading(engine) as connection:
        assert {"g1": "t1", "g2": "t1", "g3": "t1"} == paths_above(connection)


def test_known_places_are_grids_areas_and_what_was_redrawn(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(grid_mapping), [{"old": "g0", "new": "g1", "share": 1.0, "at": date(2026, 1, 1)}])
        assert {"g0", "g1", "g2", "g3", "t1"} == known_places(connection)


@pytest.mark.parametrize(
    ("day", "moved"),
    [(date(2026, 1, 31), False), (date(2026, 2, 1), True), (date(2026, 4, 30), True), (date(2026, 5, 1), False)],
    ids=["before", "first day", "last day", "day after"],
)
def test_attention_on_holds_from_the_first_day_to_the_last(day: date, moved: bool, engine: Engine) -> None:
    from_source(engine, replace(ROAD, attention=2.0), replace(ROAD, undertaking_id="p2"))
    with reading(engine) as connection:
        assert [("t1/g1", 2.0)] * moved == attention_on(connection, day)


def test_attention_on_everything_is_the_empty_path_and_what_is_not_public_yet_moves_nothing(engine: Engine) -> None:
    everywhere = replace(ROAD, undertaking_id="e", places="", attention=0.5)
    secret = replace(ROAD, undertaking_id="s", public_at=date(2026, 3, 2), attention=2.0)
    from_source(engine, everywhere, secret)
    with reading(engine) as connection:
        assert [("", 0.5)] == attention_on(connection, date(2026, 3, 1))


def effort(*rows: tuple[str, date, int, bool]) -> pl.DataFrame:
    names = ("grid_id", "week", "visits", "screening_campaign")
    return pl.DataFrame(list(rows), schema=names, orient="row").with_columns(active_reporters=pl.lit(1, pl.Int64))


def week(number: int) -> date:
    return date(2026, 1, 5) + timedelta(weeks=number)


def put(engine: Engine, *rows: tuple[str, date, int, bool]) -> list[str]:
    with writing(engine) as connection:
        return append_effort(connection, effort(*rows)).to_list()


def test_append_effort_tells_new_weeks_repeated_ones_and_conflicts(engine: Engine) -> None:
    put(engine, ("g1", week(0), 5, False))

    assert ["duplicate", "conflict", "accepted"] == put(
        engine, ("g1", week(0), 5, False), ("g1", week(0), 6, False), ("g2", week(0), 5, False)
    )
    with reading(engine) as connection:
        assert [("g1", week(0), 5)] == read_effort(connection, 1).rows()
        assert 2 == read_effort(connection, 2).height


def test_append_effort_without_anything_new_takes_no_number(engine: Engine) -> None:
    for _ in range(2):
        put(engine, ("g1", week(0), 5, False))
    with reading(engine) as connection:
        assert 1 == last_sequence(connection)


def test_campaigns_of_effort_weeks_that_touch_are_one_and_a_gap_parts_them(engine: Engine) -> None:
    put(engine, *[("g1", week(number), 1, number != 2) for number in range(4)], *[("g2", week(number), 1, False) for number in range(4)])
    with reading(engine) as connection:
        assert [(week(0), week(2), "g1"), (week(3), week(4), "g1")] == campaigns_of_effort(connection)


def test_campaigns_of_effort_grids_of_the_same_weeks_share_one(engine: Engine) -> None:
    put(engine, *[(grid, week(0), 1, grid != "g3") for grid in ("g2", "g1", "g3")])
    with reading(engine) as connection:
        assert [(week(0), week(1), "g1;g2")] == campaigns_of_effort(connection)


def test_campaigns_of_effort_of_every_grid_that_was_there_covers_everything(engine: Engine) -> None:
    put(engine, ("g1", week(0), 1, True), ("g2", week(0), 1, True), ("g3", week(1), 1, False))
    with reading(engine) as connection:
        assert [(week(0), week(1), "")] == campaigns_of_effort(connection)


def test_campaigns_of_effort_without_screening_are_none(engine: Engine) -> None:
    put(engine, ("g1", week(0), 1, False))
    with reading(engine) as connection:
        assert [] == campaigns_of_effort(connection)
