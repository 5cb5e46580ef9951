"""Contents of the data pages: the job that runs or ran last, how a file is mapped, and what became of its rows.

The way to the first list: which steps are done, which is next, and who takes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, func, select

from features.database.engine import reading
from features.database.tables import feed, ranking
from features.errors import InputRefusedError, YujingError
from features.eventlog.feeds import declared_targets
from features.eventlog.read import count_cases
from features.intake.column_meanings import CHINESE, LISTS
from features.intake.inspection import Inspection
from features.intake.quarantine import Code
from features.intake.report import IngestReport, advice
from features.schema import CASE_REQUIRED, Col
from features.targets import DEFAULT_TARGET
from serving.accounts.accounts import accounts
from serving.accounts.permissions import Right, Role
from serving.intake.inspection_words import CASE_COLUMNS
from serving.intake.mapping import CODE, COLUMN, ESCALATION_RULES, EVERY_ROW, PARENTS, Answers
from serving.intake.uploads import Intake
from serving.operations.jobs import PageJob, job_states
from serving.pages.layout import moment_text
from serving.pages.page import Viewer
from serving.pages.translations import Translator
from serving.rankings.publishing import publications

FOR_ALL_ROWS = (Col.EVENT_TYPE, Col.CATEGORY)
"""Columns that may be one code for all rows."""
LISTED = tuple(name for name in LISTS if name != Col.SELF_FOUND)
"""Columns whose texts are mapped to codes."""
SHOWN_TEXTS = 20

StepName = Literal["analyst", "ingest", "train", "promote", "rank"]


@dataclass(frozen=True)
class Inspected:
    """A file that was looked at."""

    inspection: Inspection

    @property
    def header(self) -> tuple[str, ...]:
        """Names of its columns."""
        return tuple(column.name for column in self.inspection.columns)

    @property
    def ambiguous(self) -> tuple[str, ...]:
        """The time formats among which a person has to choose."""
        times = [column.times for column in self.inspection.columns if column.times and column.meaning]
        return tuple(dict.fromkeys(pattern for one in times for pattern in one.ambiguous))


@dataclass(frozen=True)
class Choice:
    """One option of a select."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Question:
    """One select of the form."""

    field: str
    label: str
    required: bool
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class MappingForm:
    """All that the form asks."""

    name: str
    columns: tuple[Question, ...]
    codes: tuple[tuple[str, tuple[Question, ...]], ...]
    """Name of a column, and a question for each of its texts."""
    parents: tuple[Question, ...]
    escalation: Question
    formats: Question | None
    format: str
    """The format that is stated without a question."""


def mapping_form(seen: Inspected, answers: Answers, t: Translator) -> MappingForm:
    """Return the form, filled with the answers so far."""

    def ask(field: str, label: str, options: Sequence[tuple[str, str]], *, required: bool = False) -> Question:
        given = answers.get(field, "")
        return Question(field, label, required, tuple(Choice(value, words, value == given) for value, words in options))

    header = [(name, name) for name in seen.header]
    ordered = sorted(CASE_COLUMNS, key=lambda name: name not in CASE_REQUIRED)
    return MappingForm(
        name=answers.get("name", ""),
        columns=tuple(
            ask(f"{COLUMN}{name}", t.of(CASE_COLUMNS[name]), [*header, *_for_all(name, t)], required=name in CASE_REQUIRED)
            for name in ordered
        ),
        codes=tuple(
            (t.of(CASE_COLUMNS[name]), tuple(ask(f"{CODE}{name}:{text}", text, _codes(name, t)) for text in texts))
            for name, texts in _texts(seen, answers).items()
        ),
        parents=tuple(ask(field, t(f"data_parent_{number}"), header) for number, field in enumerate(PARENTS, start=1)),
        escalation=ask("escalation", t("data_escalation"), [(rule, t(f"escalation_{rule}")) for rule in ESCALATION_RULES], required=True),
        formats=ask("format", t("data_format"), [(each, each) for each in seen.ambiguous], required=True) if seen.ambiguous else None,
        format=answers.get("format", ""),
    )


def _for_all(name: str, t: Translator) -> list[tuple[str, str]]:
    if name not in FOR_ALL_ROWS:
        return []
    return [(f"{EVERY_ROW}{code}", t("data_for_all", code=words)) for code, words in _codes(name, t)]


def _codes(name: str, t: Translator) -> list[tuple[str, str]]:
    words = CHINESE.get(name, {}) if t.language == "zh" else {}
    return [(code, words.get(code, code.replace("_", " "))) for code in LISTS[name]]


def _texts(seen: Inspected, answers: Answers) -> dict[str, list[str]]:
    """Return per case column the texts of the column that fills it."""
    by_name = {column.name: column for column in seen.inspection.columns}
    filling = {name: by_name.get(answers.get(f"{COLUMN}{name}", "")) for name in LISTED}
    return {name: [one.text for one in column.codes] for name, column in filling.items() if column and column.codes}


@dataclass(frozen=True)
class ShownJob:
    """A job as the page tells it."""

    name: str
    running: bool
    stage: str
    done: int
    total: int
    fault: str | None
    detail: str


def shown_job(job: PageJob | None, t: Translator) -> ShownJob | None:
    """Return the job that runs, or ran last."""
    if job is None:
        return None
    stage = t.named("stage", job.stage) if job.stage else t("data_job_begins")
    fault = fault_words(job.fault, t) if job.fault else None
    return ShownJob(t(f"job_{job.name}"), job.running, stage, job.done, job.total, fault, str(job.fault or ""))


@dataclass(frozen=True)
class Loss:
    """Rows or cells that were lost, and why; or a text that no list knows."""

    where: str
    words: str
    count: int


@dataclass(frozen=True)
class ShownReport:
    """Account of the rows of a file, taken in or tried."""

    report: IngestReport
    failed: bool
    losses: tuple[Loss, ...]
    unmapped: tuple[Loss, ...]
    refused: str | None
    """Name of the list of refused rows."""
    advice: tuple[str, ...]
    """What to do about it, the likely reason first."""
    remarks: tuple[str, ...]
    """Findings about the file, and parts of it that were not read."""


def shown_report(job: PageJob | None, intake: Intake, t: Translator) -> ShownReport | None:
    """Return the outcome of a job that read a file."""
    if job is None or not isinstance(job.outcome, IngestReport):
        return None
    report = job.outcome
    refused = [Loss(name, _words(code, t), rows) for (name, code), rows in report.by_field.items()]
    emptied = [Loss(name, t("data_emptied", why=_words(code, t)), cells) for (name, code), cells in report.emptied.items()]
    unmapped = tuple(Loss(one.field, one.text, one.rows) for one in report.unmapped[:SHOWN_TEXTS])
    return ShownReport(
        report,
        intake.has_failed(report),
        (*refused, *emptied),
        unmapped,
        report.refused.name if report.refused else None,
        tuple(line.in_language(t.language) for line in advice(report)),
        tuple(remark.in_language(t.language) for remark in report.remarks),
    )


def fault_words(fault: YujingError, t: Translator) -> str:
    """Say why a file or a job was refused."""
    return _words(Code[fault.code], t) if isinstance(fault, InputRefusedError) else t("data_refused")


def choosable_targets(viewer: Viewer) -> Sequence[str]:
    """Return the targets that a model may be trained for: those of source files, the home's own, and what is reported beside it."""
    own = (*sorted(declared_targets(viewer.engine)), DEFAULT_TARGET, *sorted(viewer.site.settings.targets))
    return tuple(dict.fromkeys(own))


def _words(code: Code, t: Translator) -> str:
    return (code.zh if t.language == "zh" else code.en).rstrip("。.")


@dataclass(frozen=True)
class SetupStep:
    """One step to the first list."""

    name: StepName
    done: bool
    note: str
    """State of the step: how much is there, or what is to be done."""
    address: str | None
    """Page on which the reader may take it; None where another account does."""
    command: str | None
    """The same on the command line."""


@dataclass(frozen=True)
class StartView:
    """All that the template shows."""

    steps: tuple[SetupStep, ...]
    next: SetupStep | None
    """The first step that is not done; None where a list was made."""
    listed: bool
    """Whether lists are shown."""


def view_start(viewer: Viewer) -> StartView:
    """Look how far a home has come."""
    steps = _steps(viewer)
    following = next((step for step in steps if not step.done), None)
    return StartView(steps, following, viewer.reading.shelf.current is not None)


def _steps(viewer: Viewer) -> tuple[SetupStep, ...]:
    engine, t = viewer.engine, viewer.t
    published, lists = publications(engine), _count_lists(engine)
    trained = bool(published) or "train" in _succeeded(engine)
    analysts = any(each.actor.role == Role.ANALYST and each.disabled_at is None for each in accounts(engine))
    models = "/data#models" if viewer.actor.may(Right.TRAIN) else None
    listed = viewer.reading.shelf.current is not None
    rank_note = t("start_rank_done", n=lists) if listed else t("start_rank_held") if lists else t("start_rank_todo")
    return (
        SetupStep("analyst", analysts, t("start_analyst_note"), "/admin" if viewer.actor.may(Right.ADMINISTER) else None, None),
        _ingest_step(viewer),
        SetupStep("train", trained, t("start_train_note"), models, "yujing train"),
        SetupStep("promote", bool(published), t("start_promote_note"), models, 'yujing models promote --reason "..."'),
        SetupStep("rank", bool(lists), rank_note, models, f"yujing rank --as-of {viewer.local_now.date()}"),
    )


def _ingest_step(viewer: Viewer) -> SetupStep:
    with reading(viewer.engine) as connection:
        newest = connection.execute(select(func.max(feed.c.known_through))).scalar()
    cases = count_cases(viewer.engine)
    note = viewer.t("start_ingest_todo")
    if cases and newest:
        note = viewer.t("start_ingest_done", n=f"{cases:,}", at=moment_text(newest, viewer.t, viewer.site.settings.tz))
    return SetupStep("ingest", bool(cases), note, "/data" if viewer.actor.may(Right.INGEST) else None, "yujing ingest FILE")


def _count_lists(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(ranking)).scalar_one())


def _succeeded(engine: Engine) -> set[str]:
    return {job for job, state in job_states(engine).items() if state.success}
