"""The impact assessment on personal information (个人信息保护影响评估), by articles 55 and 56 of 个人信息保护法.

The part that the product answers for is filled in from the run; what only the operator knows stands as a blank. It is kept three years.
"""

from collections.abc import Mapping

from training.registry.gate import Report
from training.registry.markdown import blank, document, table
from training.registry.transparency_record import origin

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

RISKS = (
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
        "四、对个人权益的影响和安全风险 · Effects on persons and risks": table(("风险 risk", "程度 degree", "措施 measure"), RISKS),
        "五、由运行单位填写 · To be filled in by the operator": table(
            ("项目 what", "内容 value"), [(f"{zh} {en}", blank(zh, en)) for zh, en in OPERATOR]
        ),
        "六、保存 · Keeping": "本报告和处理情况记录至少保存三年（个人信息保护法第五十六条）。Kept for at least three years (article 56).",
    }
    return document(f"个人信息保护影响评估 · Impact assessment: {report['target']}", sections)
