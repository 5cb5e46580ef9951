from datetime import timedelta

import pytest
from sqlalchemy import func, select

from features.database.alert_tables import alert, alert_decision
from features.errors import ConflictError, ForbiddenError, NotFoundError
from serving.accounts.permissions import EVERYTHING
from serving.alerts.queries import Wanted, history, list_alerts, not_alerted
from serving.alerts.transitions import take_step
from serving.rankings.ledger import find, newest
from serving.rankings.publishing import held_lists, release
from tests.serving.alerts.conftest import ANALYST, AS_OF, COMMAND, NOW, QUIET, STRANGER, TOWNSHIP, WORKER


def grids_of(alerts) -> list[str]:
    return [each.grid_id for each in alerts]


def test_publish_raises_alerts_with_frozen_words_and_a_first_entry(days):
    entry = days.publish()
    first, second = days.alerts()

    assert (first.grid_id, first.path, first.owner) == ("g1", "d/t1/g1", "d/t1/g1")
    assert (first.state, first.version, first.level, first.selection_probability) == ("published", 1, "elevated", 1.0)
    assert (first.ends - first.starts).days == 14
    assert "示例g1网格" in first.text.title.zh
    assert first.text.changes[0].zh == "此前没有可比的清单"
    assert [(step.action, step.state) for step in history(days.engine, COMMAND, first.alert_id)] == [("raised", "published")]
    assert second.grid_id == "g2"
    assert entry.revision == 0


def test_publish_again_raises_nothing_new(days):
    days.publish()

    assert days.publish() == days.publish()
    assert grids_of(days.alerts()) == ["g1", "g2"]


def test_publish_revision_holds_open_alerts_and_raises_what_is_new(days):
    days.publish()
    rows = days.rows()
    rows[1], rows[2] = (rows[n].model_copy(update={"score": rows[m].score}) for n, m in ((1, 2), (2, 1)))

    days.publish(rows, now=NOW + timedelta(hours=3))

    assert grids_of(days.alerts()) == ["g1", "g3", "g2"]
    assert not_alerted(days.engine, EVERYTHING, AS_OF) == {"g1": "open_alert"}


def test_publish_list_of_a_past_day_raises_nothing(days):
    days.publish(as_of=AS_OF - timedelta(days=1))

    assert days.alerts() == []


def test_publish_surplus_is_listed_and_never_lost(days):
    days.publish(settings=QUIET.model_copy(update={"enter_share": 1.0, "leave_share": 1.0, "per_township": 1}))

    assert grids_of(days.alerts()) == ["g1", "g2"]
    assert dict.fromkeys(("g3", "g5", "g7", "g4", "g6", "g8"), "capacity") == not_alerted(days.engine, EVERYTHING, AS_OF)
    assert dict.fromkeys(("g3", "g5", "g7"), "capacity") == not_alerted(days.engine, TOWNSHIP.scope, AS_OF)


def test_publish_ends_alerts_whose_window_is_over_and_cools_down(days):
    days.publish()
    days.publish(days=14)

    assert ["expired"] * 2 == [each.state for each in days.alerts()]
    assert set(not_alerted(days.engine, EVERYTHING, AS_OF + timedelta(days=14)).values()) == {"cool_down"}
    assert history(days.engine, COMMAND, days.alerts()[0].alert_id)[-1].action == "expired"

    days.publish(days=22)

    assert ["published", "expired", "published", "expired"] == [
        each.state for each in sorted(days.alerts(), key=lambda each: (each.grid_id, -each.starts.toordinal()))
    ]


def test_publish_second_day_says_what_changed(days):
    days.publish(rows=[row for row in days.rows() if row.grid_id != "g2"] + [days.rows()[1].model_copy(update={"score": None})])
    days.publish(days=1)

    assert {"g1": 1, "g2": 1} == {each.grid_id: each.version for each in days.alerts()}
    assert "此前没有可比的清单" == next(each for each in days.alerts() if each.grid_id == "g2").text.changes[0].zh


def test_publish_second_look_hides_level_and_rank(days):
    days.publish(settings=QUIET.model_copy(update={"blind_review_share": 1.0}))
    first = days.alerts()[0]

    assert first.second_look
    assert first.level is None
    assert first.text.place is None


def test_publish_random_alert_is_marked_with_its_probability(days):
    days.publish(settings=QUIET.model_copy(update={"enter_share": 0.01, "leave_share": 0.01, "exploration_share": 1.0, "per_township": 2}))

    assert {("random", 0.5)} == {(each.chosen_by, each.selection_probability) for each in days.alerts()}
    assert len(days.alerts()) == 4


def test_review_hides_list_and_alerts_until_an_analyst_releases_them(days):
    days.publish(days=-1)
    entry = days.publish(settings=QUIET.model_copy(update={"review": True}))

    assert newest(days.engine).origin.as_of == AS_OF - timedelta(days=1)
    with pytest.raises(NotFoundError):
        find(days.engine, entry.ranking_id)
    assert held_lists(days.engine, ANALYST) == [entry.ranking_id]
    assert len(days.alerts(ANALYST)) == len(days.alerts(COMMAND)) == 2

    release(days.engine, ANALYST, entry.ranking_id, NOW)

    assert newest(days.engine) == entry
    assert held_lists(days.engine, ANALYST) == []
    with pytest.raises(ConflictError):
        release(days.engine, ANALYST, entry.ranking_id, NOW)


def test_review_alerts_of_a_held_list_are_seen_by_those_who_may_release_it_alone(days):
    days.publish(settings=QUIET.model_copy(update={"review": True}))

    assert [len(days.alerts(actor)) for actor in (ANALYST, COMMAND, TOWNSHIP, WORKER)] == [2, 0, 0, 0]
    with pytest.raises(ForbiddenError):
        release(days.engine, COMMAND, "0" * 16, NOW)


def test_alerts_are_listed_within_the_scope_only(days):
    days.publish()

    assert [grids_of(days.alerts(actor)) for actor in (COMMAND, TOWNSHIP, WORKER, STRANGER)] == [["g1", "g2"], ["g1"], ["g1"], ["g2"]]


def test_alerts_pages_follow_each_other(days):
    days.publish(settings=QUIET.model_copy(update={"enter_share": 1.0, "leave_share": 1.0}))
    whole, seen, last = days.alerts(), [], None
    while page := list_alerts(days.engine, COMMAND, Wanted(last=last), limit=3):
        seen += page
        last = page[-1].alert_id

    assert whole == seen
    assert len(whole) == 8


def test_alert_closed_by_people_cools_down_then_may_come_again(days, asked):
    days.publish()
    take_step(days.engine, COMMAND, days.alerts()[0].alert_id, asked("not_needed"), NOW)
    days.publish(days=3)

    assert not_alerted(days.engine, EVERYTHING, AS_OF + timedelta(days=3)) == {"g1": "cool_down", "g2": "open_alert"}

    days.publish(days=8)

    assert [each.state for each in days.alerts() if each.grid_id == "g1"] == ["published", "not_needed"]


@pytest.mark.parametrize("hour", [1, 6, 23])
@pytest.mark.parametrize("ended", [timedelta(), timedelta(hours=4), timedelta(hours=17)])
def test_cool_down_is_counted_in_days_whatever_the_hour_of_list_and_ending(days, asked, hour, ended):
    days.publish()
    take_step(days.engine, COMMAND, days.alerts()[0].alert_id, asked("not_needed"), NOW + ended)

    for day in (6, 7):
        days.publish(days=day, now=NOW.replace(hour=hour) + timedelta(days=day))

    assert not_alerted(days.engine, EVERYTHING, AS_OF + timedelta(days=6)) == {"g1": "cool_down", "g2": "open_alert"}
    assert [AS_OF + timedelta(days=7), AS_OF] == [each.starts for each in days.alerts() if each.grid_id == "g1"]


def test_decisions_below_the_threshold_are_not_stored(days):
    days.publish()
    with days.engine.connect() as connection:
        counts = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (alert, alert_decision)]

    assert counts == [2, 2]
