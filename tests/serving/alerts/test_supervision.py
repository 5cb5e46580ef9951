"""Supervision of the alert list: one alert per grid however often it is made, silences that end, corrections that are answered."""

import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from features.database.engine import reading
from features.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from serving.accounts.permissions import EVERYTHING, Scope
from serving.alerts.corrections import About, CorrectionStep, answer_correction, contest, list_corrections
from serving.alerts.queries import not_alerted
from serving.alerts.silences import Silence, SilenceReason, active, data_notices, end_silence, list_silences, silence_area
from tests.serving.alerts.conftest import AS_OF, COMMAND, NOW, STRANGER, TOWNSHIP, WORKER
from tests.support.made_alerts import make_row

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
from features.database.engine import open_database
from tests.serving.alerts.conftest import Days
days = Days(open_database(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    days.publish()
"""


def test_publish_fifty_times_from_three_processes_leaves_one_alert_per_grid(days, database_url):
    commands = [[sys.executable, "-c", PROGRAM, database_url, str(times)] for times in (17, 17, 16)]
    processes = [subprocess.Popen(command, cwd=ROOT) for command in commands]

    assert [process.wait() for process in processes] == [0, 0, 0]
    assert Counter(each.grid_id for each in days.alerts()) == {"g1": 1, "g2": 1}


def silenced(area="d/t1", hours=48, begins=NOW, reason=SilenceReason.DATA_FAULT):
    return Silence(Scope(area), begins, begins + timedelta(hours=hours), reason)


def test_silence_mutes_its_area_until_it_ends_and_what_it_mutes_is_listed(days):
    silence_area(days.engine, TOWNSHIP, silenced(hours=24), NOW)
    days.publish()

    assert [each.grid_id for each in days.alerts()] == ["g2"]
    assert not_alerted(days.engine, EVERYTHING, AS_OF) == {"g1": "silenced"}
    assert len(list_silences(days.engine, EVERYTHING, NOW)) == 1

    days.publish(days=1)

    assert sorted(each.grid_id for each in days.alerts()) == ["g1", "g2"]
    assert list_silences(days.engine, EVERYTHING, NOW + timedelta(hours=24)) == []


def test_silence_that_is_ended_mutes_nothing_from_then_on(days):
    silence_area(days.engine, TOWNSHIP, silenced(hours=48), NOW)
    silence_area(days.engine, COMMAND, silenced(hours=24, reason=SilenceReason.KNOWN_EVENT), NOW)

    ended = end_silence(days.engine, TOWNSHIP, Scope("d/t1"), NOW + timedelta(hours=1))

    assert [SilenceReason.DATA_FAULT, SilenceReason.KNOWN_EVENT] == [each.reason for each in ended]
    assert [] == list_silences(days.engine, EVERYTHING, NOW + timedelta(hours=1))
    with reading(days.engine) as connection:
        assert (Scope("d/t1"),) == active(connection, NOW + timedelta(minutes=59))
        assert () == active(connection, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("actor", "area", "error"),
    [(TOWNSHIP, "d/t2", ForbiddenError), (WORKER, "d/t1/g1", ForbiddenError), (TOWNSHIP, "d/t1/g1", NotFoundError)],
)
def test_silence_of_a_foreign_area_or_of_none_cannot_be_ended(days, actor, area, error):
    silence_area(days.engine, COMMAND, silenced(area="d/t2"), NOW)

    with pytest.raises(error):
        end_silence(days.engine, actor, Scope(area), NOW)
    assert 1 == len(list_silences(days.engine, EVERYTHING, NOW))


@pytest.mark.parametrize(
    ("actor", "asked", "error"),
    [
        (COMMAND, silenced(hours=14 * 24 + 1), UsageError),
        (COMMAND, silenced(hours=0), UsageError),
        (COMMAND, silenced(begins=NOW - timedelta(hours=1)), UsageError),
        (TOWNSHIP, silenced(area="d"), ForbiddenError),
        (TOWNSHIP, silenced(area="d/t2"), ForbiddenError),
        (WORKER, silenced(area="d/t1/g1"), ForbiddenError),
    ],
)
def test_silence_without_end_or_of_a_foreign_area_is_refused(days, actor, asked, error):
    with pytest.raises(error):
        silence_area(days.engine, actor, asked, NOW)

    assert list_silences(days.engine, EVERYTHING, NOW) == []


def test_correction_is_acknowledged_and_decided_once_and_overdue_ones_are_seen(days):
    days.publish()
    first = days.alerts()[0]
    made = contest(days.engine, WORKER, first.alert_id, About.DATA, "count", NOW)

    assert [made.overdue(NOW + timedelta(days=days)) for days in (15, 16, 61)] == [False, True, True]

    seen = answer_correction(days.engine, TOWNSHIP, made.id, CorrectionStep.ACKNOWLEDGED, NOW)
    assert [seen.overdue(NOW + timedelta(days=days)) for days in (16, 60, 61)] == [False, False, True]

    decided = answer_correction(days.engine, TOWNSHIP, made.id, CorrectionStep.ACCEPTED, NOW)
    assert (decided.accepted, decided.overdue(NOW + timedelta(hours=24))) == (True, False)
    assert list_corrections(days.engine, COMMAND) == [decided]
    with pytest.raises(ConflictError):
        answer_correction(days.engine, TOWNSHIP, made.id, CorrectionStep.REFUSED, NOW)
    with pytest.raises(NotFoundError):
        answer_correction(days.engine, STRANGER, made.id, CorrectionStep.REFUSED, NOW)


def test_data_notices_speak_once_for_the_largest_area_without_a_rating():
    rows = [make_row("g1", 1), make_row("g2", None), make_row("g3", None, township="d/t2"), make_row("g4", None, township="d/t2")]

    assert data_notices(rows) == {"d/t1/g2": 1, "d/t2": 2}
