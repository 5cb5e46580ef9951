"""Kinds of undertakings and their words."""

from datetime import date

import pytest

from features.undertakings.undertaking import (
    EFFORT_SCHEMA,
    SUB_KIND_WORDS,
    VERSION_SCHEMA,
    Undertaking,
    UndertakingKind,
    no_effort,
    no_versions,
    sub_kinds_of,
    words_of,
)


@pytest.mark.parametrize(("places", "expected"), [("g1;d/t1", ("g1", "d/t1")), ("g1", ("g1",)), ("", ())])
def test_place_list_of_everything_is_empty(places: str, expected: tuple[str, ...]) -> None:
    day = date(2026, 1, 1)

    assert expected == Undertaking("p", "project", "construction", places, day, day).place_list


@pytest.mark.parametrize("kind", list(UndertakingKind))
def test_words_of_every_kind_and_sub_kind_stand_in_both_languages(kind: UndertakingKind) -> None:
    for words in (words_of(kind), *(words_of(kind, sub_kind) for sub_kind in sub_kinds_of(kind))):
        zh, en = words

        assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
        assert en.isascii()


def test_words_of_a_declared_sub_kind_show_its_code() -> None:
    assert ("项目(metro)", "project (metro)") == words_of("project", "metro")


def test_words_of_sub_kinds_of_one_kind_are_told_apart() -> None:
    for sub_kinds in SUB_KIND_WORDS.values():
        assert len(sub_kinds) == len({zh for zh, _ in sub_kinds.values()}) == len({en for _, en in sub_kinds.values()})


def test_sub_kinds_of_declared_ones_come_after_other() -> None:
    assert ("other", "metro") == sub_kinds_of("shock", ("metro",))[-2:]


def test_tables_without_rows_have_their_columns() -> None:
    assert (VERSION_SCHEMA, EFFORT_SCHEMA) == (no_versions().schema, no_effort().schema)
