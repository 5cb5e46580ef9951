from datetime import UTC, datetime, timedelta

import pytest
from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError

from serving.server.responses import Cursor, json_list

KEY, OTHER_KEY = bytes(32), bytes(31) + b"\1"
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
CURSOR = Cursor(ranking_id="r1", scope="/a", level="grid", node=None, offset=40)


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


def test_json_list_joins_values_as_they_are():
    assert b'[{"a":1},2]' == json_list([b'{"a":1}', b"2"])
    assert b"[]" == json_list([])
