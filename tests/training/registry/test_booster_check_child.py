"""The process that loads boosters: it answers on stdout alone, bounds its memory, and leaves out what it does not need."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from training.learning.booster import Columns, Rows, boost, margin, read_booster
from training.registry import booster_check_child
from training.settings import ModelSettings

CHILD = Path(booster_check_child.__file__)
WITHIN = f"""
import resource, runpy, sys
runpy.run_path({str(CHILD)!r}, run_name="__main__")
print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CORE)[1], sys.modules["pandas"], file=sys.stderr)
"""


@pytest.fixture(scope="module")
def matrix():
    return np.random.default_rng(1).random((50, 2), np.float32)


@pytest.fixture(scope="module")
def text(matrix):
    counts = np.random.default_rng(2).poisson(3 * matrix[:, 0])
    settings = ModelSettings(min_data_in_leaf=5, threads=1, seed=1)
    return boost(Rows(matrix, counts, np.zeros(len(matrix))), Columns(("one", "two"), (0, 0)), settings, rounds=3)


def ask(question: object, program: str = f"import runpy; runpy.run_path({str(CHILD)!r}, run_name='__main__')"):
    return subprocess.run([sys.executable, "-c", program], input=json.dumps(question), capture_output=True, text=True, check=False)


def test_child_answers_with_the_margins_of_every_booster_and_nothing_else(matrix, text):
    rows = [*matrix[:3].tolist(), [None, 0.5]]
    done = ask([{"boosters": {"model.lgb": text, "refit-1.lgb": text}, "rows": rows}, {"boosters": {"other.lgb": text}, "rows": rows[:1]}])
    answer = json.loads(done.stdout)

    assert ["model.lgb", "refit-1.lgb", "other.lgb"] == list(answer)
    assert margin(read_booster(text), matrix[:3]).tolist() == pytest.approx(answer["model.lgb"][:3])
    assert ([4, 4, 1], 0) == ([len(margins) for margins in answer.values()], done.returncode)
    assert all(np.isfinite(answer["model.lgb"]))


def test_child_bounds_its_memory_leaves_no_core_and_imports_no_pandas(matrix, text):
    done = ask([{"boosters": {"model.lgb": text}, "rows": matrix[:1].tolist()}], WITHIN)

    assert f"{booster_check_child.MEMORY_BYTES} 0 None" == done.stderr.splitlines()[-1]


def test_child_that_cannot_load_a_booster_says_no_margins(matrix, text):
    """Not those of the ones before it either."""
    boosters = {"model.lgb": text, "refit-1.lgb": "no booster"}
    done = ask([{"boosters": boosters, "rows": matrix[:1].tolist()}])

    assert ("", True) == (done.stdout, done.returncode != 0)
