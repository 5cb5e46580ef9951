"""Open cases about to become escalations by the clock: how many, and how many are likely to."""

from collections.abc import Iterator

import numpy as np

from features.days import NEVER
from features.facts.facts import Facts
from features.panel.as_ofs import Values
from features.panel.block import Block
from features.panel.channels import Channel, due_within, quick
from features.panel.due_cases import expected_escalations
from features.panel.feature import Feature, Kind, Use, Valued

DUE_DAYS = (3, 7, 14, 28)
PRIOR_CASES = 0.5


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield due counts where the target has a rule that fires by the clock."""
    if not (facts.cases.due_day < NEVER).any():
        return
    for days in sorted({*DUE_DAYS, horizon_days}):
        zh, en = f"{{n}}件未办结事项将在{days}天内到期", f"{{n}} open cases fall due within {days} days"
        yield _due("count", "cases", (zh, en), _due_count(days), days)
        zh, en = f"{days}天内到期事项为预计升级件数的{{n}}倍", f"cases due within {days} days are {{n}} times the escalations expected"
        yield _due("ratio", "ratio", (zh, en), _against_expected(days), days)
    yield _due(
        "expected",
        "cases",
        ("到期事项预计升级：{n}件", "about {n} of the cases falling due would escalate as such cases did before"),
        lambda block: block.once("due_expected", expected_escalations),
    )
    yield _due(
        "share",
        "share",
        ("时段内到期事项以往约有{n}最终升级", "{n} of the cases falling due would escalate as before"),
        _share,
    )
    yield Feature(
        subject="quick",
        measure="rate",
        family="due",
        reason="due",
        kind=Kind.CONTROL,
        unit="escalations per day",
        zh="尚未上报而将在时段内升级的事项每天约{n}件",
        en="{n} escalations a day of cases not yet reported",
        value=lambda block: block.usual(Channel(quick(horizon_days))),
        use=Use.LEVEL_ONLY,
    )


def _due(measure: str, unit: str, phrases: tuple[str, str], value: Valued, days: int | None = None) -> Feature:
    return Feature("due", measure, "due", "due", Kind.DRIVER, unit, *phrases, value, window_days=days, direction=1)


def _due_count(days: int) -> Valued:
    due = due_within(days)
    return lambda block: np.asarray(sum(block.level(Channel(due, index)) for index in range(len(block.facts.event_types))))


def _against_expected(days: int) -> Valued:
    count = _due_count(days)
    return lambda block: (count(block) + PRIOR_CASES) / (_base(block) + PRIOR_CASES)


def _base(block: Block) -> Values:
    """Return the escalations expected of cases falling due and of those not yet reported."""
    horizon = block.when.horizon_days
    return block.once("due_expected", expected_escalations) + horizon * block.usual(Channel(quick(horizon)))


def _share(block: Block) -> Values:
    expected = block.once("due_expected", expected_escalations)
    return (expected + 0.1) / (_due_count(block.when.horizon_days)(block) + 0.2)
