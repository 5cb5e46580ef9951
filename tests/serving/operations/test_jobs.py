"""Jobs that pages start: one at a time, followed and told how they ended."""

import sys
import threading
from datetime import UTC, datetime

import pytest

from features.errors import ConflictError, NotReadyError
from serving.operations.jobs import PageJob, PageJobs, run_program

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
