"""Promises name tests that exist, and a row tells honestly what became of them."""

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.support import promises
from tests.support.promises import TABLES, Outcome, Promise, judge, read_outcomes, read_promises, write_table

TESTS = Path(__file__).parent
HELD = "features/test_kills.py::test_a"
BROKEN = "features/test_kills.py::test_b_is_caught"
PROMISE = Promise(name="Kills", promise="Nothing is lost.", tests=(HELD,), broken=(BROKEN,))

Run = Callable[[str], dict[str, Outcome]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that reads the outcomes of a run with these cases."""

    def read(cases: str) -> dict[str, Outcome]:
        file = tmp_path / "run.xml"
        file.write_text(
            f'<testsuites><testsuite timestamp="2026-03-01T08:00:00.5+00:00">{cases}</testsuite></testsuites>', encoding="utf-8"
        )
        return read_outcomes([file])

    return read


def case(name: str, content: str = "") -> str:
    return f'<testcase classname="tests.features.test_kills" name="{name}">{content}</testcase>'


@cache
def defined(path: str) -> frozenset[str]:
    """Return the tests of a file; none where there is no file."""
    file = TESTS / path
    nodes = ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else []
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def unknown(rows: list[Promise]) -> list[str]:
    named = [name.partition("::") for row in rows for name in row.named]
    return [f"{path}::{name}" for path, _, name in named if name not in defined(path)]


@pytest.mark.parametrize("table", TABLES)
def test_promises_name_tests_that_exist(table: str) -> None:
    assert [] == unknown(read_promises(table))


def test_promises_that_name_a_test_that_is_gone_would_be_found() -> None:
    assert [HELD, BROKEN] == unknown([PROMISE])


@pytest.mark.parametrize(("table", "rows"), [("promises", 47), ("responsible", 14), ("faults", 22)])
def test_promises_have_each_a_row_with_tests_or_a_reason(table: str, rows: int) -> None:
    declared = read_promises(table)

    assert rows == len(declared) == len({row.name for row in declared})
    assert [] == [row.name for row in declared if not row.tests and not row.missing]


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        (case("test_a") + case("test_b_is_caught"), "kept"),
        (case("test_a[1]") + case("test_a[2]", "<failure/>") + case("test_b_is_caught"), f"**failed**: `{HELD}`"),
        (case("test_a") + case("test_b_is_caught", "<error/>"), f"**failed**: `{BROKEN}`"),
        (case("test_a"), f"**not run**: `{BROKEN}` (left out of this run)"),
        (case("test_a") + case("test_b_is_caught", '<skipped message="no strace"/>'), f"**not run**: `{BROKEN}` (no strace)"),
    ],
)
def test_judge_goes_by_what_ran(cases: str, expected: str, run: Run) -> None:
    assert expected == judge(PROMISE, run(cases))


def test_judge_says_what_is_not_shown(run: Run) -> None:
    outcomes = run(case("test_a") + case("test_b_is_caught"))
    partly = PROMISE.model_copy(update={"missing": "a cut of power"})
    unkept = Promise(name="Charter", promise="A model ends.", missing="there is none")

    assert ["**partly**; not shown: a cut of power", "**not kept**: there is none"] == [judge(row, outcomes) for row in (partly, unkept)]


def test_write_table_has_a_row_with_the_figures_of_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promises, "read_promises", lambda table: [PROMISE])
    figure = '<properties><property name="kills" value="60"/></properties>'
    outcomes = run(case("test_a[1]", figure) + case("test_a[2]", figure) + case("test_b_is_caught"))

    *_, row, end = write_table("promises", outcomes).split("\n")

    figures = "kills: 60<br>cases that passed: 3"
    assert ("", f"| Kills | – | Nothing is lost. | kept | 2026-03-01 | {figures} | `{HELD}` | `{BROKEN}` |") == (end, row)


def test_write_table_of_several_runs_dates_a_row_by_the_first_and_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promises, "read_promises", lambda table: [PROMISE])
    days = {"test_a": "2026-02-27", "test_b_is_caught": "2026-03-01"}
    for name, day in days.items():
        (tmp_path / f"{name}.xml").write_text(f'<testsuite timestamp="{day}T08:00:00">{case(name)}</testsuite>', encoding="utf-8")

    table = write_table("promises", read_outcomes(sorted(tmp_path.glob("*.xml"))))

    assert "| kept | 2026-02-27 to 2026-03-01 |" in table
