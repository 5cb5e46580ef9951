"""The panel on Dask: blocks of grids as partitions, computed by workers with the code of this machine, so the same bit for bit.

Facts go to every worker once. A block depends on nothing but them, so one that is lost with its worker is computed again by another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
from distributed import Client, KilledWorker, LocalCluster, as_completed
from distributed.client import FutureCancelledError

import features
from features.errors import UsageError, WorkersLostError
from features.facts.facts import Facts
from features.facts.places import Indices
from features.panel.as_ofs import AsOfs
from features.panel.block import Shared
from features.panel.build import Fill, catalogue, divide, fill_block
from features.panel.feature import Feature
from features.settings import BuildSettings, PanelSettings

Values = npt.NDArray[np.float32]
LOOPBACK = "127.0.0.1"
CONNECT_SECONDS = 30


@contextmanager
def connected(panel: PanelSettings) -> Iterator[Fill]:
    """Connect to a scheduler, or start workers on this machine, and yield what fills panels there.

    Raises:
        UsageError: no scheduler answers, or a worker has other code.
        WorkersLostError: a block could not be computed, however often it was tried.
    """
    with _open(panel) as client:
        _refuse_other_code(client)
        try:
            yield partial(_fill, client)
        except (KilledWorker, FutureCancelledError) as error:
            raise WorkersLostError(f"workers must stay to compute the panel, and were lost: {error}. Give them more memory.") from error
        finally:
            client.run(_prepare.cache_clear)


@contextmanager
def _open(panel: PanelSettings) -> Iterator[Client]:
    if panel.scheduler is None:
        local = {"n_workers": panel.threads, "threads_per_worker": 1, "host": LOOPBACK, "dashboard_address": None}
        with LocalCluster(**local) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(panel.scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        advice = "Start it with `dask scheduler`, or leave `panel.scheduler` out for workers on this machine."
        raise UsageError(f"a Dask scheduler must answer at {panel.scheduler}, and none does. {advice}") from error
    with client:
        yield client


@dataclass(frozen=True, eq=False)
class _Work:
    """Input of the blocks of a panel."""

    facts: Facts
    when: AsOfs
    origins: dict[str, str | None]
    """Names of the features, each with the code that declared it where that is not the product's."""
    build: BuildSettings


def _fill(
    client: Client, values: Values, facts: Facts, when: AsOfs, chosen: tuple[Feature, ...], build: BuildSettings
) -> Iterator[tuple[int, int]]:
    """Write the features of all grids at some as_ofs, block by block; yield how many blocks are done, and of how many."""
    origins = {feature.name: feature.origin for feature in chosen}
    work = client.scatter(_Work(facts, when, origins, build), broadcast=True, hash=False)
    blocks = {client.submit(_compute, grids, work, pure=False): grids for grids in divide(facts, when, build.panel.block_cells)}
    for done, block in enumerate(as_completed(list(blocks)), start=1):
        grids = blocks[block]
        values[:, :, grids[0] : grids[-1] + 1] = block.result()
        block.release()
        yield done, len(blocks)


def _compute(grids: Indices, work: _Work) -> Values:
    """Return the features of a block, in a worker."""
    shared, chosen = _prepare(work)
    values = np.empty((len(chosen), len(work.when.as_ofs), len(grids)), np.float32)
    fill_block(values, grids, shared, chosen)
    return values


@lru_cache(maxsize=1)
def _prepare(work: _Work) -> tuple[Shared, tuple[Feature, ...]]:
    """Return what all blocks have in common, worked out once by each worker."""
    by_name = {feature.name: feature for feature in catalogue(work.facts, work.when.horizon_days, work.build)}
    chosen = tuple(by_name[name] for name in work.origins)
    if others := [feature.name for feature in chosen if feature.origin != work.origins[feature.name]]:
        raise UsageError(f"all workers must read the same panel.local_features; on one of them another file declares {others[0]}.")
    return Shared(work.facts, work.when), chosen


def _refuse_other_code(client: Client) -> None:
    own, there = code_hash(), client.run(_code_there)
    if others := [worker for worker, theirs in there.items() if theirs != own]:
        raise UsageError(
            f"all workers must have the yujing of this machine, and {', '.join(sorted(others))} have another. Install it there."
        )


def _code_there() -> str:
    """Return that of the worker that is asked."""
    return code_hash()


def code_hash() -> str:
    """Return the hash of the code that panels are built by."""
    root = Path(features.__path__[0])
    digest = sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
