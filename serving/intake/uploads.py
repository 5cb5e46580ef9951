"""Uploaded files and the jobs that take them in: tried first, then stored, recorded and removed.

A file is held in the home for half an hour at most, readable by its owner only.
"""

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine

from features.database.engine import writing
from features.errors import NotFoundError, StoreError, UsageError
from features.intake.ingest import IngestRequest, Progress, ingest, preview
from features.intake.report import IngestReport, load_faults
from features.intake.source_file import find_source
from features.storage.home import Home
from serving import audit
from serving.accounts.permissions import Actor
from serving.intake.mapping import keep_mapping
from serving.operations.jobs import PageJob, Run, Work, record_run, timed
from serving.settings import Settings

HELD = timedelta(minutes=30)
TOKEN_BYTES = 16
TOKEN = r"^[0-9a-f]{32}$"  # noqa: S105 - the pattern of a name
NAME_BYTES = 160
"""Of a name without its ending, in UTF-8; file systems take 255."""
ENDINGS = (".xlsx", ".xlsm", ".xls", ".csv", ".csv.gz", ".tsv", ".txt", ".parquet")
CASES, GRIDS, HOLDER, SOURCE = "cases", "grids", "holder", "source.yaml"

TAKEN_IN = "data.take_in"


@dataclass(frozen=True)
class Upload:
    """A file that somebody is taking in."""

    token: str
    folder: Path

    @property
    def cases(self) -> Path:
        """The file of cases, under its own name: the name says what kind of record it holds."""
        return next((self.folder / CASES).iterdir())

    @property
    def grids(self) -> Path | None:
        """The grid file that came with it."""
        return next((self.folder / GRIDS).iterdir(), None) if (self.folder / GRIDS).is_dir() else None

    @property
    def source(self) -> Path:
        """File that keeps the mapping meanwhile."""
        return self.folder / SOURCE


def hold(home: Home, holder: str, cases: tuple[str, BinaryIO], grids: tuple[str, BinaryIO] | None, now: datetime) -> Upload:
    """Keep a file, and the grid file that comes with it, for its holder (account_id); of a holder one at a time.

    Raises:
        UsageError: the name of a file has none of `ENDINGS`.
        StoreError: the disk does not take it; nothing of it is left.
    """
    sweep(home, now, holder)
    upload = Upload(token := secrets.token_hex(TOKEN_BYTES), home.uploads / token)
    files = {CASES: cases} | ({GRIDS: grids} if grids else {})
    named = {kind: (_plain(name), content) for kind, (name, content) in files.items()}
    try:
        for kind, (name, content) in named.items():
            path = home.folder(upload.folder / kind) / name
            path.touch(mode=0o600)
            with path.open("wb") as target:
                shutil.copyfileobj(content, target)
        (upload.folder / HOLDER).write_text(holder, encoding="utf-8")
    except OSError as error:
        discard(upload)
        raise StoreError(f"{home.uploads} must take a file, found: {error.strerror}. Make room and upload it again.") from error
    return upload


def find_upload(home: Home, holder: str, token: str, now: datetime) -> Upload:
    """Return what an account holds.

    Raises:
        NotFoundError: it holds nothing of that name: it was taken in, thrown away, or half an hour has passed.
    """
    sweep(home, now)
    upload = Upload(token, home.uploads / token)
    if not re.fullmatch(TOKEN, token) or holder != _holder(upload.folder):
        raise NotFoundError("No such file is held here: it was taken in, or half an hour has passed. Upload it again.")
    return upload


def discard(upload: Upload) -> None:
    """Remove a file and all that was made of it."""
    shutil.rmtree(upload.folder, ignore_errors=True)


def sweep(home: Home, now: datetime, holder: str | None = None) -> None:
    """Remove what is held for too long, was left behind half written, or belongs to a holder."""
    for folder in _folders(home):
        age = now.timestamp() - folder.stat().st_mtime
        if age > HELD.total_seconds() or (holder is not None and _holder(folder) == holder):
            shutil.rmtree(folder, ignore_errors=True)


def _folders(home: Home) -> Iterator[Path]:
    return home.uploads.iterdir() if home.uploads.is_dir() else iter(())


def _holder(folder: Path) -> str | None:
    path = folder / HOLDER
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _plain(name: str) -> str:
    r"""Return a file's own name without any folder, shortened before its ending.

    >>> _plain("C:\\办公\\三月 台账.XLSX")
    '三月 台账.xlsx'
    """
    base = re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", name)[-1]).strip().lstrip(".")
    ending = next((each for each in ENDINGS if base.lower().endswith(each)), None)
    if ending is None:
        raise UsageError(f"a file must end in one of {', '.join(ENDINGS)}, got another name. Save it as one of them.")
    return f"{base[: -len(ending)].encode(errors='ignore')[:NAME_BYTES].decode(errors='ignore') or CASES}{ending}"


@dataclass(frozen=True)
class Intake:
    """Place where files are taken in, and the account they are taken in for."""

    home: Home
    engine: Engine
    settings: Settings
    actor: Actor
    now: Callable[[], datetime]

    def try_out(self, upload: Upload) -> Work:
        """Return the job that tells what would become of a file's rows."""
        return lambda job: preview(self.home, self.settings, self._request(upload), self.now(), _progress(job))

    def take_in(self, upload: Upload) -> Work:
        """Return the job that stores them; the file is removed unless it was refused as a whole."""

        def work(job: PageJob) -> IngestReport:
            began, request = self.now(), self._request(upload)
            runs: list[Run] = []
            counts: dict[str, float] = {}
            try:
                with timed("ingest", began) as runs:
                    report = ingest(self.home, self.settings, request, began, _progress(job))
                    counts = report.figures
            finally:
                for run in runs:
                    record_run(self.engine, replace(run, counts=counts))
            self._note(report, upload)
            discard(upload)
            return report

        return work

    def _request(self, upload: Upload) -> IngestRequest:
        neighbours = self.settings.panel.nearest_neighbours
        return IngestRequest(upload.cases, find_source(str(upload.source)), upload.grids, nearest_neighbours=neighbours)

    def _note(self, report: IngestReport, upload: Upload) -> None:
        source = find_source(str(upload.source))
        keep_mapping(self.home, source, upload.source.read_text(encoding="utf-8"))
        counts = {name: getattr(report, name) for name in ("read", "accepted", "duplicate", "quarantined")}
        with writing(self.engine) as connection:
            audit.record(connection, self.actor.account_id, TAKEN_IN, source.name, counts, self.now())

    def has_failed(self, report: IngestReport) -> bool:
        """Tell whether a load counts as failed: it took nothing in, or lost too much."""
        return bool(load_faults(report, self.settings.intake.max_refused_share))


def _progress(job: PageJob) -> Progress:
    def tell(done: int, total: int) -> None:
        job.stage, job.done, job.total = "rows", done, total

    return tell


def quarantine_reports(home: Home) -> list[Path]:
    """Return the lists of refused rows, the newest first."""
    return sorted(home.quarantine.glob("*.csv"), reverse=True) if home.quarantine.is_dir() else []
