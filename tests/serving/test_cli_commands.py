"""Each command on one small home, in the order in which a person would use them."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from features.errors import NotFoundError, UsageError
from serving.cli.doctor import CHECKS
from serving.cli.main import app
from serving.rankings.line_words import outcome_words, with_similar
from serving.rankings.schemas import Explanation, GridRow
from tests.support.databases import Databases
from tests.support.golden_sample import make_sample

AS_OF = "2026-06-01"
QUICK = {"backtest": {"folds": 1, "bootstrap_draws": 20}, "model": {"num_boost_round": 20, "inner_folds": 1, "replicates": 2}}
OF_ITS_TIME = {"serving": {"data_late_after_hours": 1e6, "stale_after_hours": 1e6}}
"""The home lies in 2026 whenever it is looked at."""
METRICS = {
    *("auc", "ap", "ap_over_base", "hit@1%", "hit@5%", "hit@10%", "pai@5%", "brier_skill", "ece"),
    *("precision@10%", "lift@10%", "poisson_deviance", "ci95"),
}

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(dialect: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with a case file, a grid file, quick settings and a home whose champion is published."""
    place = tmp_path_factory.mktemp("deployment")
    with databases.new(dialect, place / "home") as url:
        deploy(place, QUICK | OF_ITS_TIME | {"database_url": url})
        yield place


def deploy(place: Path, settings: dict[str, object]) -> None:
    sample = make_sample(date(2026, 5, 31), days=300, grids=20, rng=np.random.default_rng(1))
    sample.cases.write_csv(place / "cases.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
    sample.grids.write_csv(place / "grids.csv")
    (place / "quick.yaml").write_text(json.dumps(settings), encoding="utf-8")
    for arguments in (
        ["ingest", str(place / "cases.csv"), "--grids", str(place / "grids.csv")],
        ["train"],
        ["models", "promote", "--reason", "the first", "--by", "tester", "--override"],
    ):
        invoke(place, *arguments)


@pytest.fixture
def run(folder: Path) -> Run:
    return lambda *arguments: invoke(folder, *arguments)


def invoke(folder: Path, *arguments: str) -> Result:
    common = ["--home", str(folder / "home"), "--config", str(folder / "quick.yaml")]
    return CliRunner().invoke(app, [*common, *arguments], catch_exceptions=False)


def test_ingest_again_counts_every_row_as_duplicate(run: Run, folder: Path) -> None:
    counts = json.loads(run("ingest", str(folder / "cases.csv"), "--json").stdout)

    assert list(counts) == ["read", "accepted", "duplicate", "quarantined", "seconds"]
    assert (counts["accepted"], counts["quarantined"]) == (0, 0)
    assert counts["read"] == counts["duplicate"] == pl.read_csv(folder / "cases.csv").height


def test_panel_last_as_of_of_many_equals_the_one_alone(run: Run, folder: Path) -> None:
    run("panel", "--as-of", AS_OF, "--out", str(folder / "one.parquet"))
    run("panel", "--as-of", AS_OF, "--from", "2026-05-10", "--every", "7", "--out", str(folder / "many.csv"))

    one, many = pl.read_parquet(folder / "one.parquet"), pl.read_csv(folder / "many.csv", try_parse_dates=True)

    assert many["as_of"].unique().sort().to_list() == [date(2026, 5, 11), date(2026, 5, 18), date(2026, 5, 25), date(2026, 6, 1)]
    assert one.columns == many.columns
    assert one["grid_id"].to_list() == many.filter(pl.col("as_of") == date(2026, 6, 1))["grid_id"].cast(pl.String).to_list()


def test_panel_labels_that_are_not_final_are_empty_and_columns_are_described(run: Run, folder: Path) -> None:
    run("panel", "--as-of", AS_OF, "--from", "2026-04-27", "--labels", "--folds", "--out", str(folder / "labelled.parquet"))

    table, words = pl.read_parquet(folder / "labelled.parquet"), pl.read_csv(folder / "labelled.dictionary.csv")

    assert table.filter("ripe")["label"].null_count() == 0
    assert table.filter(~pl.col("ripe"))["label"].is_null().all()
    assert table.filter(pl.col("as_of") == date(2026, 6, 1))["fold"].is_null().all()
    assert [*table.columns] == ["grid_id", "as_of", *words["name"], "label", "ripe", "fold"]


def test_panel_far_beyond_the_log_is_refused(run: Run, folder: Path) -> None:
    """The newest record is of 31 May: a week later a row still describes something, a year later it would describe silence."""
    run("panel", "--as-of", "2026-06-08", "--out", str(folder / "late.csv"))

    with pytest.raises(UsageError, match=r"--as-of must be 2026-06-08 or earlier, got 2030-01-01: the newest record is of 2026-05-31"):
        run("panel", "--as-of", "2030-01-01", "--out", str(folder / "silence.csv"))
    assert not (folder / "silence.csv").exists()


@pytest.mark.parametrize("period", [("--from", "2026-05-25"), ("--until", "2025-01-01"), ("--from", "2026-03-02", "--until", "2026-03-03")])
def test_backtest_of_a_period_without_a_ripe_day_is_refused(run: Run, period: tuple[str, ...]) -> None:
    with pytest.raises(
        UsageError, match=r"must leave an as_of whose label is ripe; those are of 2025-\d\d-\d\d to 2026-05-\d\d, every 7 days"
    ):
        run("backtest", *period)


def test_backtest_json_has_the_stable_keys(run: Run, folder: Path) -> None:
    printed = run("backtest", "--json", "-", "--from", "2025-11-01", "--until", "2026-03-01").stdout
    report = json.loads(printed)

    assert {"target", "horizon_days", "known_through", "as_of", "rows", "escalations", "positives", "base_rate", "models"} <= set(report)
    assert {"subsets", "seconds", "notes"} <= set(report)
    assert (report["target"], report["horizon_days"]) == ("escalation", 14)
    assert report["as_of"]["last"] <= "2026-03-01"
    assert set(report["as_of"]) == {"first", "last", "count", "step_days"}
    assert set(report["models"]["lightgbm"]) == METRICS
    assert (folder / "home/backtests/escalation-14d").is_dir()


def test_backtest_report_writes_the_page_with_what_moves_the_model(run: Run, folder: Path) -> None:
    run("backtest", "--report", str(folder / "report"), "--from", "2025-11-01", "--until", "2026-03-01")
    written = {path.name for path in (folder / "report").iterdir()}

    assert {"report.html", "report.json", "predictions.parquet", "contributions-new.parquet", "hits.png", "new-reasons.png"} <= written


def test_backtest_ablate_shows_what_each_family_adds(run: Run, folder: Path) -> None:
    period = ("--from", "2025-11-01", "--until", "2026-03-01")
    shown = run("backtest", "--ablate", "--without", "calendar", "--json", str(folder / "ablated.json"), *period).stdout
    report = json.loads((folder / "ablated.json").read_text(encoding="utf-8"))

    assert set(report["without"]["models"]) == {"lightgbm", *report["without"]["differences"]}
    assert "trends" in report["without"]["differences"]
    assert "calendar" not in report["without"]["differences"]
    assert "what it adds" in shown


def test_models_list_and_show_print_json_for_a_program(run: Run) -> None:
    listed = json.loads(run("models", "list", "--json").stdout)
    shown = json.loads(run("models", "show", "--json").stdout)

    assert set(listed["models"][0]) == {"version", "trained", "aliases"}
    assert listed["champions"][0]["why"] == "the first"
    assert listed["champions"] == shown["champions"]
    assert shown["metrics"]["poisson_deviance"] > 0


def test_models_show_the_champion(run: Run) -> None:
    listed = run("models", "list").stdout
    shown = run("models", "show").stdout

    assert "the first" in listed
    assert "champion" in shown
    assert "poisson_deviance" in shown
    assert "the first" in shown
    assert "it does not beat" in shown, "what the gate objected to stays on record"


def test_models_compare_one_version_with_itself_is_refused(run: Run) -> None:
    with pytest.raises(UsageError, match="two versions must be named, got version 1 twice"):
        run("models", "compare", "champion", "1")


def test_rank_again_prints_the_same_list(run: Run) -> None:
    first = run("rank", "--as-of", AS_OF, "--json").stdout
    again = run("rank", "--as-of", AS_OF, "--json").stdout

    assert first == again
    assert len(json.loads(first)["rows"]) == 20


def test_rank_prints_the_top_with_the_notice(run: Run) -> None:
    printed = run("rank", "--as-of", AS_OF, "--top", "3")

    assert len(printed.stdout.splitlines()) == 4
    assert "不得用于考核排名" in printed.stderr


def test_ledger_reproduce_says_what_the_list_was_made_from(run: Run) -> None:
    listed = json.loads(run("rank", "--as-of", AS_OF, "--json").stdout)

    printed = run("ledger", "reproduce", "--as-of", AS_OF).stdout

    assert printed.startswith(f"List {listed['ranking_id']} of {AS_OF} and its alerts come out the same, byte for byte, from records 1 to ")
    with pytest.raises(NotFoundError, match="2020-01-01 must have been published"):
        run("ledger", "reproduce", "--as-of", "2020-01-01")


def test_explain_says_what_was_published(run: Run) -> None:
    listed = json.loads(run("rank", "--as-of", AS_OF, "--json").stdout)
    top = listed["rows"][0]

    explained = json.loads(run("explain", top["grid_id"], "--as-of", AS_OF, "--json").stdout)

    assert explained == {"ranking_id": listed["ranking_id"], "row": top}
    printed = run("explain", top["grid_id"], "--as-of", AS_OF).stdout
    row = GridRow.model_validate(top)
    assert isinstance(row.explanation, Explanation)
    assert row.explanation.outcomes is not None
    said = [*map(with_similar, row.explanation.reasons), outcome_words(row.explanation.outcomes), *row.explanation.certainty]
    assert [text.zh for text in said if text and text.zh not in printed] == []


def test_doctor_finds_nothing_wrong(run: Run) -> None:
    result = run("doctor")

    assert "FAIL" not in result.stdout
    assert result.exit_code == 0


def test_doctor_names_a_key_that_others_can_read(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CHECKS, "MLflow and API")  # which starts a process, and says above that all is well
    key = folder / "home/keys/publish.private"
    key.chmod(0o644)

    result = run("doctor")
    key.chmod(0o600)

    assert result.exit_code == 1
    assert [line.split()[:2] for line in result.stdout.splitlines() if line.startswith("FAIL")] == [["FAIL", "keys"]]


@pytest.mark.full
def test_train_search_is_taken_up_again(run: Run) -> None:
    first = run("train", "--search", "2").stderr
    again = run("train", "--search", "3", "--without", "calendar").stderr
    more = run("train", "--search", "3").stderr

    assert "Searched: 2 settings" in first
    assert "search: 1 of 3" in again, "other settings have a search of their own"
    assert "search: 1 of 3" not in more
    assert "search: 3 of 3" in more


@pytest.mark.full
def test_models_rollback_takes_the_aliases_along(run: Run) -> None:
    """The first and the second version are published, and then the first again."""
    first = aliases(run)["champion"]
    run("train")
    run("models", "promote", "--reason", "the second", "--by", "tester", "--override")
    second = aliases(run)
    compared = run("models", "compare", "champion", "previous").stdout

    run("models", "rollback", "--reason", "back", "--by", "tester")

    assert first == second["previous"] != second["champion"]
    assert first == aliases(run)["champion"]
    assert "previous" not in aliases(run)
    assert compared.count(f"version {first}") == 2, "its own figures, and the difference"


def aliases(run: Run) -> dict[str, str]:
    """Return alias -> version, as listed."""
    trained = run("models", "list").stdout.partition("target")[0].splitlines()[1:]
    return {alias: line.split()[0] for line in trained for alias in line.split()[3:]}
