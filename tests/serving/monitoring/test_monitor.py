import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import mean_poisson_deviance
from typer.testing import CliRunner

from features.days import day_number, to_date
from features.eventlog.read import read_log
from features.schema import Col
from serving.cli.main import app
from serving.monitoring.drift import Shift, Unknown, shift_findings, stability
from serving.monitoring.list_quality import PUBLISHED, Lists, Wanted, quality_findings, read_lists, realise
from serving.monitoring.monitor import take_subject, watch
from tests.support.published_world import AS_OF, SETTINGS


def subject_of(world, snapshot=None):
    return take_subject(snapshot or read_log(world.home, world.engine), AS_OF, "escalation", 14, SETTINGS)


@pytest.fixture(scope="module")
def seen(listed_world):
    return watch(listed_world.home, listed_world.engine, subject_of(listed_world), SETTINGS)


def abouts(watched):
    return [finding.about for finding in watched.findings]


def shuffled(seen, lists):
    """The same lists with their scores dealt out to other grids."""
    dealt = np.random.default_rng(3).permutation(seen.subject.facts.places.size)
    return replace(lists, expected=lists.expected[:, dealt], risk=lists.risk[:, dealt])


def recount(world, lists):
    """Count from the records alone what followed each list, by grid."""
    records = read_log(world.home, world.engine).records
    cases = records.filter(pl.col(Col.ACTION) == "reported").select(Col.EVENT_SEQ, pl.col(Col.GRID_ID).cast(pl.String))
    marks = records.filter(pl.col(Col.ACTION) == "escalated").drop(Col.GRID_ID).join(cases, on=Col.EVENT_SEQ)
    day = pl.col(Col.AT).dt.convert_time_zone("Asia/Shanghai").dt.date()
    spans = [(to_date(as_of), to_date(as_of + 14)) for as_of in lists.as_ofs]
    return [Counter(marks.filter(day >= start, day < end)[Col.GRID_ID]) for start, end in spans]


def test_monitor_names_what_it_saw(seen):
    about = seen.to_json()

    assert about["quality"]["lists"]["count"] == 4
    assert {each["name"] for each in about["completeness"]["sources"]} == {"sample", "grid_worker", "resident", "hotline"}
    assert "completeness" not in abouts(seen)
    json.dumps(about, allow_nan=False)


def test_planted_outage_of_a_source_is_flagged_before_any_drift(listed_world):
    """The hotline stops 20 days before as_of, while the other sources go on."""
    snapshot = read_log(listed_world.home, listed_world.engine)
    stopped = (pl.col(Col.SOURCE) == "hotline") & (pl.col(Col.KNOWN_AT).dt.date() > AS_OF - timedelta(days=20))
    gone = snapshot.records.filter(stopped)[Col.SEQ]
    cut = replace(snapshot, records=snapshot.records.filter(~pl.col(Col.EVENT_SEQ).is_in(gone.to_list())))

    watched = watch(listed_world.home, listed_world.engine, subject_of(listed_world, cut), SETTINGS)

    assert abouts(watched)[0] == "completeness"
    assert "热线" in watched.findings[0].words.zh
    assert not {"features", "predictions"} & set(abouts(watched))


def test_lists_that_are_no_better_than_a_simple_rule_say_so(seen):
    facts, gap, lists = seen.subject.facts, seen.subject.gap, seen.quality.lists
    prophetic = replace(lists, expected=np.where(np.isfinite(lists.expected), seen.quality.counts + 0.01, np.nan))

    judged = (realise(facts, each, gap, SETTINGS) for each in (shuffled(seen, lists), prophetic))
    said = [[finding.words.zh for finding in quality_findings(each)] for each in judged]
    assert any("不优于简单规则" in words and "建议回退" in words for words in said[0])
    assert not any("不优于简单规则" in words for words in said[1])


def test_realised_counts_equal_those_of_the_records(listed_world, seen):
    lists, grid_ids = seen.quality.lists, seen.subject.facts.places.grid_ids

    recounted = [[counted[grid_id] for grid_id in grid_ids] for counted in recount(listed_world, lists)]
    assert recounted == seen.quality.counts.tolist()


def test_realised_figures_equal_those_of_scikit_learn(listed_world, seen):
    lists = seen.quality.lists
    rated = np.isfinite(lists.expected)
    tops = [
        np.argsort(-np.nan_to_num(row))[: max(1, int(known.sum() * 0.1 + 0.5))] for row, known in zip(lists.expected, rated, strict=True)
    ]
    hits = sum(counted[top].sum() for counted, top in zip(seen.quality.counts, tops, strict=True))
    expected, counts = lists.expected[rated], seen.quality.counts[rated]

    figures = seen.quality.scorecard.models[PUBLISHED]
    assert figures["poisson_deviance"] == pytest.approx(mean_poisson_deviance(counts, expected))
    assert figures["hit@10%"] == pytest.approx(hits / counts.sum())
    assert seen.quality.expected == pytest.approx(expected.sum())
    assert seen.quality.calibration["value"] == pytest.approx(counts.sum() / expected.sum())


def test_lists_that_are_not_ripe_are_not_judged(seen):
    facts, gap = seen.subject.facts, seen.subject.gap
    size = (1, facts.places.size)

    judged = realise(facts, Lists(np.array([facts.known_through_day], np.int32), np.ones(size), np.ones(size), late=2), gap, SETTINGS)

    assert isinstance(judged, Unknown)
    assert "另有2期晚于当日发布" in judged.reason.zh


def test_read_lists_leaves_out_what_came_after_its_day(world):
    world.rank(AS_OF - timedelta(days=7))
    wanted = Wanted("escalation", 14, 0, day_number(AS_OF))

    lists = read_lists(world.engine, wanted, np.array(["x"]), SETTINGS.tz)

    assert (len(lists.as_ofs), lists.late) == (0, 1)


def test_stability_of_a_known_shift_is_its_index():
    before, now = np.repeat([0.0, 1.0], [500, 500]), np.repeat([0.0, 1.0], [250, 750])
    chance = 2 / 1000

    assert stability(now, before, (1000, 1000)) == pytest.approx(-0.25 * np.log(0.5) + 0.25 * np.log(1.5) - chance)
    assert stability(before, before, (1000, 1000)) == 0


def test_stability_counts_missing_values_as_a_cell():
    before = np.arange(100.0)

    assert stability(np.where(before < 50, np.nan, before), before, (100, 100)) > 0.25


def test_features_are_a_finding_from_a_tenth_of_them_on():
    moved, still = Shift("moved", "", "", 0.3), Shift("still", "", "", 0.1)

    assert len(shift_findings([moved, *[still] * 9])) == 1
    assert shift_findings([moved, *[still] * 10]) == []


def test_lists_before_which_no_label_was_ripe_are_compared_with_nothing(seen):
    facts, lists = seen.subject.facts, seen.quality.lists
    warm_up = SETTINGS.backtest.model_copy(update={"warm_up_days": int(lists.as_ofs[0]) - facts.first_day})
    young = SETTINGS.model_copy(update={"backtest": warm_up})

    judged = realise(facts, lists, seen.subject.gap, young)

    assert judged.to_json()["beaten_by"] is None
    assert "no label was ripe" in judged.to_json()["notes"][-1]


def test_monitor_command_exits_3_where_attention_is_needed(listed_world):
    """Four months later no source has reported anything."""
    later = CliRunner().invoke(app, ["--home", str(listed_world.home.root), "monitor", "--as-of", "2026-05-01", "--json"])

    assert later.exit_code == 3
    assert (listed_world.home.monitoring / "escalation.json").read_text(encoding="utf-8") == later.stdout.removesuffix("\n")
    assert json.loads(later.stdout)["findings"][0]["about"] == "completeness"
