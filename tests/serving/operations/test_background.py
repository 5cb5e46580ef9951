import threading

import pytest

from serving.operations import background
from serving.operations.background import run_in_background

SOON = 10.0


@pytest.mark.parametrize("failure", [UnicodeEncodeError("ascii", "预", 0, 1, "no"), RuntimeError("unforeseen"), OSError(28, "disk full")])
def test_in_background_task_fails_runs_again(failure):
    rounds, again = [], threading.Event()

    def fail_at_first():
        rounds.append(None)
        if len(rounds) == 1:
            raise failure
        again.set()

    with run_in_background({"task": fail_at_first}, 0.0) as (task,):
        assert again.wait(SOON)
        assert not task.is_stuck()
    assert task.is_stuck()


def test_in_background_task_hangs_the_others_run(monkeypatch):
    monkeypatch.setattr(background, "STOP_SECONDS", 0.0)
    done, release = threading.Event(), threading.Event()
    with run_in_background({"deliveries": release.wait, "ranking": done.set}, SOON) as (deliveries, ranking):
        assert done.wait(SOON)
        monkeypatch.setattr(background, "ROUND_SECONDS", 0.0)

        assert (True, False) == (deliveries.is_stuck(), ranking.is_stuck())
        release.set()
