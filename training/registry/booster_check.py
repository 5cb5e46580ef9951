"""Try boosters in a process of their own: a damaged LightGBM text kills its reader instead of raising."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE

from features.errors import GateRefusedError

SECONDS = 10
RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-12

CHILD = Path(__file__).with_name("booster_check_child.py")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


Rows = Sequence[Sequence[float | None]]
Margins = dict[str, list[float]]


def check_boosters(boosters: Mapping[str, str], rows: Mapping[str, Rows], expected: Margins) -> None:
    """Load every booster in a child process and repeat the predictions on record.

    Args:
        boosters: LightGBM text by file name.
        rows: golden rows by file name, (n, features); None is a missing value.
        expected: margins of those rows on record, n per file name.

    Raises:
        GateRefusedError: the child died, ran out of time or memory, or predicted something else.
    """
    found = _ask_child(boosters, rows)
    for name in boosters:
        if not _agree(expected.get(name, []), found[name]):
            raise GateRefusedError(f"{name} must repeat the {len(rows[name])} golden predictions on record, and does not. Train again.")


def _ask_child(boosters: Mapping[str, str], rows: Mapping[str, Rows]) -> Margins:
    command = [sys.executable, "-I", str(CHILD)]
    question, environment = json.dumps(_group(boosters, rows)).encode(), os.environ | ONE_THREAD
    try:
        child = subprocess.run(  # noqa: S603 - our own script; the question goes through stdin
            command, input=question, env=environment, stdout=PIPE, stderr=DEVNULL, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise GateRefusedError(f"The model must load and predict within {SECONDS} s, and did not. Train again.") from error
    if child.returncode:
        raise GateRefusedError(f"The model must load in a process of its own; that process ended with {child.returncode}. Train again.")
    try:
        answer = json.loads(child.stdout)
        return {name: [float(value) for value in answer[name]] for name in boosters}
    except (ValueError, TypeError, KeyError) as error:
        raise GateRefusedError("The model must be answered for in numbers by the process that loads it. Train again.") from error


def _group(boosters: Mapping[str, str], rows: Mapping[str, Rows]) -> list[dict[str, object]]:
    """Put boosters that read the same rows together, so that rows are sent once."""
    groups: dict[int, dict[str, object]] = {}
    for name, text in boosters.items():
        group = groups.setdefault(id(rows[name]), {"rows": rows[name], "boosters": {}})
        group["boosters"] |= {name: text}  # type: ignore[operator]
    return list(groups.values())


def _agree(expected: list[float], found: list[float]) -> bool:
    """Compare within 1e-9 relative; NaN and infinity never agree."""
    return len(expected) == len(found) and all(
        math.isfinite(value) and math.isclose(reference, value, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
        for reference, value in zip(expected, found, strict=True)
    )
