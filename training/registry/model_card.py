"""The model card: what a model is for, what it was made from, how good it is and what it must not be used for; all figures from its run.

The parts of Markdown in which documents are written (tables, figures with their interval, sections) stand here too.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from features.panel.case_columns import CaseColumn
from features.panel.feature import Feature
from training.evaluation.fold_runner import MODEL
from training.registry.gate import METRIC, Report
from training.rivals import PEERS, simple_rules

SHOWN = (METRIC, "auc", "ap", "hit@5%", "hit@10%", "brier_skill", "ece")

PURPOSE = """\
This model says, for each grid (网格), how many escalations to expect over the coming days, so that mediation and services arrive earlier.
It adds up three parts: the chance of each open case at risk to escalate, the chance of each case closed lately to come back, and the
escalations of cases that are not in the log yet. A target of new events has the third part alone.
It describes places, never persons. 用于服务排期，不得用于考核排名。"""

LIMITS = """\
- Reporting is not reality: where people report less, the model expects less. Silence is no sign of calm.
- The figures hold for the as_ofs above; a change of recording, boundaries or policy after them is not in them.
- `risk` is calibrated on predictions made inside the training part; it is a frequency over many grids, not a certainty about one.
- `new.lgb`, `open.lgb` and `closed.lgb` by themselves give no expected count: read them through yujing.
- 排序反映记录中的关联，不说明原因，也不说明任何人有过错。"""

REFUSED = """\
- to score, search or describe persons, households, shops or firms;
- to appraise or rank staff, units, communities or townships (不得用于考核排名);
- to predict or hinder petitions, gatherings, complaints, speech or anything else that is lawful;
- to dispatch anyone, the police included, without a person's decision;
- as evidence of guilt, or as the only ground of any decision."""

UNKNOWN = "cannot be estimated"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; a bar within a cell becomes a slash."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)


def figure(value: float | None, interval: Sequence[float] | None) -> str:
    """Return a figure with its interval in brackets.

    >>> figure(0.25, (0.2, 0.3)), figure(None, None)
    ('0.2500 [0.2000, 0.3000]', 'cannot be estimated')
    """
    if value is None:
        return UNKNOWN
    return f"{value:.4f}" + (f" [{interval[0]:.4f}, {interval[1]:.4f}]" if interval else f" [{UNKNOWN}]")


def document(title: str, sections: Mapping[str, str]) -> str:
    """Return a document of one title and its sections."""
    return f"# {title}\n" + "".join(f"\n## {name}\n\n{text}\n" for name, text in sections.items())


def blank(zh: str, en: str) -> str:
    """Return a place that whoever runs the service fills in by hand.

    >>> blank("单位名称", "name of the body")
    '〔待填：单位名称 · to be filled in: name of the body〕'
    """
    return f"〔待填：{zh} · to be filled in: {en}〕"


def write_card(report: Report, parameters: Mapping[str, str], features: Sequence[Feature | CaseColumn], objections: Sequence[str]) -> str:
    """Return the card as Markdown; equal inputs give equal text, so a figure changed by hand shows.

    `parameters` is what the run recorded, `features` are the columns it reads, `objections` what the gate said at training time.
    """
    sections = {
        "Purpose": PURPOSE,
        "Data and target": _data(report, parameters),
        "Quality on unseen days, beside simple rules": _metrics(report),
        "Against each simple rule": _differences(report),
        "Against learners on the same columns": _peers(report),
        "Parts of the rows": _subsets(report),
        "Kinds of places": _groupings(report),
        "Gate": "\n".join(f"- {objection}" for objection in objections) or "Nothing speaks against promotion.",
        "Limits": "\n".join([f"- {parameters['loop_control']}", LIMITS, *(f"- {note}" for note in report["notes"])]),
        "Must not be used": REFUSED,
        "Settings of the run": table(("setting", "value"), parameters.items()),
        "Features it reads": _features(features),
    }
    return document(f"Model card 模型卡 {report['target']}", sections)


def _data(report: Report, parameters: Mapping[str, str]) -> str:
    as_of = report["as_of"]
    return table(
        ("what", "value"),
        [
            ("target", report["target"]),
            ("counts as an escalation", f"`{parameters['target_definition']}`"),
            ("horizon", f"{report['horizon_days']} days, [as_of, as_of + {report['horizon_days']})"),
            ("event log", f"up to sequence number {parameters['data_sequence']}, complete through {report['known_through']}"),
            ("tested as_ofs", f"{as_of['count']}, {as_of['first']} to {as_of['last']}, every {as_of['step_days']} days"),
            ("tested rows", f"{report['rows']} grids x as_ofs, {report['positives']} with an escalation ({report['base_rate']:.2%})"),
            ("escalations", f"{report['escalations']:g}"),
        ],
    )


def _metrics(report: Report) -> str:
    rows = [(name, *(figure(card[metric], card["ci95"][metric]) for metric in SHOWN)) for name, card in report["models"].items()]
    return table(("model", *SHOWN), rows) + "\n\nIn brackets the 95 % interval of a bootstrap over weeks and townships."


def _differences(report: Report) -> str:
    gaps = {name: report["differences"][name][METRIC] for name in simple_rules(report["differences"])}
    rows = [(name, figure(gap["value"], gap["ci95"]), _verdict(gap["ci95"])) for name, gap in gaps.items()]
    return table(("rule", f"{METRIC} of {MODEL} minus that of the rule", "verdict"), rows)


def _peers(report: Report) -> str:
    gaps = {name: report["differences"][name][METRIC] for name in PEERS if name in report["differences"]}
    if not gaps:
        return "None was fitted beside it."
    rows = [(name, figure(gap["value"], gap["ci95"]), _peer_verdict(gap["ci95"])) for name, gap in gaps.items()]
    return table(("learner", f"{METRIC} of {MODEL} minus that of the learner", "verdict"), rows)


def _peer_verdict(interval: Sequence[float] | None) -> str:
    if interval is None:
        return UNKNOWN
    if interval[0] > 0:
        return "差于同样特征上的现成算法 worse than the learner"
    return "better" if interval[1] < 0 else "不相上下 no worse than the learner"


def _verdict(interval: Sequence[float] | None) -> str:
    if interval is None:
        return UNKNOWN
    return "better" if interval[1] < 0 else "不优于简单规则 not better than the simple rule"


def _subsets(report: Report) -> str:
    rows = [
        (name, part["rows"], part["positives"], _share(part["models"][MODEL]["ap"]), _share(part["models"][MODEL]["hit@10%"]))
        for name, part in report["subsets"].items()
    ]
    return table(("part", "rows", "with an escalation", "ap", "hit@10%"), rows)


def _groupings(report: Report) -> str:
    rows, verdicts = [], []
    for column, grouping in report["disparity"].items():
        for group in grouping["groups"]:
            recalls = _share(group["recall"]), _share(group["recall_by_rates"])
            calibration = figure(group["observed_over_expected"], group["ci90"])
            rows.append((column, group["name"], group["grids"], group["positives"], *recalls, calibration))
        ratio, chance = _share(grouping["ratio"]), _share(grouping["chance"])
        verdicts.append(f"- {column}: {grouping['verdict']}; lowest recall over highest {ratio}, as uneven by chance {chance}")
    head = ("by", "kind", "grids", "with an escalation", "recall", "recall by rates", "observed over expected [90 %]")
    return "\n".join([table(head, rows), "", *verdicts]) if rows else "The grid table tells no kinds of places apart."


def _features(columns: Sequence[Feature | CaseColumn]) -> str:
    rows = [(column.name, column.en, column.kind.value if isinstance(column, Feature) else "of a case") for column in columns]
    return table(("column", "meaning", "kind"), rows)


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.4f}"
