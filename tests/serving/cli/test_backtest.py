"""Tables of a backtest: the best model first, and a dash for what cannot be estimated."""

from types import SimpleNamespace

from features.storage.home import Home
from serving.cli.backtest import SHOWN, keep, report_folder, tabulate_differences, tabulate_gaps, tabulate_models


def metrics(deviance: float | None) -> dict[str, float | None]:
    return dict.fromkeys(SHOWN, 0.25) | {"poisson_deviance": deviance, "ece": None}


def test_models_stand_by_their_deviance_and_those_without_one_last(capsys) -> None:
    tabulate_models(SimpleNamespace(models={"count_90d": metrics(0.9), "oracle": metrics(None), "model": metrics(0.5)}))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]

    assert ["model", "count_90d", "oracle"] == [
        row[0] for row in rows if row and row[0] in {"model", "count_90d", "oracle"} and len(row) > 1
    ][-3:]


def test_differences_carry_their_sign_and_interval(capsys) -> None:
    better = {metric: {"value": -0.01234, "ci95": (-0.02, -0.005)} for metric in ("poisson_deviance", "ap", "hit@5%")}
    unknown = {metric: {"value": None, "ci95": None} for metric in better}
    tabulate_differences(SimpleNamespace(differences={"count_90d": better, "rare": unknown}), "model minus")
    printed = capsys.readouterr().out

    assert "-0.0123" in printed
    assert "-0.0200 to -0.0050" in printed
    assert "None" not in printed


def test_gaps_are_told_where_a_simulation_has_them(capsys) -> None:
    tabulate_gaps([])
    assert ("", "") == capsys.readouterr()

    gap = SimpleNamespace(rows="all", metric="ap", baseline="count_90d", values=(0.1, 0.2, 0.3), bound="oracle", share=0.5, ci95=(0.4, 0.6))
    tabulate_gaps([gap])
    told = capsys.readouterr()
    assert "Share of the gap closed" in told.err
    assert "0.40 to 0.60" in told.out


def test_report_is_written_into_the_folder_of_its_target_with_its_notes(tmp_path, capsys) -> None:
    result = SimpleNamespace(target="escalation", horizon_days=14, notes=["few rows"])
    folder = report_folder(Home(tmp_path), result)
    keep({"report.html": b"<html>", "backtest.json": b"{}"}, result, folder)

    assert "escalation-14d" == folder.name
    assert {"report.html": b"<html>", "backtest.json": b"{}"} == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert ["few rows", f"Report: {folder / 'report.html'}"] == capsys.readouterr().err.splitlines()
