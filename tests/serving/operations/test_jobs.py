"""Jobs that pages start: one at a time, followed and told how they ended."""

import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from features.errors import ConflictError, NotReadyError
from serving.operations import jobs as jobs_module
from serving.operations.jobs import PageJob, PageJobs, Run, job_states, record_run, run_program, timed
from tests.support.databases import Databases

NOW = datetime(2026, 1, 9, tzinfo=UTC)


def job(name: str = "train") -> PageJob:
    return PageJob(name, "", NOW)


def wait_for(jobs: PageJobs) -> PageJob:
    for thread in threading.enumerate():
        if thread.name.startswith("page job"):
            thread.join(30)
    assert jobs.last is not None
    return jobs.last


def test_second_job_is_refused_until_the_first_has_ended() -> None:
    jobs, gate = PageJobs(), threading.Event()
    jobs.start(job(), lambda _: gate.wait(30))

    with pytest.raises(ConflictError, match="one job runs at a time, and train does"):
        jobs.start(job("rank"), lambda _: None)
    gate.set()
    assert not wait_for(jobs).running
    jobs.start(job("rank"), lambda _: "done")
    assert "done" == wait_for(jobs).outcome


def test_fault_that_is_none_of_ours_is_told_by_its_kind_only() -> None:
    jobs = PageJobs()

    def work(_: PageJob) -> None:
        raise ValueError("张三 13800000000")

    jobs.start(job(), work)
    fault = str(wait_for(jobs).fault)

    assert "stopped by ValueError" in fault
    assert "张三" not in fault


def test_program_is_followed_and_its_last_line_told_when_it_fails() -> None:
    told = job()
    lines = "import sys; print('panel: 3 of 10', file=sys.stderr); print('yujing: a log is too short.', file=sys.stderr); sys.exit(1)"

    with pytest.raises(NotReadyError, match="a log is too short"):
        run_program([sys.executable, "-c", lines], told)
    assert ("panel", 3, 10) == (told.stage, told.done, told.total)


def test_program_that_succeeds_says_nothing_of_a_fault() -> None:
    run_program([sys.executable, "-c", "pass"], job())


def test_program_that_fails_without_a_word_is_told_by_its_name() -> None:
    with pytest.raises(NotReadyError, match=r"train stopped without a word\. Start it again"):
        run_program([sys.executable, "-c", "raise SystemExit(3)"], job())


def test_program_that_does_not_end_is_killed_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "PROGRAM_SECONDS", 0.05)

    with pytest.raises(NotReadyError):
        run_program([sys.executable, "-c", "import threading; threading.Event().wait()"], job())


def test_program_that_ends_well_keeps_its_last_twenty_lines_and_no_steps() -> None:
    told = job()
    lines = "import sys; print(*range(30), 'a: 1 of 2', sep=chr(10), file=sys.stderr)"
    run_program([sys.executable, "-c", lines], told)

    assert ([str(number) for number in range(10, 30)], ("a", 1, 2)) == (told.lines, (told.stage, told.done, told.total))


def test_fault_of_ours_is_told_as_it_is_and_the_next_job_may_start() -> None:
    jobs = PageJobs()

    def work(_: PageJob) -> None:
        raise NotReadyError("a log must reach back a year.")

    jobs.start(job(), work)
    assert ("a log must reach back a year.", None) == (str(wait_for(jobs).fault), wait_for(jobs).outcome)
    jobs.start(job("rank"), lambda told: told.name)
    assert ("rank", None) == (wait_for(jobs).outcome, wait_for(jobs).fault)


def test_timed_job_that_ends_is_one_run_without_a_fault() -> None:
    with timed("rank", NOW) as runs:
        assert [] == runs

    (run,) = runs
    assert ("rank", NOW, None, {}) == (run.job, run.started_at, run.fault, run.counts)
    assert run.seconds >= 0


@pytest.mark.parametrize(
    ("error", "fault"), [(NotReadyError("no champion yet."), "no champion yet."), (ValueError("张三 13800000000"), "ValueError")]
)
def test_timed_job_that_fails_keeps_its_error_and_of_foreign_ones_the_kind_alone(error: Exception, fault: str) -> None:
    with pytest.raises(type(error)), timed("train", NOW) as runs:
        raise error

    assert [fault] == [run.fault for run in runs]


def test_job_states_are_the_newest_runs_of_each_job_that_ever_ran(empty_engine: Engine) -> None:
    for minute, (name, fault) in enumerate([("rank", None), ("rank", "no list"), ("rank", "no data"), ("train", None), ("train", None)]):
        record_run(empty_engine, Run(name, NOW + timedelta(minutes=minute), 1.5, fault, {"rows": float(minute)}))
    states = job_states(empty_engine)

    assert {"rank", "train"} == states.keys()
    rank, train = states["rank"], states["train"]
    assert ("no data", 0.0, 2.0) == (rank.last.fault, rank.success.counts["rows"], rank.failure.counts["rows"])
    assert (train.last, None, NOW + timedelta(minutes=4)) == (train.success, train.failure, train.last.started_at)


def test_job_states_of_a_home_where_nothing_ran_are_none(empty_engine: Engine) -> None:
    assert {} == job_states(empty_engine)


@pytest.mark.parametrize(("fault", "told"), [(None, 1), ("no data", 0)])
def test_run_that_cannot_be_recorded_is_logged_unless_the_job_tells_of_a_fault_itself(
    empty_engine: Engine, databases: Databases, caplog: pytest.LogCaptureFixture, fault: str | None, told: int
) -> None:
    with databases.unreadable(empty_engine):
        record_run(empty_engine, Run("rank", NOW, 1.0, fault))

    assert told == len([message for message in caplog.messages if "the run of rank could not be recorded" in message])
    assert "Traceback" not in caplog.text
