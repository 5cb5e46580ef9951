"""Examples of undertakings around the days of the demo: one of each kind, at the stage that the demo is to show."""

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl
import pytest

from features.panel.families.undertakings import BEGUN_DAYS
from features.undertakings.codes import UndertakingKind
from serving.cli.demo import LIST_DAYS
from serving.cli.demo_undertakings import write_examples

TODAY = date(2026, 6, 1)
TOWNSHIP = "d/t1"


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, object]]:
    """The rows of the file by the name of the undertaking."""
    files = tmp_path_factory.mktemp("demo")
    grids = [{"grid_id": f"g{number:02}", "parent_path": f"d/t{1 + number // 20}/c{number // 5}"} for number in range(40)]
    pl.DataFrame(grids).write_csv(files / "grids.csv")
    pl.DataFrame({"old": ["g00"], "new": ["g01"], "share": [1.0]}).write_csv(files / "crosswalk.csv")
    rows = pl.read_csv(write_examples(files, TODAY), try_parse_dates=True).to_dicts()
    return {row["undertaking_id"]: row for row in rows}


def test_examples_show_every_kind(examples: Mapping[str, Mapping[str, object]]) -> None:
    assert {row["kind"] for row in examples.values()} == set(UndertakingKind)


def test_project_has_begun_lately_in_a_whole_township_on_every_day_with_a_list(examples: Mapping[str, Mapping[str, object]]) -> None:
    """So every alert of that township names it."""
    project = examples["demo-begun"]
    days = [TODAY - timedelta(days=ago) for ago in range(LIST_DAYS)]

    assert project["places"] == TOWNSHIP
    assert all(project["start_at"] <= day < project["start_at"] + timedelta(days=BEGUN_DAYS) for day in days)


def test_period_that_raised_the_threshold_ended_among_the_lists(examples: Mapping[str, Mapping[str, object]]) -> None:
    period = examples["demo-event"]

    assert (period["places"], period["attention"]) == (TOWNSHIP, 2.0)
    assert TODAY - timedelta(days=LIST_DAYS) < period["start_at"] < period["end_at"] < TODAY


def test_examples_leave_out_grids_that_are_gone(examples: Mapping[str, Mapping[str, object]]) -> None:
    assert "g00" not in ";".join(str(row["places"]) for row in examples.values())
