"""Options that several commands share."""

import pytest

from features.errors import UsageError
from serving.cli.console import one_of


def test_one_of_month_and_quarter_is_what_was_given() -> None:
    assert ["2026-10", "2026Q3"] == [one_of("2026-10", None), one_of(None, "2026Q3")]


@pytest.mark.parametrize(("month", "quarter", "found"), [(None, None, "neither"), ("2026-10", "2026Q3", "both")])
def test_one_of_both_or_neither_is_refused(month: str | None, quarter: str | None, found: str) -> None:
    with pytest.raises(UsageError, match=f"found {found}. Give one"):
        one_of(month, quarter)
