"""The way to the first list: which steps are done, which is next, and who takes it."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, func, select

from features.database.engine import reading
from features.database.tables import feed, ranking
from features.eventlog.read import count_cases
from serving.accounts.accounts import accounts
from serving.accounts.permissions import Right, Role
from serving.operations.job_runs import job_states
from serving.pages.layout import moment_text
from serving.pages.page import Viewer
from serving.rankings.publishing import publications

StepName = Literal["analyst", "ingest", "train", "promote", "rank"]


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
