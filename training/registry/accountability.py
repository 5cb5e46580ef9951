"""Documents of accountability, written from the figures of a run: the transparency record and the impact assessment.

The transparency record tells the public what the lists are for, who decides, what they are made from, how good they are and how to
contest one. The impact assessment on personal information (个人信息保护影响评估) follows articles 55 and 56 of 个人信息保护法.
"""

from collections.abc import Mapping, Sequence

from training.evaluation.disparity import Verdict
from training.evaluation.fold_runner import MODEL
from training.registry.gate import METRIC, Report
from training.registry.model_card import UNKNOWN, blank, document, figure, table
from training.rivals import simple_rules
from training.settings import CharterSettings

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

NO_CHARTER = "未设定使用授权，没有到期日 No charter is set, and so no end"

PURPOSE = """\
为矛盾纠纷的预防和服务排期，按网格估计升级件数。处理对象是网格的事件记录，不是个人；不作针对个人的自动化决定。
To prevent escalations and plan services, escalations are estimated by grid. Records of events in grids are processed, not persons; no
automated decision is made about anybody."""

NECESSITY = """\
- 最小必要：只收案件的网格、类别、时间、办理状态等代码；自由文本不入库。
  No more than needed: codes of grid, kind, times and handling of a case; no free text is stored.
- 替代办法：清单须胜过按件数、按在办数等简单规则，否则不予上线；比较见模型卡。
  Alternatives: a model that does not beat simple rules, such as counts or open cases, is not put to use; the model card compares them."""

PERSONAL = (
    (
        "当事人 persons concerned",
        "无 none",
        "疑似身份证、电话、银行卡、车牌等的行拒收；原案号换成带密钥的摘要 suspect rows refused, case numbers kept as keyed hashes",
    ),
    (
        "小网格的居民 residents of small grids",
        "间接 indirect",
        "少于3件显示为“少量”，导出少于5件显示为“<5” fewer than 3 shown as a few, fewer than 5 exported as <5",
    ),
    (
        "工作人员 staff",
        "账号、单位、操作记录 account, unit, what was done",
        "化名记录，只有审计员看得到姓名，查看也留痕 pseudonyms; only auditors see names, which is recorded",
    ),
)

RISKS_TO_PERSONS = (
    ("认出某一家 a household is recognised", "低 low", "小数掩盖、敏感类别只到社区 small counts masked, sensitive kinds by community only"),
    (
        "标签化某个地方 a place is labelled",
        "中 medium",
        "满一年没有新事项即不再计、名次不公开、可提异议 a clean year is forgotten, ranks are internal, data can be contested",
    ),
    (
        "用于考核或针对信访人 used for appraisal or against petitioners",
        "中 medium",
        "页面禁止、按时办理的信访不影响评分 forbidden on every page; petitions handled in time change no score",
    ),
    ("越权查看 read without right", "低 low", "按辖区授权、数据库行级隔离、审计链 rights by area, row security, chained audit trail"),
    (
        "泄露或篡改 leak or tampering",
        "低 low",
        "密钥签名、哈希链、备份签名、口令散列 signatures, hash chains, signed backups, hashed passwords",
    ),
)

OPERATOR = (
    ("个人信息处理者名称", "name of the body"),
    ("负责人和联系方式", "person responsible and contact"),
    ("处理的法律依据", "legal basis"),
    ("与其他单位共享的范围", "what is shared with other bodies"),
    ("保存期限的决定", "decision on retention"),
    ("安全等级保护备案", "record of the graded protection scheme"),
    ("听取意见的情况", "who was consulted"),
    ("评估结论和签字", "conclusion and signature"),
    ("评估日期", "date of the assessment"),
)


def write_transparency_record(
    report: Report, parameters: Mapping[str, str], objections: Sequence[str], charter: CharterSettings | None = None
) -> str:
    """Return the record as Markdown; equal inputs give equal text. Arguments are those of the model card, and the charter."""
    sections = {
        "一、简述 · In short": f"{SHORT}\n\n{table(('项目 what', '内容 value'), _owner(charter or CharterSettings()))}",
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


def _owner(charter: CharterSettings) -> list[tuple[str, str]]:
    """Return who runs the service and until when; what the charter does not say is a blank, but a missing end is said."""
    since, until = (day.isoformat() if day else "" for day in (charter.since, charter.until))
    rows = [
        ("运行单位", "body that runs it", charter.operator),
        ("负责岗位", "office that answers for it", charter.responsible),
        ("公开联系方式", "public contact", charter.contact),
        ("启用日期", "in use since", since),
    ]
    filled = [(f"{zh} {en}", value or blank(zh, en)) for zh, en, value in rows]
    return [*filled, ("使用授权到期日 last day of the charter", until or NO_CHARTER)]


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
    intervals = [gap["ci95"] for gap in gaps.values() if gap["ci95"]]
    beaten = sum(interval[1] < 0 for interval in intervals)
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


def write_impact_assessment(report: Report, parameters: Mapping[str, str], profile: Mapping[str, int | float | str]) -> str:
    """Return the assessment as Markdown; equal inputs give equal text.

    `report` and `parameters` are those of the model card, `profile` says how much was learnt from.
    """
    scale = [
        ("网格 grids", profile["grids"]),
        ("案件 cases", profile["cases"]),
        ("特征 columns", profile["columns"]),
        ("训练用的日子 as_ofs learnt from", f"{profile['as_ofs']}，{profile['first_as_of']} – {profile['last_as_of']}"),
        ("信访数量 petition counts", parameters["petition_volume"]),
    ]
    sections = {
        "一、处理目的和方式 · Purpose and manner": f"{PURPOSE}\n\n{origin(report, parameters)}",
        "二、合法、正当、必要 · Lawful, fair, necessary": f"{NECESSITY}\n\n{table(('规模 scale', '值 value'), scale)}",
        "三、涉及的个人信息 · Personal information concerned": table(("对象 whose", "信息 what", "办法 what is done"), PERSONAL),
        "四、对个人权益的影响和安全风险 · Effects on persons and risks": table(
            ("风险 risk", "程度 degree", "措施 measure"), RISKS_TO_PERSONS
        ),
        "五、由运行单位填写 · To be filled in by the operator": table(
            ("项目 what", "内容 value"), [(f"{zh} {en}", blank(zh, en)) for zh, en in OPERATOR]
        ),
        "六、保存 · Keeping": "本报告和处理情况记录至少保存三年（个人信息保护法第五十六条）。Kept for at least three years (article 56).",
    }
    return document(f"个人信息保护影响评估 · Impact assessment: {report['target']}", sections)
