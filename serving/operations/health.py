"""Operational health: undelivered messages, days without a list, old lists, jobs that fail, and how far each source of data reaches."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, func, select

from features.database.engine import reading
from features.database.tables import feed, ranking
from features.settings import IntakeSettings
from serving.alerts.webhooks import dead_letters
from serving.operations.jobs import Run, job_states
from serving.operations.schedule import missed_days
from serving.settings import ServingSettings
from serving.text import Text

HOUR = timedelta(hours=1)
BACKUP_LATE = timedelta(hours=50)
"""As the shipped alert rule has it: two days and some time to be made."""
JOB_NAMES = {"ingest": "接入数据", "train": "训练模型", "rank": "生成清单", "monitor": "运行监测", "backup": "备份"}

CHECK_NAMES = {"keys": "密钥", "guards": "防改触发器", "ledger": "清单账本", "audit trail": "审计日志"}


@dataclass(frozen=True)
class OperationalHealth:
    """Operational problems that wait for an operator."""

    letters: Counter[str]
    """Messages that were given up, by receiver."""
    missed: Sequence[tuple[date, str]]
    """Days without a list, the newest first, and why."""
    list_age: timedelta | None = None
    """Time since the newest list was published, where that is too long."""
    data_age: timedelta | None = None
    """Time since the newest record became known, where that is too long."""
    backup_age: timedelta | None = None
    """Time since the newest backup, where that is too long; sites that never made one back up by other tools."""
    failed: Sequence[Run] = field(default=())
    """Jobs whose newest run failed."""
    damaged: Sequence[str] = field(default=())
    """Checks of the service that found keys, triggers, ledger or trail damaged."""
    ends: Sequence[Text] = field(default=())
    """Ends of the right to publish, that have passed or will soon."""

    def __iter__(self) -> Iterator[Text]:
        """Say what is to be done, one sentence for each kind; nothing where nothing is."""
        for check in self.damaged:
            yield Text(
                zh=f"{CHECK_NAMES.get(check, check)}校验未通过；运行 yujing doctor 查明，从备份恢复",
                en=f"the check of {check} fails; yujing doctor says why, restore the backup",
            )
        yield from self.ends
        yield from self._undelivered()
        yield from self._late()
        for run in self.failed:
            yield Text(
                zh=f"上一次{JOB_NAMES.get(run.job, run.job)}失败；原因见管理页，或运行 yujing doctor",
                en=f"the last {run.job} failed; /admin and yujing doctor say why",
            )

    def _undelivered(self) -> Iterator[Text]:
        if count := self.letters.total():
            yield Text(
                zh=f"{count}条消息未送达；检查接收方后，在管理页点“重发”，或运行 yujing webhooks retry",
                en=f"{count} messages were not taken; look at the receiver, then resend them on /admin or by yujing webhooks retry",
            )

    def _late(self) -> Iterator[Text]:
        if self.missed:
            yield Text(
                zh=f"{len(self.missed)}天没有清单；补齐数据后运行 yujing rank --as-of 日期",
                en=f"{len(self.missed)} days have no list; mend their data, then run yujing rank --as-of DATE",
            )
        if self.list_age:
            hours = self.list_age // HOUR
            yield Text(
                zh=f"最新清单发布于{hours}小时前；查看上一次生成清单的结果",
                en=f"the newest list is {hours} hours old; see why none was made since",
            )
        if self.data_age:
            hours = self.data_age // HOUR
            yield Text(
                zh=f"最新记录是{hours}小时前的；检查数据来源和数据接入任务",
                en=f"the newest record is {hours} hours old; check sources and ingest",
            )
        if self.backup_age:
            hours = self.backup_age // HOUR
            yield Text(
                zh=f"最近一次备份是{hours}小时前的；检查备份任务",
                en=f"the newest backup is {hours} hours old; check the job that makes it",
            )


def overdue_work(stuck: Sequence[str], days: Sequence[date]) -> list[Text]:
    """Say which tasks beside the service are stuck, and which lists are due and not there."""
    texts = []
    if stuck:
        texts.append(
            Text(
                zh=f"后台任务停止：{'、'.join(stuck)}；请重启服务",
                en=f"background tasks are stuck: {', '.join(stuck)}; restart the service",
            )
        )
    if days:
        named = [f"{day}" for day in days]
        texts.append(
            Text(
                zh=f"到期未出清单：{'、'.join(named)}；查看服务日志中的原因，或运行 yujing rank --as-of 日期",
                en=f"lists are due and missing: {', '.join(named)}; see the log of the service, or run yujing rank --as-of DATE",
            )
        )
    return texts


def read_operational_health(engine: Engine, limits: ServingSettings, now: datetime, damaged: Sequence[str] = ()) -> OperationalHealth:
    """Look for what needs whoever runs the service; `damaged` names the checks of integrity that failed when they last ran."""
    published, known = newest_moments(engine)
    states = job_states(engine)
    backup = states["backup"].success if "backup" in states else None
    list_limit, data_limit = timedelta(hours=limits.stale_after_hours), timedelta(hours=limits.data_late_after_hours)
    return OperationalHealth(
        letters=Counter(receiver for receiver, *_ in dead_letters(engine)),
        missed=missed_days(engine, now),
        list_age=now - published if published and now - published > list_limit else None,
        data_age=now - known if known and now - known > data_limit else None,
        backup_age=now - backup.started_at if backup and now - backup.started_at > BACKUP_LATE else None,
        failed=[state.last for _, state in sorted(states.items()) if state.last.fault is not None],
        damaged=damaged,
    )


def newest_moments(engine: Engine) -> tuple[datetime | None, datetime | None]:
    """Return when the newest list was published, and when the newest record became known; None where there is none."""
    with reading(engine) as connection:
        published = connection.execute(select(func.max(ranking.c.published_at))).scalar()
        known = connection.execute(select(func.max(feed.c.known_through))).scalar()
    return published, known


@dataclass(frozen=True)
class Source:
    """One source."""

    name: str
    through: datetime | None
    days_old: int
    """Whole days between its newest record and now."""
    late: bool
    """Older than `serving.data_late_after_hours`, or without a record."""


def read_sources(engine: Engine, now: datetime, serving: ServingSettings, intake: IntakeSettings) -> tuple[Source, ...]:
    """Return all sources by name, judged by the clock; those that have ended, as the settings say, are left out."""
    with reading(engine) as connection:
        rows = connection.execute(select(feed.c.name, feed.c.known_through).order_by(feed.c.name)).all()
    limit = timedelta(hours=serving.data_late_after_hours)
    ages = {row: now - row.known_through if row.known_through else None for row in rows if row.name not in intake.retired_sources}
    return tuple(
        Source(row.name, row.known_through, max(age.days, 0) if age else 0, age is None or age > limit) for row, age in ages.items()
    )
