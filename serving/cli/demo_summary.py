"""The end of the demo: what happened, what is good about it and what is not, and what to do next."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from features.display import plain
from serving.cli.workspace import Workspace
from serving.text import SERVICE_ONLY, Text

HIT = "hit@5%"


@dataclass(frozen=True)
class Figures:
    """Figures of a finished demo."""

    grids: int
    cases: int
    lists: int
    last: date
    alerts: int
    hit: float | None
    """Share of the escalations that fell in the top 5 % of grids; None where none could be counted."""
    rule: str
    """The baseline whose top 5 % held most."""
    hit_of_rule: float | None
    objections: int


def read_figures(work: Workspace) -> Figures:
    """Read what the steps of a demo left in its home."""
    from features.eventlog.read import count_cases
    from serving.alerts.queries import Wanted, count_alerts
    from serving.cli.alerts import operator
    from serving.rankings.ledger import newest, read_body
    from training.evaluation.baselines import BASELINES
    from training.evaluation.fold_runner import MODEL
    from training.registry.gate import evaluate_gate
    from training.registry.published import current

    last = newest(work.engine)
    report = json.loads(current(work.home, work.engine).files["backtest.json"])
    models = report["models"]
    rule = max((name for name in models if name in BASELINES), key=lambda name: models[name][HIT] or 0.0)
    return Figures(
        grids=len(read_body(work.engine, last)["grid"]) if last else 0,
        cases=count_cases(work.engine),
        lists=last.id if last else 0,
        last=last.origin.as_of if last else date.min,
        alerts=sum(count_alerts(work.engine, operator(), Wanted()).values()),
        hit=models[MODEL][HIT],
        rule=rule,
        hit_of_rule=models[rule][HIT],
        objections=len(evaluate_gate(report, None)),
    )


def summarise(work: Workspace, figures: Figures) -> Iterator[Text]:
    """Yield the lines to print, each in both languages."""
    yield Text(zh="发生了什么", en="What happened")
    yield Text(
        zh=f"  模拟了一个有{figures.grids}个网格的区，四年共{figures.cases}件事项；全部为虚构，与任何真实地方无关。",
        en=f"  A district of {figures.grids} grids was made up, with {figures.cases} cases in four years; nothing of it ever happened.",
    )
    yield Text(
        zh="  模型只用每一天当时已知的记录训练，并在没有见过的日子上检验。",
        en="  A model was trained on what was known on each day, and judged on days that it had not seen.",
    )
    yield Text(
        zh=f"  发布了{figures.lists}份清单，最近一份为{figures.last}；共产生{figures.alerts}条预警提示。",
        en=f"  {figures.lists} lists were published, the last for {figures.last}; they raised {figures.alerts} alerts.",
    )
    yield Text(zh="效果如何", en="How good it is")
    from training.plots.words import MODEL_ZH

    rule = MODEL_ZH.get(figures.rule, figures.rule)
    hit, hit_of_rule = _percent(figures.hit), _percent(figures.hit_of_rule)
    yield Text(
        zh=f"  清单前5%的网格包含了此后{hit}%的升级事项；随机抽取为5%，最好的基线（{rule}）为{hit_of_rule}%。",
        en=f"  The first 5 % of its grids held {hit} % of the escalations that followed; grids drawn at random hold 5 %, "
        f"the best baseline ({plain(figures.rule)}) {hit_of_rule} %.",
    )
    yield _gate(figures.objections)
    yield Text(zh=f"  {SERVICE_ONLY.zh}。", en=f"  {SERVICE_ONLY.en}.")
    yield Text(zh="接下来", en="What to do next")
    root = work.home.root
    for command, zh, en in (
        (f"export YUJING_HOME={shlex.quote(str(root))}", "", ""),
        ("yujing models show champion", "模型的用途、效果和限制", "what the model is for, how good it is, and its limits"),
        ("yujing monitor", "数据是否完整、是否有变化", "whether data are complete, and what drifts"),
    ):
        yield Text(zh=f"  {command}  {zh}".rstrip(), en=f"  {command}  {en}".rstrip())
    yield Text(
        zh=f"  回测报告：{root / 'backtests'}；各步骤的全部输出：{root / 'demo.log'}",
        en=f"  Backtest report: {root / 'backtests'}; all that the steps said: {root / 'demo.log'}",
    )


def _gate(objections: int) -> Text:
    if objections:
        return Text(
            zh=f"  上线检查提出{objections}条不同意见；演示仍予发布，只为展示。理由见模型卡。",
            en=f"  The promotion gate objects in {objections} points; the demo publishes all the same. The model card has them.",
        )
    return Text(zh="  上线检查没有不同意见。", en="  The promotion gate objects to nothing.")


def _percent(value: float | None) -> str:
    return "?" if value is None else f"{100 * value:.0f}"
