"""A program that makes the list of a day as the daily run does, for the tests that kill it."""

from collections.abc import Callable
from pathlib import Path

from tests.support.traced import Job, do_jobs


def prepare(job: Job) -> Callable[[], object]:
    """Return what makes the list, in a child that no thread has been started in before."""
    from tests.support.published_world import SETTINGS, open_world

    settings = SETTINGS.model_copy(update={"database_url": job["url"]})
    return lambda: open_world(Path(job["home"]), settings).rank()


if __name__ == "__main__":
    do_jobs(prepare)
