import subprocess
import sys

import numpy as np
import pytest

from features.errors import GateRefusedError
from training.learning.booster import Columns, Rows, boost, margin, read_booster
from training.registry import booster_check
from training.registry.booster_check import check_boosters
from training.settings import ModelSettings

NAME = "model.lgb"


@pytest.fixture(scope="module")
def matrix():
    return np.random.default_rng(1).random((200, 3), np.float32)


@pytest.fixture(scope="module")
def text(matrix):
    counts = np.random.default_rng(2).poisson(3 * matrix[:, 0])
    columns = Columns(("one", "two", "three"), (0, 0, 0))
    settings = ModelSettings(min_data_in_leaf=5, threads=1, seed=1)
    return boost(Rows(matrix, counts, np.zeros(len(matrix))), columns, settings, rounds=10)


@pytest.fixture(scope="module")
def golden(matrix, text):
    return margin(read_booster(text), matrix).tolist()


def cut(text, rng):
    return text[: rng.integers(len(text) // 10, len(text) * 9 // 10)]


def flip(text, rng):
    place = rng.integers(text.index("tree_sizes"), text.index("end of trees"))
    return text[:place] + chr(ord(text[place]) ^ (1 << int(rng.integers(5)))) + text[place + 1 :]


def delete_line(text, rng):
    lines = text.splitlines(keepends=True)
    del lines[rng.integers(len(lines) // 2)]
    return "".join(lines)


def change_digit(text, rng):
    places = [place for place in range(text.index("Tree=0"), text.index("end of trees")) if text[place].isdigit()]
    place = rng.choice(places)
    return text[:place] + str((int(text[place]) + 5) % 10) + text[place + 1 :]


def forge(text):
    """Add a second line of leaf values: a reader sees the first, the loader takes the last."""
    line = next(line for line in text.splitlines() if line.startswith("leaf_value="))
    forged = "leaf_value=" + " ".join(["9"] * len(line.split()))
    return text.replace(line, f"{line}\n{forged}", 1).replace("tree_sizes=", "tree_sizes_were=", 1)


def test_try_boosters_whole_model_passes(matrix, text, golden):
    check_boosters({NAME: text}, {NAME: matrix.tolist()}, {NAME: golden})


@pytest.mark.parametrize("rounds", [4, pytest.param(50, marks=pytest.mark.full)])
def test_try_boosters_damaged_models_are_refused_or_harmless_and_kill_nobody(matrix, text, golden, rounds, record_property):
    """No hash is checked here; a mutant may pass only where the damage changes no golden prediction."""
    rng, refused = np.random.default_rng(1), 0
    for mutate in (cut, flip, delete_line, change_digit) * rounds:
        try:
            check_boosters({NAME: mutate(text, rng)}, {NAME: matrix.tolist()}, {NAME: golden})
        except GateRefusedError:
            refused += 1

    record_property(f"of {4 * rounds} damaged models refused, the others predicting the same", refused)
    assert refused >= 2 * rounds


def test_try_boosters_forged_model_that_reads_benign_is_refused(matrix, text, golden):
    with pytest.raises(GateRefusedError, match="golden predictions"):
        check_boosters({NAME: forge(text)}, {NAME: matrix.tolist()}, {NAME: golden})


def test_loading_a_damaged_model_in_the_process_itself_kills_it(text):
    """This is what the child process is for."""
    load = "import lightgbm, sys; lightgbm.Booster(model_str=sys.stdin.read())"

    mutant = cut(text, np.random.default_rng(1)).encode()
    outcome = subprocess.run([sys.executable, "-c", load], input=mutant, capture_output=True, check=False)

    assert outcome.returncode < 0


@pytest.mark.parametrize("change", [lambda values: values[:-1], lambda values: [*values[:-1], values[-1] * (1 + 1e-8)]])
def test_try_boosters_other_predictions_on_record_are_refused(matrix, text, golden, change):
    with pytest.raises(GateRefusedError, match="golden predictions"):
        check_boosters({NAME: text}, {NAME: matrix.tolist()}, {NAME: change(golden)})


def test_try_boosters_endless_child_is_stopped(matrix, text, golden, monkeypatch, tmp_path):
    endless = tmp_path / "endless.py"
    endless.write_text("while True: pass\n")
    monkeypatch.setattr(booster_check, "CHILD", endless)
    monkeypatch.setattr(booster_check, "SECONDS", 0.5)

    with pytest.raises(GateRefusedError, match=r"within 0\.5 s"):
        check_boosters({NAME: text}, {NAME: matrix.tolist()}, {NAME: golden})


def test_try_boosters_child_that_wants_too_much_memory_is_refused(matrix, text, golden, monkeypatch, tmp_path):
    """The real limit is far above any model of ours; here it is set below what the libraries alone need."""
    narrow = tmp_path / "narrow.py"
    narrow.write_text(booster_check.CHILD.read_text().replace("512 * 1024", "64 * 1024"))
    monkeypatch.setattr(booster_check, "CHILD", narrow)

    with pytest.raises(GateRefusedError, match="ended with"):
        check_boosters({NAME: text}, {NAME: matrix.tolist()}, {NAME: golden})


def test_try_boosters_child_that_talks_nonsense_is_refused(matrix, text, golden, monkeypatch, tmp_path):
    babbling = tmp_path / "babbling.py"
    babbling.write_text("import sys; sys.stdout.buffer.write(b'\\xff[1]')\n")
    monkeypatch.setattr(booster_check, "CHILD", babbling)

    with pytest.raises(GateRefusedError, match="in numbers"):
        check_boosters({NAME: text}, {NAME: matrix.tolist()}, {NAME: golden})
