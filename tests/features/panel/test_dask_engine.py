"""The panel on Dask is that of the local engine, whatever becomes of a worker."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from features.errors import UsageError
from features.panel import build
from features.panel.as_ofs import AsOfs
from features.panel.build import build_panel
from features.settings import BuildSettings
from tests.support.event_logs import HORIZON, days, make_facts

distributed = pytest.importorskip("distributed", reason="the optional package distributed is not installed")

AS_OFS = days(200, 431, 590)


@pytest.fixture(scope="module")
def facts(rich_log):
    return make_facts(**rich_log)


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        yield cluster


def settings(**panel):
    return BuildSettings(calendar={"country": "CN"}, panel={"threads": 2, "block_cells": 2_000, **panel})


def bytes_of(panel):
    return panel.names, panel.values.tobytes(), panel.open_cases.values.tobytes(), panel.closed_cases.values.tobytes()


def test_build_panel_by_workers_of_this_machine_is_the_same_bit_for_bit(facts):
    local = build_panel(facts, AS_OFS, HORIZON, settings())

    assert bytes_of(local) == bytes_of(build_panel(facts, AS_OFS, HORIZON, settings(engine="dask")))


def test_build_panel_by_workers_reads_local_features(facts):
    sample = str(Path(__file__).parents[3] / "docs" / "samples" / "night_disputes.py")
    local = build_panel(facts, AS_OFS, HORIZON, settings(local_features=sample))

    assert "night_dispute_count_grid_28d" in local.names
    assert bytes_of(local) == bytes_of(build_panel(facts, AS_OFS, HORIZON, settings(engine="dask", local_features=sample)))


def test_worker_with_another_local_file_is_refused(facts):
    from features.panel import dask_engine

    other = {"dispute_count_grid_28d": "night.py sha256:0"}

    with pytest.raises(UsageError, match="another file declares dispute_count_grid_28d"):
        dask_engine._prepare(dask_engine._Work(facts, AsOfs(AS_OFS, HORIZON), other, settings()))


def test_build_panel_survives_a_worker_that_is_killed_in_the_middle(facts, cluster):
    dask = settings(engine="dask", scheduler=cluster.scheduler_address)
    pids = [worker.pid for worker in cluster.workers.values()]
    killed = []

    def kill_one(done, blocks):
        if not killed and done < blocks:
            killed.append(pids[0])
            with suppress(ProcessLookupError):
                os.kill(pids[0], signal.SIGKILL)

    panel = build_panel(facts, AS_OFS, HORIZON, dask, kill_one)

    assert killed
    assert bytes_of(build_panel(facts, AS_OFS, HORIZON, settings())) == bytes_of(panel)


def test_build_panel_refuses_workers_with_other_code(facts, cluster, monkeypatch):
    monkeypatch.setattr("features.panel.dask_engine.code_hash", lambda: "another")

    with pytest.raises(UsageError, match="all workers must have the yujing of this machine"):
        build_panel(facts, AS_OFS, HORIZON, settings(engine="dask", scheduler=cluster.scheduler_address))


def test_build_panel_without_a_scheduler_that_answers_says_so(facts, monkeypatch):
    monkeypatch.setattr("features.panel.dask_engine.CONNECT_SECONDS", 1)

    with pytest.raises(UsageError, match="a Dask scheduler must answer at tcp"):
        build_panel(facts, AS_OFS, HORIZON, settings(engine="dask", scheduler="tcp://127.0.0.1:9"))


def test_build_panel_without_the_package_says_what_to_install(facts, monkeypatch):
    monkeypatch.setattr(build, "find_spec", lambda _: None)

    with pytest.raises(UsageError, match="yujing\\[dask\\]"):
        build_panel(facts, AS_OFS, HORIZON, settings(engine="dask"))
