"""Sources that are filled up to a number that was asked for are found, and named without anybody who works there."""

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.days import day_number
from features.facts.derive import read_facts
from serving.monitoring import quotas
from serving.monitoring.quotas import (
    Sign,
    find_quotas,
    has_few_kinds,
    has_month_end,
    has_same_count,
    look_for_signs,
    quota_findings,
    read_reports,
)
from tests.support.filled_up import QUOTA, Filling, places_of, year_of
from tests.support.simulated_homes import simulated_home

AREAS, FILLED = 100, 30
AS_OF = date(2026, 1, 8)
FILLINGS = {
    Sign.SAME_COUNT: Filling(same_count=0.85),
    Sign.MONTH_END: Filling(month_end=0.8, more=6),
    Sign.NIGHT_BULK: Filling(at_night=0.6, more=8),
}


@cache
def world(filling: Filling | None, seed: int) -> pl.DataFrame:
    return year_of(AREAS, [filling] * FILLED + [None] * (AREAS - FILLED), seed)


def shares(records: pl.DataFrame, sign: Sign | None = None) -> tuple[float, float]:
    """Return the shares of the judged areas that are marked: of those that fill up, and of the others."""
    places = places_of(AREAS)
    looked = look_for_signs(read_reports(records, places, places.levels["community"], AS_OF, "UTC"))
    marked, fills = looked.marked if sign is None else looked.signs[sign], looked.area < FILLED
    return float(marked[fills].mean()), float(marked[~fills].mean())


def test_quota_in_three_areas_of_ten_is_found_and_seldom_seen_elsewhere(record_property):
    found, false = np.mean([shares(world(QUOTA, seed)) for seed in range(2)], axis=0)
    record_property("areas with a quota that are found", f"{100 * found:.0f} %")
    record_property("other areas that are marked", f"{100 * false:.1f} %")

    assert found >= 0.9
    assert false <= 0.05


@pytest.mark.full
@pytest.mark.parametrize("sign", FILLINGS)
def test_quota_that_shows_one_sign_alone_is_found(sign: Sign, record_property):
    found, false = np.mean([shares(world(FILLINGS[sign], seed), sign) for seed in range(3)], axis=0)
    record_property(f"areas found by {sign} alone", f"{100 * found:.0f} %")

    assert found >= 0.9
    assert false <= 0.01


def test_quota_detector_that_takes_every_repeated_count_for_one_is_caught(monkeypatch):
    monkeypatch.setattr(quotas, "_same_count_chance", lambda counts: 0.0 if np.unique(counts, return_counts=True)[1].max() >= 3 else 1.0)

    assert shares(world(QUOTA, 0))[1] > 0.05


def test_find_quotas_names_the_source_system_and_neither_place_nor_worker():
    (quota,) = find_quotas(world(QUOTA, 0), places_of(AREAS), day_number(AS_OF), "UTC")
    (finding,) = quota_findings([quota])

    assert (quota.feed, quota.source, finding.about) == ("ledger", "grid_worker", "completeness")
    assert "来源系统“ledger”（来源类别：网格员）" in finding.words.zh
    assert "不得下达件数指标" in finding.words.zh
    assert [] == [name for name in ("d/t", "c0", "g0") if name in f"{finding.words.zh} {finding.words.en}"]


def test_find_quotas_of_honest_areas_finds_none():
    assert [] == find_quotas(world(None, 1), places_of(AREAS), day_number(AS_OF), "UTC")


def test_find_quotas_leaves_out_what_was_not_known_yet_and_petitions():
    records, places = world(QUOTA, 0), places_of(AREAS)
    petitions = records.with_columns(event_type=pl.lit("petition", records.schema["event_type"]))

    late = records.with_columns(pl.col("known_at") + pl.duration(days=400))

    assert [] == find_quotas(late, places, day_number(AS_OF), "UTC")
    assert [] == find_quotas(petitions, places, day_number(AS_OF), "UTC")


def test_find_quotas_without_areas_above_the_grids_tells_nothing():
    places = places_of(AREAS)
    places.levels.clear()

    assert [] == find_quotas(world(QUOTA, 0), places, day_number(AS_OF), "UTC")


def test_same_count_is_ten_in_most_months_and_no_steady_poisson_count():
    always_ten, chance = [10.0] * 9 + [12.0, 14.0, 11.0], [8.0, 10, 10, 7, 12, 10, 9, 13, 11, 6, 8, 12]

    assert [True, False] == has_same_count(np.array([always_ten, chance])).tolist()


def test_month_end_leaves_out_two_months_of_campaigns():
    monthly, days = np.full((2, 12), 20.0), np.full(12, 30.0)
    steady, campaigns = np.full(12, 8.0), np.array([20.0, 20.0] + [2.0] * 10)

    assert [True, False] == has_month_end(monthly, np.array([steady, campaigns]), days).tolist()


def test_few_kinds_is_judged_beside_all_others():
    even, one = np.full(6, 20.0), np.array([114.0, 2, 1, 1, 1, 1])

    assert [False, False, False, True] == has_few_kinds(np.array([even, even, even, one])).tolist()
    assert not has_few_kinds(np.array([one, one, one, one])).any()


@pytest.mark.full
def test_simulated_district_without_quotas_is_seldom_marked(tmp_path: Path, record_property):
    work = simulated_home("nanhu", 3, tmp_path, years=2)
    places = read_facts(work.snapshot, "escalation", work.settings).places
    rows = read_reports(work.snapshot.records, places, places.levels["community"], date(2026, 11, 1), work.settings.zone)
    looked = [each for own in rows.partition_by("feed", "source") if (each := look_for_signs(own))]
    share = float(np.concatenate([each.marked for each in looked]).mean())
    record_property("areas of a simulated district that are marked", f"{100 * share:.1f} %")

    assert share <= 0.05
    assert [] == find_quotas(work.snapshot.records, places, day_number(date(2026, 11, 1)), work.settings.zone)
