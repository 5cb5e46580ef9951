from datetime import UTC, datetime

import polars as pl
import pytest

from features.intake.time_formats import find_formats, settle

ZONE = "Asia/Shanghai"
LATEST = datetime(2026, 12, 31, tzinfo=UTC)


def formats(*texts, named_so=True):
    return find_formats(pl.Series(texts, dtype=pl.String), ZONE, LATEST, named_so=named_so)


def test_formats_that_need_no_word_are_not_stated():
    found = formats("2026-03-01T08:00:00", "2026-03-02 09:30", None)

    assert () == found.stated
    assert () == found.ambiguous
    assert 0 == found.unread


def test_formats_of_days_and_months_that_read_twice_are_left_to_a_person():
    assert {"%m/%d/%Y", "%d/%m/%Y"} == set(formats("03/04/2026", "05/06/2026").ambiguous)


def test_formats_of_days_and_months_are_settled_by_a_day_after_the_twelfth():
    found = formats("03/04/2026", "25/12/2026")

    assert ("%d/%m/%Y",) == found.stated
    assert () == found.ambiguous


def test_formats_of_serial_numbers_only_where_the_name_speaks_of_a_time():
    assert ("excel",) == formats("45299.6", "45300").stated
    assert formats("45299.6", "45300", named_so=False) is None


def test_formats_with_years_of_two_digits_do_not_lie_ahead():
    """30-01-05 would be 2030 by the year first, which is later than today, so the year stands last."""
    assert ("%d-%m-%y",) == tuple(pattern for pattern in formats("30-01-05", "28-02-06").stated)


@pytest.mark.parametrize("named_so", [True, False])
def test_formats_of_words_are_none(named_so):
    assert formats("邻里", "合同", named_so=named_so) is None
    assert formats(None, None, named_so=named_so) is None


def test_formats_keep_a_column_with_a_total_at_its_end_if_it_is_named_so():
    texts = (*["2026-03-01"] * 9, "合计")

    assert 1 == formats(*texts).unread
    assert formats(*texts, named_so=False) is None


def test_settle_needs_exactly_one_format_that_writes_days_alike():
    assert settle(("%d/%m/%Y", "%m/%d/%Y"), ()) is None
    assert "%d/%m/%Y" == settle(("%d/%m/%Y", "%m/%d/%Y"), ("%d/%m/%Y %H:%M",))
