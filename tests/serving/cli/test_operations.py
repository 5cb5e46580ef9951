"""Commands of whoever keeps the service: ledger, publishing, keys, tables and archive of a home with one list."""

import csv

import pytest

from features.database.engine import open_database
from features.errors import DamagedError, NotFoundError
from tests.support.databases import reword_rows

pytestmark = pytest.mark.dialect("sqlite")


def test_ledger_is_verified_and_says_what_was_not_checked(run_listed) -> None:
    told = run_listed("ledger", "verify")

    assert "1 lists are as they were published, checked against no second place." in told
    assert "NOT CHECKED: whether newest entries were cut off" in told


def test_list_that_was_changed_is_found(run_listed, listed_home) -> None:
    engine = open_database(listed_home.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS ranking_row_refuses_UPDATE")
        reword_rows(connection, 1, "elevated", "routine")
    engine.dispose()

    with pytest.raises(DamagedError):
        run_listed("ledger", "verify")


def test_lists_are_exported_with_a_dictionary_of_their_columns(run_listed, tmp_path) -> None:
    out = tmp_path / "lists.csv"
    assert "8 rows of 1 lists" in run_listed("ledger", "export", "--out", out)
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    with out.with_suffix(".dictionary.csv").open(encoding="utf-8") as file:
        described = {next(iter(row.values())) for row in csv.DictReader(file)}

    assert {f"g{number}" for number in range(1, 9)} == {row["grid_id"] for row in rows}
    assert set(rows[0]) == described


def test_export_of_an_area_holds_its_grids_alone_and_of_none_is_refused(run_listed, tmp_path) -> None:
    assert "4 rows" in run_listed("ledger", "export", "--out", tmp_path / "lists.parquet", "--area", "d/t1")
    with pytest.raises(NotFoundError, match="must have been published"):
        run_listed("ledger", "export", "--out", tmp_path / "none.csv", "--area", "d/t9")


def test_publishing_is_paused_and_resumed_once_each(run_listed) -> None:
    assert "Publishing is paused" in run_listed("publishing", "pause", "--reason", "data_fault")
    assert "Publishing goes on." in run_listed("publishing", "resume")
    assert "entries are as they were written" in run_listed("audit", "verify")


def test_tables_of_a_new_home_are_up_to_date(run_listed) -> None:
    assert "as this version wants them" in run_listed("migrate", "--check")


def test_newest_list_is_not_archived(run_listed) -> None:
    assert "No list before 2027-01-01 is left to archive" in run_listed("archive", "--before", "2027-01-01")
