"""The hash of a list covers every row at its place and every field of its entry, and names the list."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from serving.rankings.entries import Entry, ListHead, Origin, PublishedRow, hash_body, to_body
from serving.rankings.schemas import AreaRow
from tests.support.made_alerts import make_row

PUBLISHED_AT = datetime(2026, 1, 8, 22, tzinfo=UTC)
DATA_THROUGH = datetime(2026, 1, 8, 16, tzinfo=UTC)
ORIGIN = Origin(date(2026, 1, 9), "escalation", 14, "m" * 64, "7", 341, DATA_THROUGH, "0.2.0", 0)
ENTRY = Entry(1, ORIGIN, 0, PUBLISHED_AT, "b" * 64, "0" * 64)
TWO_ROWS = [PublishedRow("g1", "{}"), PublishedRow("g2", "{}")]


def test_hash_body_is_that_of_each_row_with_its_level_and_position() -> None:
    written = '["district", 0, "d", "{}"]["grid", 0, "g1", "{\\"name\\":\\"滨河\\"}"]["grid", 1, "g2", "{}"]'
    body = {"grid": [PublishedRow("g1", '{"name":"滨河"}'), PublishedRow("g2", "{}")], "district": [PublishedRow("d", "{}")]}

    assert hashlib.sha256(written.encode()).hexdigest() == hash_body(body)


def test_hash_body_does_not_depend_on_which_level_was_computed_first() -> None:
    first, last = [PublishedRow("g1", "{}")], [PublishedRow("d", "{}")]

    assert hash_body({"grid": first, "district": last}) == hash_body({"district": last, "grid": first})


@pytest.mark.parametrize(
    "other",
    [
        {"grid": TWO_ROWS[::-1]},
        {"grid": TWO_ROWS[:1]},
        {"community": TWO_ROWS},
        {"grid": [TWO_ROWS[0], PublishedRow("g3", "{}")]},
        {"grid": [TWO_ROWS[0], PublishedRow("g2", "{ }")]},
    ],
    ids=["order", "row left out", "level", "place", "body"],
)
def test_hash_body_of_a_changed_list_is_another(other) -> None:
    assert hash_body({"grid": TWO_ROWS}) != hash_body(other)


def test_to_body_keeps_order_levels_and_chinese_as_it_is_written() -> None:
    area = AreaRow(path="d", grids=2, not_rated=0, expected_escalations=1.5, usual_level=0.2, priority=0, elevated=2, watch=0)
    body = to_body({"grid": {"g2": make_row("g2", 1), "g1": make_row("g1", 2)}, "district": {"d": area}})

    assert {"grid": ["g2", "g1"], "district": ["d"]} == {level: [row.place for row in rows] for level, rows in body.items()}
    assert '"name":"示例g2网格"' in body["grid"][0].body
    assert area == AreaRow.model_validate_json(body["district"][0].body)


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTRY, id=2),
        replace(ENTRY, revision=1),
        replace(ENTRY, published_at=PUBLISHED_AT.replace(microsecond=1)),
        replace(ENTRY, body_hash="c" * 64),
        replace(ENTRY, previous_hash="1" + "0" * 63),
        replace(ENTRY, origin=replace(ORIGIN, seed=1)),
        replace(ENTRY, origin=replace(ORIGIN, model_version="8")),
        replace(ENTRY, origin=replace(ORIGIN, data_through=PUBLISHED_AT)),
    ],
    ids=["id", "revision", "published_at", "body_hash", "previous_hash", "seed", "model_version", "data_through"],
)
def test_entry_with_one_field_changed_has_another_hash(other: Entry) -> None:
    assert ENTRY.hash != other.hash
    assert ENTRY.ranking_id != other.ranking_id


def test_entry_read_back_in_local_time_has_the_same_hash() -> None:
    """A database may give moments back in its own zone."""
    local = replace(ENTRY, published_at=PUBLISHED_AT.astimezone(ZoneInfo("Asia/Shanghai")))

    assert ENTRY.hash == local.hash


def test_ranking_id_is_the_first_sixteen_digits_of_the_hash() -> None:
    assert (16, True) == (len(ENTRY.ranking_id), ENTRY.hash.startswith(ENTRY.ranking_id))


def test_list_head_says_what_its_entry_says_and_no_hash_of_rows() -> None:
    expected = {
        "ranking_id": ENTRY.ranking_id,
        "as_of": "2026-01-09",
        "target": "escalation",
        "horizon_days": 14,
        "revision": 0,
        "published_at": "2026-01-08T22:00:00Z",
        "data_through": "2026-01-08T16:00:00Z",
        "model_version": "7",
        "model_hash": "m" * 64,
        "sequence": 341,
        "code_version": "0.2.0",
        "seed": 0,
    }

    assert expected == ListHead.of(ENTRY).model_dump(mode="json")


def test_list_head_cannot_be_changed_nor_carry_a_field_that_nobody_declared() -> None:
    head = ListHead.of(ENTRY)
    with pytest.raises(ValidationError, match="frozen"):
        head.revision = 1
    with pytest.raises(ValidationError, match="Extra inputs"):
        ListHead.model_validate(head.model_dump() | {"note": "n"})
