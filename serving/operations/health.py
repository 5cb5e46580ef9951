"""What waits for whoever runs the service: messages that no receiver took, and days that were left without a list."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from serving.alerts.webhooks import dead_letters
from serving.operations.schedule import missed_days
from serving.text import Text


@dataclass(frozen=True)
class OperationalHealth:
    """What was found."""

    letters: Counter[str]
    """Messages that were given up, by receiver."""
    missed: Sequence[tuple[date, str]]
    """Days without a list, the newest first, and why."""

    def __iter__(self) -> Iterator[Text]:
        """Say what is to be done, one sentence for each kind; nothing where nothing is."""
        if count := self.letters.total():
            yield Text(
                zh=f"{count}条消息未送达;检查接收方后,在管理页点“重发”,或运行 yujing webhooks retry",
                en=f"{count} messages were not taken; look at the receiver, then resend them on /admin or by yujing webhooks retry",
            )
        if self.missed:
            yield Text(
                zh=f"{len(self.missed)}天没有清单;补齐数据后运行 yujing rank --as-of 日期",
                en=f"{len(self.missed)} days have no list; mend their data, then run yujing rank --as-of DATE",
            )


def read_operational_health(engine: Engine) -> OperationalHealth:
    """Look for what waits."""
    return OperationalHealth(Counter(receiver for receiver, *_ in dead_letters(engine)), missed_days(engine))
