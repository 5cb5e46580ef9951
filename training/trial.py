"""Try boosters in a process of their own: a damaged LightGBM text kills its reader instead of raising."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from features.errors import GateRefusedError

SECONDS = 10
RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-12

CHILD = Path(__file__).with_name("trial_child.py")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


Rows = Sequence[Sequence[float | None]]
Margins = dict[str, list[float]]


def try_boosters(boosters: dict[str, str], rows: Rows, expected: Margins) -> None:
    """Load every booster in a child process and repeat the predictions on record.

    Args:
        boosters: LightGBM text by file name.
        rows: golden rows, (n, features); None is a missing value.
        expected: margins of those rows on record, n per file name.

    Raises:
        GateRefusedError: the child died, ran out of time or memory, or predicted something else.
    """
    found = _ask_child({"boosters": boosters, "rows": rows})
    for name in boosters:
        if not _agree(expected.get(name, []), found[name]):
            raise GateRefusedError(f"{name} must repeat the {len(rows)} golden predictions on record, and does not. Train again.")


def _ask_child(question: dict[str, object]) -> Margins:
    command = [sys.executable, "-I", str(CHILD)]
    given, environment = json.dumps(question), os.environ | ONE_THREAD
    try:
        answer = subprocess.run(  # noqa: S603 - our own script; the question goes through stdin
            command, input=given, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise GateRefusedError(f"The model must load and predict within {SECONDS} s, and did not. Train again.") from error
    if answer.returncode:
        raise GateRefusedError(f"The model must load in a process of its own; that process ended with {answer.returncode}. Train again.")
    margins: Margins = json.loads(answer.stdout)
    return margins


def _agree(expected: list[float], found: list[float]) -> bool:
    """Compare within 1e-9 relative; NaN and infinity never agree."""
    return len(expected) == len(found) and all(
        math.isfinite(value) and math.isclose(reference, value, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
        for reference, value in zip(expected, found, strict=True)
    )
