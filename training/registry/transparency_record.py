"""The transparency record: for the public, what the lists are for, who decides, what they are made from, how good they are, how to contest.

Its order is that of the Algorithmic Transparency Recording Standard: a short part for everybody, and one for those who look closer. What
only the operator knows stands as a blank to be filled in.
"""

from collections.abc import Mapping, Sequence

from training.evaluation.disparity import Verdict
from training.evaluation.fold_runner import MODEL
from training.registry.gate import METRIC, Report
from training.registry.markdown import UNKNOWN, blank, document, figure, table
from training.rivals import simple_rules

SHORT = """\
每天按网格估计未来一段时间会有多少矛盾纠纷升级，排出先后，使调解和服务早一点到。只评估地方，不评估人；怎么办由人决定，系统不派人、不结案。
Every day it estimates for each grid how many disputes will escalate over the coming days and puts grids in order, so that mediation and
services arrive earlier. It rates places, never persons; people decide what to do, the system sends nobody and closes nothing."""

DECIDING = """\
1. 系统每天早上发布清单；排在前面的网格成为提醒，写明理由、可能性和可用的服务。
   Each morning the system publishes a list; its first grids become alerts with reasons, a chance and a service.
2. 每条提醒由工作人员处理：去过、问过、已在办、无需处理或数据有误。不同意与同意一样只需一步，并记入审计。
   Staff answer each alert: visited, called, under way, not needed or data wrong. Disagreeing takes one step like agreeing, and is recorded.
3. 少数名额随机抽取，少数提醒不显示等级，用来检查清单是否只证明自己、人是否照单全收。
   A few places are drawn at random and a few alerts hide their level, to see whether lists prove themselves and people only follow.
4. 模型上线须通过检验，或由具名人员写明理由后放行。
   A model goes into use when it passes a gate, or when a named person overrules it with a reason."""

EXCLUDED = """\
- 不含：个人身份、人脸、车牌、手机位置、支付、社交媒体、民族、宗教；信访数量不进模型，只用承办单位自己的办理情况。
  Not used: identities, faces, plates, phone positions, payments, social media, ethnicity, religion; of petitions only how the office
  handled them.
- 疑似个人信息的行在入口即被拒收，不落盘。
  Rows that seem to hold personal identifiers are refused at the door and stored nowhere."""

CONTEST = """\
每条提醒和每个网格页面上都有“数据有误”。15日内受理，60日内答复，由提出人以外的人决定；采纳后24小时内重新测算，前后结果都能看到。
Every alert and every page of a grid has "data wrong". It is acknowledged within 15 days and decided within 60 by somebody else than who
raised it; once accepted, the grid is scored again within 24 hours, and before and after are shown."""

RISKS = """\
- 走访多的地方记录多，记录多又引来走访：随机名额、走访记录，且不以走访次数为特征。
  Visits make records and records make visits: random places, logged visits, and no feature of visits.
- 上报少不等于没事：应有而没有上报时写“数据不足，不作评定”。
  Few reports are no sign of calm: where reports fail to come, the page says that the data do not suffice.
- 清单被当成考核：页面和导出均注明“用于服务排期，不得用于考核排名”。软件拦不住手工抄录。
  Lists used for appraisal: every page and export forbids it. Software cannot stop a copy by hand."""

OWNER = (
    ("运行单位", "body that runs it"),
    ("负责人", "person responsible"),
    ("公开联系方式", "public contact"),
    ("启用日期", "in use since"),
)


def write_transparency_record(report: Report, parameters: Mapping[str, str], objections: Sequence[str]) -> str:
    """Return the record as Markdown; equal inputs give equal text. Arguments are those of the model card."""
    sections = {
        "一、简述 · In short": f"{SHORT}\n\n{table(('项目 what', '内容 value'), [(f'{zh} {en}', blank(zh, en)) for zh, en in OWNER])}",
        "二、如何提出异议 · How to contest": CONTEST,
        "三、谁来决定 · Who decides": DECIDING,
        "四、数据 · Data": f"{origin(report, parameters)}\n\n{EXCLUDED}",
        "五、有多准 · How good it is": _quality(report),
        "六、对各类地方是否一样 · Whether it serves kinds of places alike": _evenness(report),
        "七、检验结论 · Verdict of the gate": "\n".join(f"- {objection}" for objection in objections)
        or "无异议。Nothing speaks against promotion.",
        "八、风险与办法 · Risks and what is done": RISKS,
        "九、依据 · Legal basis": blank("法律、规范性文件和内部决定", "law, regulation and decision of the body"),
    }
    return document(f"算法透明度记录 · Transparency record: {report['target']}", sections)


def origin(report: Report, parameters: Mapping[str, str]) -> str:
    """Return the table that says which model, definition and records the figures of a document belong to."""
    as_of = report["as_of"]
    rows = [
        ("预测对象 target", report["target"]),
        ("定义 definition", f"`{parameters['target_definition']}`"),
        ("预测期 horizon", f"{report['horizon_days']} 天 days"),
        ("事件日志 event log", f"序号 sequence {parameters['data_sequence']}，完整至 complete through {report['known_through']}"),
        ("检验日 tested as_ofs", f"{as_of['count']}，{as_of['first']} – {as_of['last']}"),
        ("检验行 tested rows", f"{report['rows']}，其中有升级 with an escalation {report['positives']} ({report['base_rate']:.2%})"),
        ("模型 model", f"`{parameters['model_sha256'][:16]}`"),
        ("程序 program", f"`{parameters['code_version']}`"),
    ]
    return table(("项目 what", "内容 value"), rows)


def _quality(report: Report) -> str:
    card = report["models"][MODEL]
    gaps = {name: report["differences"][name][METRIC] for name in simple_rules(report["differences"])}
    told = [gap["ci95"] for gap in gaps.values() if gap["ci95"]]
    beaten = sum(interval[1] < 0 for interval in told)
    rows = [
        ("前10%网格覆盖的升级 escalations within the top 10 % of grids", figure(card["hit@10%"], card["ci95"]["hit@10%"])),
        ("AUC", figure(card["auc"], card["ci95"]["auc"])),
        ("校准误差 calibration error (ECE)", figure(card["ece"], card["ci95"]["ece"])),
        ("胜过的简单规则 simple rules that it beats", f"{beaten} / {len(gaps)}"),
    ]
    return table(("指标 figure", "值 [95%] value"), rows) + "\n\n区间按周和街道重抽。Intervals from a bootstrap over weeks and townships."


def _evenness(report: Report) -> str:
    verdicts = {
        Verdict.EVEN: "一样 alike",
        Verdict.BLOCK: "不一样 not alike",
        Verdict.INCONCLUSIVE: "不能判断 inconclusive",
        Verdict.NOT_ESTIMABLE: "数据不足 too little to tell",
    }
    rows = [
        (by, verdicts[Verdict(grouping["verdict"])], UNKNOWN if grouping["ratio"] is None else f"{grouping['ratio']:.4f}")
        for by, grouping in report["disparity"].items()
    ]
    if not rows:
        return "网格表没有区分地方的类别。The grid table tells no kinds of places apart."
    return table(("按 by", "结论 verdict", "最低召回率比最高 lowest recall over highest"), rows)
