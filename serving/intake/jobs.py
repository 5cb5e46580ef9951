"""Jobs of taking a file in: tried first, then stored, recorded and removed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from features.database.engine import writing
from features.intake.ingest import IngestRequest, Progress, ingest, preview
from features.intake.report import IngestReport, load_faults
from features.intake.source_file import find_source
from features.storage.home import Home
from serving.accounts.permissions import Actor
from serving.audit import audit_log
from serving.intake.mapping import keep_mapping
from serving.intake.uploads import Upload, discard
from serving.operations.job_runs import Run, record_run, timed
from serving.operations.page_jobs import PageJob, Work
from serving.settings import Settings

TAKEN_IN = "data.take_in"


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
        return lambda job: preview(self.home, self.settings, _request(upload), self.now(), _progress(job))

    def take_in(self, upload: Upload) -> Work:
        """Return the job that stores them; the file is removed unless it was refused as a whole."""

        def work(job: PageJob) -> IngestReport:
            began, request = self.now(), _request(upload)
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

    def _note(self, report: IngestReport, upload: Upload) -> None:
        source = find_source(str(upload.source))
        keep_mapping(self.home, source, upload.source.read_text(encoding="utf-8"))
        counts = {name: getattr(report, name) for name in ("read", "accepted", "duplicate", "quarantined")}
        with writing(self.engine) as connection:
            audit_log.record(connection, self.actor.account_id, TAKEN_IN, source.name, counts, self.now())

    def has_failed(self, report: IngestReport) -> bool:
        """Tell whether a load counts as failed: it took nothing in, or lost too much."""
        return bool(load_faults(report, self.settings.intake.max_refused_share))


def _request(upload: Upload) -> IngestRequest:
    return IngestRequest(upload.cases, find_source(str(upload.source)), upload.grids)


def _progress(job: PageJob) -> Progress:
    def tell(done: int, total: int) -> None:
        job.stage, job.done, job.total = "rows", done, total

    return tell


def quarantine_reports(home: Home) -> list[Path]:
    """Return the lists of refused rows, the newest first."""
    return sorted(home.quarantine.glob("*.csv"), reverse=True) if home.quarantine.is_dir() else []
