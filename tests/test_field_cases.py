"""Situations of real ledgers, from a folder that is no part of the project: each is done right, and a table of them is written.

FIELD_CASES names the folder; each case is a folder `NN-name` with `case.md`. What needs no file of a case is held by the tests named here.
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from features.database.engine import open_database, reading
from features.database.tables import event, event_transition, grid, grid_neighbour
from features.errors import YujingError
from features.storage.home import Home
from serving.cli.main import app

FOLDER = Path(os.environ.get("FIELD_CASES", ""))
ALL_ACCEPTED = r"read (\d+) = accepted \1 \+ duplicate 0 \+ quarantined 0"
TABLES = {"event": event, "event_transition": event_transition, "grid": grid, "grid_neighbour": grid_neighbour}

pytestmark = [
    pytest.mark.dialect("sqlite"),
    pytest.mark.skipif("FIELD_CASES" not in os.environ, reason="FIELD_CASES names no folder of field cases"),
]


@dataclass(frozen=True)
class Case:
    """Commands run one after the other on a new home, and what is right."""

    commands: tuple[str, ...]
    exit_code: int
    says: str
    """Regular expression of the output of the last command."""
    rows: tuple[str, int] | None = None
    """Table, and its rows afterwards."""


def ok(*commands: str, says: str = ALL_ACCEPTED, rows: tuple[str, int] | None = None) -> Case:
    return Case(commands, 0, says, rows)


def refused(*commands: str, says: str, rows: tuple[str, int] | None = None) -> Case:
    return Case(commands, 1, says, rows)


GRIDS = "ingest base40.csv --grids"
CASES: dict[str, tuple[Case, ...]] = {
    "01": (ok("ingest dimA1.xlsx", rows=("event", 60)),),
    "02": (ok("ingest dimRows.xlsx", rows=("event", 60)),),
    "04": (ok("ingest ms.xlsx", says="Sheets that are read: 1月, 2月, 3月", rows=("event", 150)),),
    "05": (ok("ingest cs.xlsx", says="Sheets that are not read, .*说明", rows=("event", 50)),),
    "07": (ok("ingest xt.xlsx", says="header of sheet Sheet is in row 2", rows=("event", 50)),),
    "09": (ok("ingest vm.xlsx", rows=("event", 48)),),
    "10": (refused("ingest numGrids.xlsx", says="FILE_CODES_LOST", rows=("event", 0)),),
    "12": (refused("ingest sciIds.csv", says="FILE_CODES_LOST", rows=("event", 0)),),
    "13": (ok("ingest floatCode.csv", rows=("grid", 1)), ok("ingest floatCode.parquet", rows=("grid", 3))),
    "15": (refused("ingest nullGrid.csv", says="GRID_UNKNOWN", rows=("grid", 0)),),
    "17": (ok("ingest sentinelTime.csv"), ok("ingest sentinelFuture.csv")),
    "18": (ok("ingest xlsxBool.xlsx"), ok("ingest csvBool.csv")),
    "20": (refused("ingest xs.xlsx", says="look like Excel dates"),),
    "22": (refused(f"{GRIDS} grid_fj.csv", says="GRID_UNKNOWN", rows=("grid", 60)),),
    "23": (refused("ingest ll.csv", says="column lon in 40 of 40 rows .*leave it out"),),
    "24": (ok("ingest tca3.csv"), ok("ingest tca1.csv")),
    "27": (refused("ingest nd2.csv", says="none of 40 rows was taken in"),),
    "29": (refused("ingest ir.csv", says="make the id of several columns"),),
    "31": (
        ok("ingest ra1.csv", "ingest ra2.csv", says="moved to another grid or category: 40", rows=("event_transition", 80)),
        ok("ingest ra1.csv", "ingest rc2.csv", says="moved to another grid or category: 40", rows=("event_transition", 80)),
        ok("ingest se1.csv", "ingest se2.csv", says="accepted 0 .* duplicate 40 .* quarantined 0", rows=("event", 40)),
    ),
    "33": (refused("ingest dmy.csv --source dmy.yaml", says="as two different moments"),),
    "34": (ok("ingest ampm.csv --source ampm.yaml"),),
    "36": (ok(f"{GRIDS} g_bom.geojson"),),
    "38": (ok(f"{GRIDS} GRID.CSV"), ok(f"{GRIDS} grid.xlsx")),
    "40": (ok(f"{GRIDS} g_sliver.geojson", rows=("grid_neighbour", 26)),),
    "42": (ok(f"{GRIDS} grid_zero.csv", says="at 0, 0 .* G003"), ok(f"{GRIDS} grid_same.csv", says="at the very position of another")),
    "44": (
        ok(f"{GRIDS} grid_ok.csv --crosswalk cwk.csv", says="redrawn: 1"),
        ok(f"{GRIDS} grid_ok.csv --crosswalk cws.csv", says="redrawn: 2"),
    ),
    "47": (ok("ingest base40.csv", rows=("event", 40)),),
    "48": (refused("ingest base40.csv", "", "ingest base40.csv", says="keys must hold the key", rows=("event", 40)),),
    "52": (refused("doctor --config config-country.yaml", says="country must be a code of two letters"),),
    "53": (ok("doctor", says="calendar"),),
    "62": (refused("ingest noesc.csv", "backtest", says="never did in .* escalated_at"),),
    "63": tuple(ok(f"ingest {kind}.csv --source u8.yaml") for kind in ("semi", "tab", "fwc", "sep")),
}
ELSEWHERE = {
    "50": "serving/scoring/test_daily_run.py::test_rank_log_that_is_stale_altogether_is_refused",
    "55": "training/test_train.py::test_train_store_that_cannot_be_opened_stops_before_anything_is_fitted",
    "56": "serving/test_cli_surroundings.py::test_serve_on_a_port_in_use_says_so_before_it_makes_an_account",
    "57": "serving/test_cli_surroundings.py::test_ingest_into_a_home_that_cannot_be_written_says_so_in_one_line",
    "59": "serving/pages/test_path_prefix.py::test_pages_under_a_path_lead_nowhere_outside",
}
"""Cases without a file of their own, and the tests that hold them."""


def folders() -> dict[str, Path]:
    return {path.name[:2]: path for path in sorted(FOLDER.iterdir()) if (path / "case.md").is_file()}


def run(command: str, folder: Path, home: Path) -> tuple[int, str]:
    """Run a command on a home; an empty one takes the keys of the home away."""
    if not command:
        shutil.rmtree(home / "keys")
        return 0, ""
    arguments = [str(folder / word) if (folder / word).is_file() else word for word in shlex.split(command)]
    done = CliRunner().invoke(app, [*arguments, "--home", str(home)])
    if isinstance(done.exception, YujingError):
        return 1, f"{done.output}{done.exception}"
    return done.exit_code, done.output


def rows_of(home: Home, table: str) -> int:
    engine = open_database(home.database_url)
    with reading(engine) as connection:
        rows: int = connection.execute(select(func.count()).select_from(TABLES[table])).scalar_one()
    engine.dispose()
    return rows


def fault_of(case: Case, folder: Path, home: Path) -> str:
    """Return what is wrong about a case; empty where it is right."""
    for command in case.commands:
        code, output = run(command, folder, home)
    if code != case.exit_code or not re.search(case.says, output, re.DOTALL):
        return f"{case.commands[-1]}: exit {code}, {output[-300:]}"
    if case.rows and (found := rows_of(Home(home), case.rows[0])) != case.rows[1]:
        return f"{case.commands[-1]}: {found} rows in {case.rows[0]}, expected {case.rows[1]}"
    return ""


@pytest.mark.parametrize("number", sorted(CASES))
def test_field_case_is_done_right(number: str, tmp_path: Path, record_property) -> None:
    folder = folders()[number]
    homes: Iterator[Path] = (tmp_path / f"a%41b{place}" for place in range(len(CASES[number])))

    faults = [fault for case, home in zip(CASES[number], homes, strict=True) if (fault := fault_of(case, folder, home))]

    record_property("case, before, now", f"{folder.name} | {before(folder)} | {'right' if not faults else faults[0]}")
    assert faults == []


@pytest.mark.parametrize("number", sorted(ELSEWHERE))
def test_field_case_without_a_file_is_held_by_a_test(number: str) -> None:
    path, name = ELSEWHERE[number].split("::")

    assert f"def {name}(" in (Path(__file__).parent / path).read_text(encoding="utf-8")


def test_field_cases_are_all_tried() -> None:
    assert sorted([*CASES, *ELSEWHERE]) == sorted(folders())


def before(folder: Path) -> str:
    """Return the verdict that a case came with."""
    return re.search(r"- verdict: (.*?)(?: \(|$)", (folder / "case.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
