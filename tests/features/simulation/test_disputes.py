"""Course of each dispute, and what the log shows of it."""

from dataclasses import replace

import numpy as np
import pytest

from features.simulation.arrivals import Arrivals
from features.simulation.dispute_numbers import Escalation, Mediation, Recording
from features.simulation.disputes import Ageing, Fates, Records, draw_fates, draw_records, recorded_within, relapse_rate, set_ageing

KINDS = ("neighbor", "land_acquisition", "contract")
SHARE = np.array([0.5, 0.25, 0.25])


def ageing(mediation: Mediation | None = None, escalation: Escalation | None = None) -> Ageing:
    return set_ageing(KINDS, SHARE, mediation or Mediation(), escalation or Escalation())


def disputes(*rows: tuple[int, int, float]) -> Arrivals:
    """Return disputes given as (part, kind, time)."""
    part, kind, time = zip(*rows, strict=True)
    return Arrivals(np.array(part), np.array(kind), np.array(time, np.float64))


def many(count: int = 2000) -> Arrivals:
    return Arrivals(np.arange(count), np.zeros(count, np.int64), np.zeros(count))


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_set_ageing_failures_come_to_those_of_all_on_the_whole() -> None:
    """Land fails nine times as often: 1, 9, 1 with shares of 1/2, 1/4, 1/4 is three on average."""
    assert [0.031 / 3, 0.031 * 3, 0.031 / 3] == pytest.approx(ageing(Mediation(success=0.969)).failure.tolist())


def test_set_ageing_failures_stay_below_their_cap() -> None:
    assert 0.25 == ageing(Mediation(success=0.8)).failure[1]


def test_set_ageing_category_without_numbers_gets_the_usual_ones() -> None:
    found = set_ageing(("medical",), np.ones(1), Mediation(), Escalation())

    assert (10.0, 0.7) == (found.median_days[0], found.factor[0])


def test_hazard_factor_multiplies_what_speaks_for_and_against() -> None:
    rules = Escalation(daily=0.01, early_factor=0.5, repeat_factor=2.0)
    flags = np.array([False, True, False, True]), np.array([False, False, True, True])

    assert [0.01, 0.005, 0.02, 0.01] == pytest.approx(ageing(escalation=rules).hazard_factor(np.zeros(4, np.int64), *flags).tolist())


def test_ramp_rises_then_stays_then_falls() -> None:
    rules = Escalation(ramp_days=2, ramp_top=3.0, stale_days=4, stale_factor=0.5)

    assert [0, 1, 3, 6, 9, 10.5, 12] == ageing(escalation=rules).ramp(6).tolist()


def test_still_open_falls_from_one_and_is_half_at_the_median() -> None:
    found = ageing(Mediation(success=1.0, early_pace=1.0))
    open_ = found.still_open(np.zeros(4, np.int64), np.ones(4, np.bool_), np.array([0.0, 5.0, 20.0, 1000.0]))

    assert [1, 0.5] == pytest.approx(open_[:2].tolist())
    assert (np.diff(open_) < 0).all()


def test_relapse_rate_brings_back_the_share_within_180_days() -> None:
    """Of the closed 20 % are not solved and 6 % come back: 30 % of those."""
    rate = relapse_rate(ageing(Mediation(solved=0.8, relapse=0.06)))

    assert 0.3 == pytest.approx(1 - np.exp(-rate * 180))


def test_relapse_rate_without_relapses_is_zero() -> None:
    assert [0.0, 0.0] == [relapse_rate(ageing(Mediation(solved=solved, relapse=0.0))) for solved in (0.8, 1.0)]


def test_recorded_within_is_half_at_the_median_and_all_in_the_end() -> None:
    usual = Recording(delay_median_days=1.0, delay_p90_days=5.0, delay_long_share=0.0)

    assert [0, 0.5, 0.9, 1] == pytest.approx(recorded_within(usual, np.array([0.0, 1.0, 5.0, 1e6])).tolist(), abs=1e-6)


def test_recorded_within_long_delays_come_after_thirty_days() -> None:
    late = Recording(delay_median_days=1.0, delay_p90_days=2.0, delay_long_share=0.5)

    assert [0.5, 0.5 + 0.5 * (1 - np.exp(-1))] == pytest.approx(recorded_within(late, np.array([30.0, 60.0])).tolist())


@pytest.mark.parametrize(
    ("second", "expected"),
    [((0, 0, 90.0), True), ((0, 0, 90.1), False), ((1, 0, 10.0), False), ((0, 1, 10.0), False)],
    ids=["within", "later", "another place", "another kind"],
)
def test_draw_fates_repeat_follows_within_90_days(second: tuple[int, int, float], expected: bool) -> None:
    """The later one stands first, since disputes come in any order."""
    assert [expected, False] == draw_fates(disputes(second, (0, 0, 0.0)), ageing(), rng()).repeat.tolist()


def test_draw_fates_without_hazard_nothing_escalates() -> None:
    fates = draw_fates(many(), ageing(escalation=Escalation(daily=1e-12)), rng())

    assert not np.isfinite(fates.escalates_at).any()
    assert not fates.strict.any()


def test_draw_fates_escalates_while_it_lasts() -> None:
    fates = draw_fates(many(), ageing(escalation=Escalation(daily=0.05)), rng())
    escalated = np.isfinite(fates.escalates_at)

    assert 0.1 < escalated.mean() < 0.9
    assert (fates.escalates_at[escalated] < fates.lasts_until[escalated]).all()
    assert not fates.strict[~escalated].any()


def fates(count: int = 2000, lasts: float = 10.0, escalates: float = np.inf) -> Fates:
    no = np.zeros(count, np.bool_)
    return Fates(no, no, no, np.full(count, lasts), np.full(count, escalates), no)


def records(
    told: Fates, seen: float = 1.0, with_campaign: float | None = None, mediation: Mediation | None = None, **recording: float
) -> Records:
    count = len(told.early)
    chances = np.full(count, seen), np.full(count, seen if with_campaign is None else with_campaign)
    return draw_records(many(count), told, chances, ageing(mediation), Recording(**recording), rng())


def test_draw_records_what_nobody_sees_and_never_escalates_is_not_shown() -> None:
    assert not records(fates(), seen=0.0).shown.any()


def test_draw_records_what_nobody_saw_is_shown_when_it_escalates() -> None:
    found = records(fates(escalates=5.0), seen=0.0)

    assert found.shown.all()
    assert not found.recorded.any()
    assert {5.0} == set(found.occurred_at.tolist())
    assert (found.reported_at > 5.0).all()


def test_draw_records_is_reported_accepted_and_closed_in_order() -> None:
    found = records(fates())

    assert (found.reported_at < found.accepted_at).all()
    assert (found.accepted_at < found.closed_at).all()
    assert found.accepted_at + 60 == pytest.approx(found.deadline_at)


@pytest.mark.parametrize(("seen", "with_campaign", "by_campaign"), [(0.0, 1.0, True), (1.0, 1.0, False)])
def test_draw_records_by_campaign_are_those_seen_only_then(seen: float, with_campaign: float, by_campaign: bool) -> None:
    assert {by_campaign} == set(records(fates(), seen, with_campaign).by_campaign.tolist())


def test_draw_records_closed_on_paper_just_before_the_term() -> None:
    found = records(fates(lasts=1000.0), mediation=Mediation(paper_share=1.0), delay_long_share=0.0)

    assert found.on_paper.all()
    assert ((found.deadline_at - 7 <= found.closed_at) & (found.closed_at <= found.deadline_at)).all()
    assert not np.isfinite(found.overdue_at).any()


def test_draw_records_still_open_at_the_term_is_overdue_then() -> None:
    found = records(fates(lasts=1000.0), mediation=Mediation(paper_share=0.0), delay_long_share=0.0)

    assert found.deadline_at.tolist() == found.overdue_at.tolist()


def test_draw_records_what_was_solved_never_comes_back() -> None:
    found = records(fates(), mediation=Mediation(solved=1.0 - 1e-6, relapse=1e-7))

    assert not np.isfinite(found.reopened_at).any()


@pytest.mark.parametrize("solved", [0.0, 1.0])
def test_draw_records_without_relapses_nothing_comes_back(solved: float) -> None:
    """Not even what was closed on paper."""
    found = records(fates(lasts=1000.0), mediation=Mediation(solved=solved, relapse=0.0, paper_share=1.0), delay_long_share=0.0)

    assert found.on_paper.all()
    assert {np.inf} == set(found.reopened_at.tolist()) | set(found.closed_again_at.tolist())


def test_draw_records_what_comes_back_does_so_within_its_days() -> None:
    found = records(fates(), mediation=Mediation(solved=0.0, relapse=0.5, reopen_days=90))
    after = (found.reopened_at - found.closed_at)[np.isfinite(found.reopened_at)]

    assert 0.2 < len(after) / 2000 < 0.4
    assert (0 <= after.min()) & (after.max() < 90)
    assert (found.closed_again_at[np.isfinite(found.reopened_at)] > found.reopened_at[np.isfinite(found.reopened_at)]).all()


def test_overdue_at_is_the_term_where_the_case_was_closed_after_it() -> None:
    some = replace(records(fates(2)), closed_at=np.array([59.0, 61.0]), deadline_at=np.array([60.0, 60.0]))

    assert [np.inf, 60.0] == some.overdue_at.tolist()
