"""One's own predictions on the rows of a backtest: what fits, and what is refused."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from features.errors import UsageError
from training.evaluation.own_model import add_model, match_predictions, read_predictions

DAYS = [date(2026, 1, 1), date(2026, 1, 8)]
ROWS = pl.DataFrame(
    {
        "as_of": [day for day in DAYS for _ in range(2)],
        "grid_id": ["007", "008"] * 2,
        "threshold": [2.0] * 4,
        "expected_lightgbm": [0.1, 0.2, 0.3, 0.4],
        "risk_lightgbm": [0.1, 0.2, 0.3, 0.4],
    }
)
OWN = ROWS.select("grid_id", "as_of", expected=pl.Series([0.5, 0.0, 0.25, 1.0])).sample(fraction=1.0, shuffle=True, seed=1)


def test_match_predictions_in_any_order_follow_the_rows_of_the_backtest():
    expected, risk = match_predictions(ROWS, OWN)

    assert [0.5, 1e-9, 0.25, 1.0] == expected.tolist()
    assert pytest.approx(1 - np.exp(-expected)) == risk


def test_match_predictions_takes_the_risk_where_it_is_given():
    _, risk = match_predictions(ROWS, OWN.with_columns(risk=0.125))

    assert [0.125] * 4 == risk.tolist()


def test_read_predictions_keeps_leading_zeros_of_grids(tmp_path):
    OWN.write_csv(tmp_path / "own.csv")

    assert match_predictions(ROWS, read_predictions(tmp_path / "own.csv"))[0].tolist() == [0.5, 1e-9, 0.25, 1.0]


def test_read_predictions_of_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "own.parquet").write_text("no parquet")

    with pytest.raises(UsageError, match="CSV or Parquet"):
        read_predictions(tmp_path / "own.parquet")


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        (OWN.head(3), "1 are missing"),
        (pl.concat([OWN, OWN.head(1)]), "1 rows repeat"),
        (OWN.with_columns(expected=-1.0), "0 or more"),
        (OWN.with_columns(expected=float("inf")), "0 or more"),
        (OWN.drop("as_of"), "as_of is missing"),
        (OWN.with_columns(as_of=pl.lit("yesterday")), "4 are none"),
    ],
)
def test_match_predictions_that_do_not_cover_the_rows_are_refused(own, fault):
    with pytest.raises(UsageError, match=fault):
        match_predictions(ROWS, own)


def test_add_model_under_a_name_that_is_taken_is_refused():
    with pytest.raises(UsageError, match="'lightgbm' is one of"):
        add_model(ROWS, "lightgbm", np.ones(4), np.ones(4))


def test_add_model_takes_surges_from_the_expected_count():
    added = add_model(ROWS, "own", np.full(4, 1e-9), np.full(4, 0.5))

    assert pytest.approx([0.0] * 4) == added["surge_own"].to_list()
