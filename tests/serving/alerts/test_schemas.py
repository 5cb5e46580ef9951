"""Words of alerts as they were stored, by this program and by those before it."""

import json
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from features.days import day_number
from features.eventlog.append import Batch, append_batch
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.facts.facts import Facts
from features.storage.home import Home
from serving.alerts.feedback import Found, Visit, log_visit
from serving.alerts.queries import find_alert
from serving.alerts.schemas import read_text
from serving.alerts.transitions import take_step
from serving.scoring.daily_run import record_outcomes
from serving.settings import Settings
from serving.text import Text
from tests.conftest import fill_cases
from tests.serving.alerts.conftest import AS_OF, COMMAND, NOW, WORKER, ZONE
from training.learning.labels import count_labels

OLD = {
    "title": {"zh": "【关注提示】示例网格", "en": "Notice"},
    "window": {"zh": "数据截至1月8日24:00", "en": "Data through"},
    "place": None,
    "usual": {"zh": "14天内预计升级约0.20件", "en": "about 0.20"},
    "reasons": [],
    "background": [],
    "changes": [],
    "suggestions": [
        {
            "code": "mediation",
            "words": {"zh": "由人民调解员及时调解(《人民调解法》第17条)。", "en": "Let a mediator help (People's Mediation Law art. 17)."},
        },
        {"code": "data_check", "words": {"zh": "核实数据。", "en": "Check the data."}},
    ],
    "certainty": [{"zh": "随机", "en": "drawn"}, {"zh": "每100次约12次", "en": "12 of 100"}, {"zh": "连续", "en": "steady"}],
    "standing": {"zh": "不针对个人", "en": "about no person"},
    "phone": "【关注】示例网格",
}


def test_read_text_of_an_older_program_takes_law_and_certainty_apart() -> None:
    text = read_text(json.dumps(OLD))

    assert [(each.words.zh, each.legal_basis.zh if each.legal_basis else None) for each in text.suggestions] == [
        ("由人民调解员及时调解", "《人民调解法》第17条"),
        ("核实数据。", None),
    ]
    assert (text.frequency.zh, text.confidence.zh, text.notes) == ("每100次约12次", "连续", (Text(zh="随机", en="drawn"),))


def test_read_text_of_this_program_is_what_was_stored() -> None:
    text = read_text(json.dumps(OLD))

    assert read_text(text.model_dump_json()) == text


SETTINGS = Settings()
ALLOWANCE = SETTINGS.delay_allowance_days
END = AS_OF + timedelta(days=14)
RIPE = END + timedelta(days=ALLOWANCE)


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)


@pytest.fixture
def log(days, tmp_path):
    """Return functions that add cases to the log, and that settle what the log then allows."""

    class Log:
        batches = 0

        def tell(self, *cases: dict[str, object]) -> None:
            """Append cases with an id, a grid and the days of report, escalation and arrival."""
            self.batches += 1
            rows = [
                {"event_id": name, "grid_id": grid, "occurred_at": at(reported, 1), "reported_at": at(reported)}
                | ({"escalated_at": at(escalated)} if escalated else {})
                | ({"known_at": at(known)} if known else {})
                for name, grid, reported, escalated, known in cases
            ]
            frame = fill_cases(*rows)
            append_batch(days.engine, Batch(f"batch {self.batches}", "feed", frame, [], len(frame)))

        def heard_on(self, day: date) -> None:
            """Let the log be complete through a day: something was reported on it, elsewhere."""
            self.tell((f"heard {day}", "g8", day, None, None))

        def facts(self) -> Facts:
            return read_facts(read_log(Home(tmp_path / "copy"), days.engine), None, SETTINGS)

        def settle(self, now: datetime = NOW) -> int:
            return record_outcomes(days.engine, self.facts(), ALLOWANCE, now)

    log = Log()
    log.tell(("before", "g8", AS_OF - timedelta(days=60), None, None))
    return log


def sequels(days) -> dict[str, object]:
    return {each.grid_id: each.sequel for each in days.alerts()}


def test_sequel_is_told_when_the_log_is_ripe_and_not_by_the_clock(days, log):
    """An escalation that is known at once must not be told before its absence could be, or early outcomes would be the bad ones."""
    days.publish()
    log.tell(("c1", "g1", AS_OF, AS_OF + timedelta(days=2), None))
    log.heard_on(RIPE - timedelta(days=1))

    assert log.settle(now=NOW + timedelta(days=900)) == 0
    assert sequels(days) == {"g1": None, "g2": None}

    log.heard_on(RIPE)

    assert log.settle() == 2
    assert log.settle() == 0
    assert {"g1": True, "g2": False} == {grid: found.escalated for grid, found in sequels(days).items()}
    assert find_alert(days.engine, WORKER, days.alerts()[0].alert_id).sequel.words.zh == "14天内有升级：少量（不足3件）；无走访记录"


def test_sequel_counts_what_fell_into_the_window_and_was_known_by_its_ripeness(days, log):
    days.publish()
    first, last = AS_OF, END - timedelta(days=1)
    log.tell(*((f"in {day}", "g1", first, day, None) for day in (first, first + timedelta(days=5), last)))
    log.tell(("early", "g2", first - timedelta(days=3), first - timedelta(days=1), None), ("after", "g2", first, END, None))
    log.heard_on(RIPE)
    log.tell(("late news", "g2", first, first + timedelta(days=1), RIPE))
    log.settle()

    assert {"g1": 3, "g2": 0} == {grid: found.escalations for grid, found in sequels(days).items()}


def test_sequel_settled_late_is_the_one_settled_in_time(days, log):
    """Counting what is known now instead would find more: news that came after the window was ripe."""
    days.publish()
    log.heard_on(RIPE)
    log.tell(("late news", "g1", AS_OF, AS_OF + timedelta(days=1), RIPE + timedelta(days=20)))
    log.settle(now=NOW + timedelta(days=90))
    by_now = count_labels(log.facts(), np.array([day_number(AS_OF)], np.int32), 14)

    assert sequels(days)["g1"].escalations == 0
    assert by_now.sum() == 1


def test_sequel_of_a_visited_grid_says_so_and_that_calm_proves_nothing(days, log, asked):
    days.publish()
    second = days.alerts()[1]
    log_visit(days.engine, COMMAND, Visit(grid_id="g1", alert_id=None, visited_on=AS_OF, found=Found.NO), "key-visit", NOW)
    take_step(days.engine, COMMAND, second.alert_id, asked("acknowledge", reason="phoned"), NOW)
    log.heard_on(RIPE)
    log.settle()

    assert sequels(days)["g1"].words.zh == "14天内无升级；已走访，走访后平稳不等于提示有误"
    assert sequels(days)["g2"].words.zh == "14天内无升级；无走访记录"


@pytest.mark.parametrize(("reason", "visited"), [("visited", True), ("phoned", False)])
def test_sequel_takes_the_answer_visited_for_a_visit(days, log, asked, reason, visited):
    days.publish()
    take_step(days.engine, COMMAND, days.alerts()[0].alert_id, asked("acknowledge", reason=reason), NOW)
    log.heard_on(RIPE)
    log.settle()

    assert sequels(days)["g1"].visited == visited


def test_sequel_leaves_visits_outside_the_window_alone(days, log):
    days.publish()
    for day in (AS_OF - timedelta(days=1), END):
        made = Visit(grid_id="g1", alert_id=None, visited_on=day, found=Found.NO)
        log_visit(days.engine, COMMAND, made, f"key-{day}", NOW + timedelta(days=30))
    log.heard_on(RIPE)
    log.settle()

    assert not sequels(days)["g1"].visited
