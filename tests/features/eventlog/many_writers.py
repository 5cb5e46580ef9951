"""A program of writers and copiers at once: each line of its input starts one, `null` waits until all are done.

Forking after the imports makes killed processes affordable.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from features.database.engine import open_database
from features.errors import StoreError
from features.eventlog.append import Batch, append_batch
from features.eventlog.parquet_copy import read_copy
from features.eventlog.read import log_state
from features.storage.home import Home
from tests.conftest import fill_cases

SEGMENT_RECORDS = 40
ATTEMPTS = 50


def write(url: str, root: Path, writer: int, batches: int) -> None:
    """Send every batch of a writer that is not acknowledged: two new cases, one that others bring too, and a refused row."""
    engine = open_database(url)
    for number in range(batches):
        acknowledged = root / "acknowledged" / f"{writer}-{number}"
        if acknowledged.exists():
            continue
        cases = fill_cases(*({"event_id": f"{writer}-{number}-{case}"} for case in "ab"), {"event_id": f"shared-{number}"})
        batch = Batch(acknowledged.name, "hotline", cases, [(9, "grid_id", "GRID_UNKNOWN", "h")], 4)
        for attempt in range(ATTEMPTS):
            with suppress(*[StoreError] * (attempt < ATTEMPTS - 1)):
                append_batch(engine, batch)
                break
        acknowledged.mkdir()


def copy(url: str, root: Path, batches: int) -> None:
    """Bring the copy up to date again and again until so many batches are acknowledged; its records must always be those from 1 on."""
    engine = open_database(url)
    acknowledged = 0
    while acknowledged < batches:
        acknowledged = len(list((root / "acknowledged").iterdir()))
        with suppress(StoreError):
            last = log_state(engine).sequence
            assert read_copy(Home(root).segments, engine, last, SEGMENT_RECORDS).records["seq"].to_list() == list(range(1, last + 1))


def main() -> None:
    """Print the process id of each child, and in the end the wait statuses of all."""
    children = []
    for line in sys.stdin:
        if (job := json.loads(line)) is None:
            answer = {child: os.waitpid(child, 0)[1] for child in children}
        elif answer := os.fork():
            children.append(answer)
        else:
            work, url, root, *numbers = job
            {"write": write, "copy": copy}[work](url, Path(root), *numbers)
            os._exit(0)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
