"""A year of daily work in one home, simulated day by day: what each part costs, and how tables and folders grow.

`python -m tests.support.daily_year FOLDER` simulates a district for five years, takes in four, and works through the days of the fifth by
the functions that the commands call: every night the rows that changed, every morning a list and its alerts, which made-up staff answer; on
the second of a month monitor, backup, archive and prune. FOLDER/seconds.csv has a line for each part of a day, FOLDER/bytes.csv one for
each table and folder. Broken off, it goes on where it stopped.
"""

import csv
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import polars as pl
import typer
from sqlalchemy import text

from features.database.engine import reading
from features.intake.ingest import IngestRequest
from features.intake.ingest import ingest as take_in
from features.intake.source_file import find_source
from features.intake.undertaking_file import ingest_undertakings
from features.storage.home import Home
from serving.cli.data import simulate
from serving.cli.demo_history import History
from serving.cli.models import promote_at, train_and_show
from serving.cli.reports import monitor
from serving.cli.workspace import Workspace
from serving.operations.backup import back_up
from serving.operations.integrity import ledger_heads, read_second_place, second_place, write_checkpoint
from serving.operations.jobs import record_run, timed
from serving.operations.prune import find_prunable, prune
from serving.rankings.archive import archive
from serving.rankings.ledger import newest, verify
from serving.scoring.daily_run import rank

PRESET, SEED = "nanhu", 1
END = date(2026, 11, 29)
START = END - timedelta(days=365)
LATER = ("accepted_at", "escalated_at", "resolved_at", "reopened_at", "withdrawn_at")
"""Moments of a case that come after its report."""
PUBLIC_SINCE = {"projects.csv": ("public_notice_at", 0), "effort.csv": ("week", 7), "sensitive_periods.csv": ("start", 0)}
"""File beside the cases -> its date, and days from then until a row is delivered."""
NIGHT, MORNING = clock(1, 15), clock(6)
MONTHLY = 2
"""Day of the month on which archive and the like run."""
LISTS_DAYS = 92


def known_before(cases: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return the cases reported before a day, without what befell them from then on."""
    blanked = [pl.when(pl.col(name) < str(day)).then(pl.col(name)).alias(name) for name in LATER]
    return cases.filter(pl.col("reported_at") < str(day)).with_columns(blanked)


def changed_on(cases: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return the rows to which something happened on a day, as they stood at its end."""
    happened = [pl.col(name).str.starts_with(str(day)).fill_null(value=False) for name in ("reported_at", *LATER)]
    return known_before(cases, day + timedelta(days=1)).filter(reduce(or_, happened))


@dataclass(frozen=True)
class Year:
    """Folder of the simulation, its home, and where figures go."""

    folder: Path

    @property
    def files(self) -> Path:
        """The files of all five years."""
        return self.folder / "files"

    @property
    def home(self) -> Home:
        """The home that works."""
        return Home(self.folder / "home")

    def open(self) -> Workspace:
        """Return the home as a command opens it."""
        return Workspace(self.home, None)

    def at(self, day: date, moment: clock) -> datetime:
        """Return a moment of a day, told in the zone of the home, as UTC."""
        return datetime.combine(day, moment, self.open().settings.tz).astimezone(UTC)

    def note(self, table: str, *cells: Any) -> None:
        """Append a line of figures."""
        with (self.folder / f"{table}.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(cells)

    @contextmanager
    def measured(self, day: date, part: str) -> Iterator[None]:
        """Keep how many seconds of CPU and of waiting a part of a day took."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.note("seconds", day, part, f"{time.process_time() - cpu:.3f}", f"{time.perf_counter() - wall:.3f}")


def begin(year: Year) -> None:
    """Simulate, take in four years, train on them and put the model to use."""
    simulate(year.open(), out=year.files, preset=PRESET, years=5, seed=SEED, end=END)
    settings = (year.files / "config.yaml").read_text(encoding="utf-8")
    year.home.folder(year.home.root)
    own = f"retention:\n  lists_days: {LISTS_DAYS}\npublishing:\n  audit_valid_days: 365\n"
    year.home.config.write_text(f"{settings}{own}", encoding="utf-8")
    take_in_cases(year, known_before(read_cases(year), START), year.at(START, NIGHT), with_grids=True)
    take_in_context(year, date.min, START)
    work = year.open()
    with closing(work):
        train_and_show(work, work.settings)
        promote_at(work, "challenger", None, ("year", "measurement", True), year.at(START, NIGHT))


def read_cases(year: Year) -> pl.DataFrame:
    """Return all cases of the simulation, every column as text."""
    return pl.read_csv(year.files / "cases.csv", infer_schema=False)


def take_in_cases(year: Year, rows: pl.DataFrame, now: datetime, *, with_grids: bool = False) -> None:
    """Take in rows as a file."""
    path = year.folder / "cases.csv"
    rows.write_csv(path)
    grids = (year.files / "grids.csv", year.files / "crosswalk.csv") if with_grids else (None, None)
    take_in(year.home, year.open().settings, IngestRequest(path, find_source(str(year.files / "source.yaml")), *grids), now)


def take_in_context(year: Year, since: date, until: date) -> None:
    """Take in what became public beside the cases in [since, until)."""
    for name, (column, days) in PUBLIC_SINCE.items():
        table = pl.read_csv(year.files / name, infer_schema=False)
        told = pl.col(column).str.to_date().dt.offset_by(f"{days}d")
        rows = table.filter((told >= since) & (told < until))
        if rows.height:
            rows.write_csv(year.folder / name)
            ingest_undertakings(year.home, year.open().settings, year.folder / name, year.at(until, NIGHT))


def work_day(year: Year, day: date, cases: pl.DataFrame) -> None:
    """Take in the day before, publish the list of a day and let staff answer."""
    with year.measured(day, "ingest"), recorded(year, "ingest", year.at(day, NIGHT)):
        take_in_cases(year, changed_on(cases, day - timedelta(days=1)), year.at(day, NIGHT))
    work, now = year.open(), year.at(day, MORNING)
    with closing(work):
        with year.measured(day, "rank"), recorded(year, "rank", now):
            rank(work.home, work.engine, work.settings, day, now)
            write_checkpoint(work.home, work.engine, second_place(work.home, work.settings.serving.checkpoint_dir), now)
        history = History(work, END, SEED, datetime.now(UTC))
        with year.measured(day, "staff"):
            history.work_on(day, history.staff(START))


@contextmanager
def recorded(year: Year, job: str, now: datetime) -> Iterator[None]:
    """Record a job in the home as its command does."""
    with timed(job, now) as runs:
        yield
    with closing(year.open()) as work:
        record_run(work.engine, runs[-1])


def work_month(year: Year, day: date) -> None:
    """Monitor, back up, archive and prune."""
    take_in_context(year, (day - timedelta(days=MONTHLY)).replace(day=MONTHLY), day)
    now, backups = year.at(day, MORNING), year.folder / "backups"
    with closing(year.open()) as work:
        with year.measured(day, "monitor"), suppress(typer.Exit):
            monitor(work, as_of=day)
        with year.measured(day, "backup"), recorded(year, "backup", now):
            back_up(work.home, work.engine, backups / str(day), now)
        note_sizes(year, day, "before archive")
        with year.measured(day, "archive"):
            archive(work.engine, day - timedelta(days=LISTS_DAYS), now)
        with year.measured(day, "prune"):
            prunable = find_prunable(work.home, work.engine, work.settings.retention, now, backups)
            prune(work.home, work.engine, prunable, now)
        note_sizes(year, day, "after prune")
        verify_whole(year, work, day)


def verify_whole(year: Year, work: Workspace, day: date) -> None:
    """Verify every list of the ledger."""
    with year.measured(day, "ledger verify"):
        verify(work.engine, ledger_heads(read_second_place(work.home, work.settings.serving.checkpoint_dir)))


def note_sizes(year: Year, day: date, when: str) -> None:
    """Keep rows and bytes of every table, bytes of list bodies, and bytes of every folder of the home."""
    with closing(year.open()) as work, reading(work.engine) as connection:
        owner = "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) GROUP BY tbl_name"
        for table, size in connection.execute(text(owner)).all():
            count = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            year.note("bytes", day, when, "table", table, count, size)
        bodies = connection.execute(text("SELECT count(*), sum(length(body)) FROM ranking_row")).one()
        year.note("bytes", day, when, "bodies", "ranking_row.body", *bodies)
    for path in sorted(year.home.root.iterdir()):
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        year.note("bytes", day, when, "folder", path.name, len(files), sum(file.stat().st_size for file in files))


def work_through(year: Year) -> None:
    """Work through the days that have no list yet."""
    cases = read_cases(year)
    with closing(year.open()) as work:
        last = newest(work.engine)
    day = last.origin.as_of + timedelta(days=1) if last else START
    while day <= END:
        work_day(year, day, cases)
        if day.day == MONTHLY or day == END:
            work_month(year, day)
        day += timedelta(days=1)


def main(arguments: Sequence[str]) -> None:
    """Run or go on with the year in a folder."""
    year = Year(Path(arguments[0]).absolute())
    if not year.home.database.exists():
        begin(year)
    work_through(year)


if __name__ == "__main__":
    main(sys.argv[1:])
