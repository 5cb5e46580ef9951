"""Options that several commands share, and what commands print."""

import json
from datetime import date, datetime
from itertools import pairwise

import pytest

from features.errors import UsageError
from serving.cli.console import day, json_text, one_of, print_table, progress, records, say, show
from serving.text import Text

COLUMNS = ("grid", "cases in all", "share")
ROWS = [("g1", 12, 0.25), ("g10", None, 0.5)]


def test_one_of_month_and_quarter_is_what_was_given() -> None:
    assert ["2026-10", "2026Q3"] == [one_of("2026-10", None), one_of(None, "2026Q3")]


@pytest.mark.parametrize(("month", "quarter", "found"), [(None, None, "neither"), ("2026-10", "2026Q3", "both")])
def test_one_of_both_or_neither_is_refused(month: str | None, quarter: str | None, found: str) -> None:
    with pytest.raises(UsageError, match=f"found {found}. Give one"):
        one_of(month, quarter)


def test_day_of_a_leap_year_is_read() -> None:
    assert date(2028, 2, 29) == day("2028-02-29")


@pytest.mark.parametrize("text", ["", "2026-02-29", "20260131", "2026-W05-6", "2026-1-31", " 2026-01-31", "2026-01-31T00:00", "31.1.2026"])
def test_day_that_is_written_otherwise_is_refused_with_its_words(text: str) -> None:
    with pytest.raises(ValueError, match="must be written YYYY-MM-DD, such as 2026-01-31, got") as refused:
        day(text)

    assert str(refused.value).endswith(repr(text))


def test_records_have_names_without_spaces_and_days_as_text() -> None:
    rows = [("g1", date(2026, 1, 31), datetime.fromisoformat("2026-01-31T08:00"))]

    assert [{"grid": "g1", "last_day": "2026-01-31", "at": "2026-01-31T08:00:00"}] == records(("grid", "last day", "at"), rows)


def test_records_of_a_row_that_is_too_short_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        records(COLUMNS, [("g1", 1)])


def test_json_text_keeps_chinese_and_refuses_what_is_no_number() -> None:
    assert '"矛盾"' == json_text("矛盾")
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"share": float("nan")})


def test_show_as_json_is_read_back_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    show(COLUMNS, ROWS, as_json=True)

    assert [{"grid": "g1", "cases_in_all": 12, "share": 0.25}, {"grid": "g10", "cases_in_all": None, "share": 0.5}] == json.loads(
        capsys.readouterr().out
    )


def test_table_aligns_numbers_to_the_right_and_words_to_the_left(capsys: pytest.CaptureFixture[str]) -> None:
    show(COLUMNS, ROWS, as_json=False)

    assert ["grid  cases in all  share", "g1              12  0.250", "g10              -  0.500"] == [
        line.rstrip() for line in capsys.readouterr().out.splitlines()
    ]


def test_table_in_a_pipe_wraps_no_line_and_reads_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    long = "[red]" + "矛盾纠纷" * 200
    print_table(("words",), [(long,)])

    assert ["words", long] == [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_table_without_rows_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, iter(()))

    assert "grid  cases in all  share" == capsys.readouterr().out.strip()


def test_progress_in_a_pipe_is_a_line_per_tenth_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("fold") as step:
        for done in range(1, 251):
            step(done, 250)
    lines = capsys.readouterr().err.splitlines()

    assert (10, "fold: 25 of 250", "fold: 250 of 250") == (len(lines), lines[0], lines[-1])
    assert all(int(one.split()[1]) < int(next_one.split()[1]) for one, next_one in pairwise(lines))


def test_progress_of_no_steps_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("fold") as step:
        step(0, 0)

    assert "" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "矛盾"),
        ({"LANG": "en_US.UTF-8"}, "disputes"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "disputes"),
        ({"LANG": "C.UTF-8", "LC_MESSAGES": "zh_CN", "LC_ALL": ""}, "矛盾"),
        ({}, "disputes"),
    ],
)
def test_say_speaks_the_language_of_the_shell(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    say(Text(zh="矛盾", en="disputes"))

    assert ("", f"{expected}\n") == tuple(capsys.readouterr())
