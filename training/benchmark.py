"""Cost of each step of the product by the size of a made-up log: seconds, memory, and a ratio in the same run to a limit or peer."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar

import numpy as np
import polars as pl

from features.benchmark.polars_baseline import compared, peer_frame, peer_panel
from features.benchmark.synthetic_log import Size, one_day, open_log, write_log
from features.days import Days
from features.facts.derive import read_facts
from features.facts.facts import Facts
from features.facts.kept import facts_from, facts_tables
from features.intake.ingest import IngestRequest, ingest
from features.panel.build import Panel, Progress, build_features, build_panel, catalogue
from features.settings import BuildSettings, LogSettings
from features.storage.array_files import read_about, read_arrays, write_arrays
from features.storage.home import Home
from training.learning.booster import boost, margin, read_booster
from training.learning.calibration import Calibration
from training.learning.examples import training_part
from training.learning.folds import Fold, Gap
from training.learning.inner_validation import prepare
from training.learning.model import Fitted, FittedPart
from training.learning.parts import Part
from training.settings import ModelSettings

T = TypeVar("T")

SAMPLE_SECONDS = 0.01
MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """Cost of one step on a log of so many grids."""

    grids: int
    step: str
    wall: float
    cpu: float
    """Seconds."""
    peak_mib: float
    """Most memory of its own that the process had meanwhile beyond what it had before."""
    against: str | None = None
    """The limit or peer that the ratio is to."""
    ratio: float | None = None
    """CPU seconds over those of the limit or peer."""


Against = tuple[str, Callable[[], Any] | float]
"""Name of a limit or peer, and its work, or the CPU seconds that it took before."""


def measure(grids: int, step: str, work: Callable[[], T], against: Against | None = None) -> tuple[T, Cost]:
    """Do the work of one step, then that of its limit or peer; return what the step returned, and its cost."""
    with peak() as memory:
        wall, cpu, value = _timed(work)
    if against is None:
        return value, Cost(grids, step, wall, cpu, memory[0] / MIB)
    name, other = against
    limit = _timed(other)[1] if callable(other) else other
    return value, Cost(grids, step, wall, cpu, memory[0] / MIB, name, cpu / limit if limit else None)


def _timed(work: Callable[[], T]) -> tuple[float, float, T]:
    wall, cpu = time.perf_counter(), time.process_time()
    value = work()
    return time.perf_counter() - wall, time.process_time() - cpu, value


@contextmanager
def peak() -> Iterator[list[float]]:
    """Watch the memory of this process; the list holds the most it had beyond the beginning once the block has ended."""
    begin, done, most = _own_memory(), Event(), [0.0]

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            most[0] = max(most[0], _own_memory() - begin)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        most[0] = max(most[0], _own_memory() - begin)
        done.set()
        thread.join()


def _own_memory() -> float:
    """Return the bytes that this process holds and no file backs."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next((float(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0.0)


SEED = 1
CASES_PER_GRID = 104
"""Of three years, as in a province."""
WRITTEN, TREES_ALONE = "bytes written once", "LightGBM alone"
AS_OFS, STEP_DAYS, ROUNDS = 8, 28, 20
"""As_ofs that trees learn from, days between them, and trees."""

Further = Callable[[Facts, Fitted, Path], Iterator[Cost]]
"""Yields the cost of what is done with the facts and a model; the folder is for its files."""


def measure_steps(
    grids: int, log: LogSettings, build: BuildSettings, model: ModelSettings, progress: Progress, further: Further
) -> Iterator[Cost]:
    """Make a log of so many grids and yield what each step costs on it, and then what `further` yields."""
    with tempfile.TemporaryDirectory(prefix="yujing-bench-") as folder:
        size = Size(grids, grids * CASES_PER_GRID, AS_OFS)
        write_log(size, Path(folder), np.random.default_rng(SEED))
        for done, cost in enumerate(_Steps(size, Path(folder), log, build, model, further).run(), start=1):
            progress(done, STEPS)
            yield cost


STEPS = 13
"""Those of `further` included."""


@dataclass(frozen=True)
class _Steps:
    """The steps on one log, each with what it is held against."""

    size: Size
    folder: Path
    log: LogSettings
    build: BuildSettings
    model: ModelSettings
    further: Further

    def run(self) -> Iterator[Cost]:
        """Yield the cost of each step; a first run compiles what is compiled once."""
        yield self._news()
        files = str(self.folder / "records-*.parquet")
        self._facts()
        facts, derived = self._measure("facts", self._facts, ("Parquet read once", lambda: pl.read_parquet(files)))
        yield derived
        kept = self.folder / "kept"
        tables, about = facts_tables(facts)
        whole = b"".join(array.tobytes() for table in tables.values() for array in table.values() if array.dtype.kind != "U")
        once = kept.with_name("once")
        _, stored = self._measure("keep facts", lambda: write_arrays(kept, tables, about), (WRITTEN, lambda: once.write_bytes(whole)))
        yield stored
        _, taken = self._measure("take kept facts", lambda: _take(kept), ("facts derived", derived.cpu))
        yield taken
        yield from self._panels(facts)
        yield from self._trees(facts)

    def _panels(self, facts: Facts) -> Iterator[Cost]:
        last, horizon = np.array([facts.known_through_day], np.int32), self.log.horizon_days
        columns = compared(catalogue(facts, horizon, self.build))
        frame = peer_frame(facts)
        build_features(facts, last, horizon, self.build, columns)
        _, one = self._measure(
            "panel of one day",
            lambda: build_features(facts, last, horizon, self.build, columns),
            ("Polars", lambda: peer_panel(frame, facts, int(last[0]), "streaming")),
        )
        yield one

    def _trees(self, facts: Facts) -> Iterator[Cost]:
        horizon, model = self.log.horizon_days, self.model
        panel, built = self._measure("panel to learn from", lambda: self._panel(facts))
        yield built
        fold = Fold(slice(0, AS_OFS), slice(AS_OFS, None), facts.known_through_day + 1)
        examples = training_part(facts, panel, fold, Gap(horizon, self.log.delay_allowance_days))
        given = prepare(Part.NEW, examples, model)
        text, fitting = self._measure(
            "fit",
            lambda: boost((again := prepare(Part.NEW, examples, model)).rows, again.columns, model, ROUNDS),
            (TREES_ALONE, lambda: boost(given.rows, given.columns, model, ROUNDS)),
        )
        yield fitting
        today, trees = panel.at(slice(AS_OFS - 1, AS_OFS)), read_booster(text)
        part = FittedPart(Part.NEW, given.columns, text, (text,) * model.replicates, given.start)
        rows = part.lay_out(today, horizon).take(slice(None))
        _, scored = self._measure("score", lambda: part.expected(part.lay_out(today, horizon)), (TREES_ALONE, lambda: margin(trees, rows)))
        yield scored
        yield from self.further(facts, Fitted(facts.target_name, horizon, (part,), 1.0, Calibration()), self.folder)

    def _news(self) -> Cost:
        """Take the cases of one day into a new home."""
        file, rows = self.folder / "day.parquet", one_day(self.size, np.random.default_rng(SEED))
        rows.write_parquet(file)
        home = Home(self.folder / "intake")
        home.root.mkdir()
        request, now, whole = IngestRequest(file), datetime.now(UTC), file.read_bytes()
        once = file.with_name("once")
        return self._measure("take in a day", lambda: ingest(home, self.log, request, now), (WRITTEN, lambda: once.write_bytes(whole)))[1]

    def _measure(self, step: str, work: Callable[[], T], against: Against | None = None) -> tuple[T, Cost]:
        return measure(self.size.grids, step, work, against)

    def _facts(self) -> Facts:
        return read_facts(open_log(self.size, self.folder), None, self.log)

    def _panel(self, facts: Facts) -> Panel:
        last = facts.known_through_day - self.log.horizon_days - self.log.delay_allowance_days
        as_ofs: Days = np.arange(last - STEP_DAYS * (AS_OFS - 1), last + 1, STEP_DAYS, dtype=np.int32)
        return build_panel(facts, as_ofs, self.log.horizon_days, self.build)


def _take(folder: Path) -> Facts:
    return facts_from(read_arrays(folder), read_about(folder) or {})
