import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError

from serving.rankings.entries import Entry, Origin
from serving.server.list_cache import Head
from serving.server.responses import Cursor, Freshness, JsonAnswer, ShownList, json_list, respond
from serving.text import NOTICES

KEY, OTHER_KEY = bytes(32), bytes(31) + b"\1"
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
CURSOR = Cursor(ranking_id="r1", scope="/a", level="grid", node=None, offset=40)
AS_OF = date(2026, 3, 1)
ORIGIN = Origin(AS_OF, "escalation", 14, "m" * 64, "1", 1, datetime(2026, 3, 1, 0, 0, tzinfo=ZoneInfo("Asia/Shanghai")), "0.1.0", 0)
ENTRY = Entry(1, ORIGIN, 0, datetime(2026, 2, 28, 22, tzinfo=UTC), "b" * 64, "0" * 64)
SHOWN = ShownList(Head.of(ENTRY), stale=False)
FRESHNESS = Freshness(ZoneInfo("Asia/Shanghai"), timedelta(hours=26))


def asking(**headers: str) -> Request:
    """Return a request with these headers."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": pairs})


def answer_to(shown: ShownList = SHOWN, key: str = "all", **headers: str):
    return respond(asking(**headers), shown, JsonAnswer(b"[]", key))


def test_cursor_is_read_as_it_was_signed():
    assert CURSOR == Cursor.read(CURSOR.sign(KEY, NOW), KEY, NOW + timedelta(minutes=14))


def test_cursor_of_another_key_is_refused():
    with pytest.raises(RequestValidationError):
        Cursor.read(CURSOR.sign(OTHER_KEY, NOW), KEY, NOW)


def test_cursor_of_which_any_character_was_changed_is_refused():
    signed = CURSOR.sign(KEY, NOW)
    for place, character in enumerate(signed[:-1]):
        changed = signed[:place] + ("A" if character != "A" else "B") + signed[place + 1 :]
        with pytest.raises(RequestValidationError):
            Cursor.read(changed, KEY, NOW)


@pytest.mark.parametrize("text", ["", "abc", "?", "中文", "A" * 500])
def test_cursor_that_is_none_is_refused(text):
    with pytest.raises(RequestValidationError):
        Cursor.read(text, KEY, NOW)


def test_cursor_of_an_hour_ago_is_gone():
    with pytest.raises(HTTPException) as gone:
        Cursor.read(CURSOR.sign(KEY, NOW), KEY, NOW + timedelta(hours=1))

    assert 410 == gone.value.status_code


def test_cursor_is_good_for_a_quarter_of_an_hour_from_the_stamp_it_bears():
    signed = CURSOR.sign(KEY, NOW + timedelta(minutes=4, seconds=59))

    assert CURSOR == Cursor.read(signed, KEY, NOW + timedelta(minutes=15))
    with pytest.raises(HTTPException, match="Start again from the first page"):
        Cursor.read(signed, KEY, NOW + timedelta(minutes=15, seconds=1))


def test_cursors_given_within_five_minutes_are_the_same_and_of_other_places_are_not():
    stamped = {CURSOR.sign(KEY, NOW + timedelta(seconds=seconds)) for seconds in (0, 120, 299)}

    assert {CURSOR.sign(KEY, NOW)} == stamped
    assert CURSOR.sign(KEY, NOW) != CURSOR.sign(KEY, NOW + timedelta(seconds=300))
    assert CURSOR.sign(KEY, NOW) != CURSOR.model_copy(update={"scope": "/b"}).sign(KEY, NOW)


def test_cursor_whose_content_was_put_under_another_signature_is_refused():
    """A signature goes with its content: that of one's own page does not open that of another area."""
    own, wider = (base64.urlsafe_b64decode(cursor.sign(KEY, NOW) + "==") for cursor in (CURSOR, CURSOR.model_copy(update={"scope": ""})))
    mixed = base64.urlsafe_b64encode(own[:16] + wider[16:]).rstrip(b"=").decode()

    with pytest.raises(RequestValidationError):
        Cursor.read(mixed, KEY, NOW)


def test_json_list_joins_values_as_they_are():
    assert b'[{"a":1},2]' == json_list([b'{"a":1}', b"2"])
    assert b"[]" == json_list([])


def test_json_of_a_list_begins_with_its_head_and_notices_and_keeps_bytes():
    content = SHOWN.json(rows=b'[{"grid_id":"g1","risk":0.10}]', next=None, words="矛盾")
    answer = json.loads(content)

    assert ["ranking", "stale", "notices", "rows", "next", "words"] == list(answer)
    assert (ENTRY.ranking_id, False, None) == (answer["ranking"]["ranking_id"], answer["stale"], answer["next"])
    assert [notice.model_dump() for notice in NOTICES] == answer["notices"]
    assert b'"risk":0.10' in content
    assert "矛盾".encode() in content


def test_headers_of_a_list_give_moments_in_utc_and_keep_it_from_shared_caches():
    assert {
        "X-Ranking-Id": ENTRY.ranking_id,
        "X-Data-Through": "2026-02-28T16:00:00+00:00",
        "X-Stale": "false",
        "Cache-Control": "private, no-cache",
    } == SHOWN.headers()
    assert "true" == replace(SHOWN, stale=True).headers()["X-Stale"]


def test_respond_to_a_reader_who_has_it_already_is_304_without_content():
    first = answer_to()
    again = answer_to(if_none_match=f'"x", W/{first.headers["ETag"]}')

    assert (200, b"[]") == (first.status_code, first.body)
    assert (304, b"", first.headers["ETag"]) == (again.status_code, again.body, again.headers["ETag"])
    assert 304 == answer_to(if_none_match="*").status_code


@pytest.mark.parametrize(
    "other",
    [
        {"key": "other part"},
        {"shown": replace(SHOWN, stale=True)},
        {"shown": ShownList(Head.of(replace(ENTRY, revision=1)), stale=False)},
    ],
)
def test_respond_with_another_part_age_or_revision_is_sent_whole(other):
    """A list that has grown stale is another answer, or its reader would never be told."""
    assert 200 == answer_to(**other, if_none_match=answer_to().headers["ETag"]).status_code


def test_respond_may_set_headers_of_its_own():
    answer = respond(asking(), SHOWN, JsonAnswer(b"a,b", "csv", "text/csv", {"Cache-Control": "no-store"}))

    assert ("no-store", "text/csv; charset=utf-8") == (answer.headers["Cache-Control"], answer.headers["Content-Type"])


@pytest.mark.parametrize(
    ("published_at", "until"),
    [
        (datetime(2026, 2, 28, 22, tzinfo=UTC), datetime(2026, 3, 2, 0, tzinfo=UTC)),
        (datetime(2026, 3, 1, 15, tzinfo=UTC), datetime(2026, 3, 2, 17, tzinfo=UTC)),
        (datetime(2026, 4, 1, 0, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC)),
    ],
)
def test_list_is_stale_by_its_publication_or_the_end_of_its_day_if_that_came_first(published_at, until):
    """One that was made weeks later, of a day long past, is stale at once."""
    entry = replace(ENTRY, published_at=published_at)

    assert (False, True) == (FRESHNESS.stale(entry, until), FRESHNESS.stale(entry, until + timedelta(seconds=1)))
