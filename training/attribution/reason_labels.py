"""Chinese names of columns and reason groups, as the plots print them."""

from collections.abc import Iterable

from features.display import EVENT_TYPE_ZH
from features.panel.case_columns import CaseColumn
from features.panel.feature import Feature, as_label
from features.undertakings.codes import KIND_WORDS

SINGLE = {
    "history": "既往升级",
    "exposure": "记录时长",
    "due": "即将到期事项",
    "group": "多人共同反映",
    "sources": "来源渠道",
    "repeats": "重复反映",
    "neighbours": "相邻网格",
    "surroundings": "所在区域",
    "calendar": "日历",
    "quality": "数据质量",
    "new_cases": "刚上报即升级",
    "lone_calls": "没有在办事项的警情",
    "kind_odds": "事项类别",
    "due_odds": "同类到期事项的升级情况",
    "age": "已有天数",
    "days_left": "距办理期限",
    "falls_due": "时段内到期",
    "term_passed": "已超期",
    "spell": "曾办结次数",
    "repeat": "同类重复",
    "self_found": "走访发现",
    "delay": "上报滞后",
    "grid_share_56d": "本网格近期了结情况",
    "grid_share_182d": "本网格半年了结情况",
    "grid_kind_share_365d": "本网格同类事项了结情况",
    "kind_share_56d": "全区同类事项近期了结情况",
    "cleared_28d": "本网格近期办结",
    "waiting": "本网格同时未办结",
    "calls": "其间同类其他记录",
    "days_closed": "办结后天数",
    "on_paper": "临到期办结",
    "handling": "办理用时",
}
OF_SUBJECT = {
    "recent_{}": "近期新增{}",
    "kind_{}": "{}的类别",
    "backlog_{}": "未办结{}",
    "handling_{}": "{}的办理",
    "recency_{}": "距上次{}",
    "trend_{}": "{}的变化",
    "trend_{}_closed": "办结{}的变化",
}
OF_UNDERTAKING = {f"undertakings_{kind}": f"本网格和周边的{zh}" for kind, (zh, _) in KIND_WORDS.items()}
LABELS = (
    SINGLE
    | OF_UNDERTAKING
    | {
        group.format(subject): label.format(name)
        for group, label in OF_SUBJECT.items()
        for subject, name in {"target": "升级", **EVENT_TYPE_ZH}.items()
    }
)
"""Names of reason groups that hold several columns."""


def column_label(feature: Feature | CaseColumn) -> str:
    """Return the catalogue's phrase with n for the value, and the window where the phrase does not name it."""
    label = as_label(feature.zh)
    days = f"{feature.window_days}天"
    return label if feature.window_days is None or days in label else f"{label},{days}"


def reason_labels(columns: Iterable[Feature | CaseColumn]) -> dict[str, str]:
    """Return the name of every reason group of these columns, by group; one without a name is called by its first column."""
    first: dict[str, str] = {}
    for column in columns:
        first.setdefault(column.reason, column_label(column))
    return {reason: LABELS.get(reason, label) for reason, label in sorted(first.items())}
