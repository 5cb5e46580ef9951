"""Words of a report: counts, changes and kinds of case as officials say them."""

from features.display_names import CATEGORY_ZH, EVENT_TYPE_ZH
from serving.settings import Department
from serving.situation_report.period import Change

HIDDEN = "※"
UNNAMED = "未命名类别"
CENTRE = "综治中心"


def shown(count: int | None) -> str:
    """Write a masked count."""
    return HIDDEN if count is None else f"{count:,}"


def cases(count: int | None) -> str:
    """Write a count of cases for a sentence.

    >>> cases(1200), cases(None)
    ('1,200件', '少量（不予显示）')
    """
    return "少量（不予显示）" if count is None else f"{count:,}件"


def say_change(change: Change | None) -> str:
    """Say a change by day in percent; one whose 95 % interval holds no change is said to be unclear.

    >>> say_change(Change(1.04, 0.92, 1.17)), say_change(Change(0.8, 0.7, 0.91)), say_change(None)
    ('上升4%（变化不明显）', '下降20%（明显）', '无法比较')
    """
    if change is None:
        return "无法比较"
    percent = round(100 * abs(change.ratio - 1))
    clear = not change.low <= 1 <= change.high
    if not percent:
        return "持平"
    return f"{'上升' if change.ratio > 1 else '下降'}{percent}%（{'明显' if clear else '变化不明显'}）"


def write_change(change: Change | None) -> str:
    """Write a change for a table; one that is not marked is unclear.

    >>> write_change(Change(1.04, 0.92, 1.17)), write_change(Change(0.8, 0.7, 0.91)), write_change(None)
    ('+4%', '−20%（明显）', '—')
    """
    if change is None:
        return "—"
    percent = round(100 * (change.ratio - 1))
    clear = "" if change.low <= 1 <= change.high else "（明显）"
    return f"{'+' if percent > 0 else '−' if percent < 0 else ''}{abs(percent)}%{clear}"


def is_clear_rise(change: Change | None) -> bool:
    """Tell whether even the low end of a change is a rise."""
    return change is not None and change.low > 1


def kind_name(kind: str) -> str:
    """Name a kind, `type/category`; a category that an office declared has no name but its code, which nobody reads out.

    >>> kind_name("dispute/labor_wage"), kind_name("dispute/neighbor"), kind_name("hazard/fire_safety"), kind_name("other/zzz")
    ('劳动争议', '邻里纠纷', '安全隐患（消防安全）', '其他事项（未命名类别）')
    """
    event_type, category = kind.split("/", 1)
    name = CATEGORY_ZH.get(category, UNNAMED)
    if event_type == "dispute":
        return name if name.endswith("争议") else f"{name}纠纷"
    return f"{EVENT_TYPE_ZH.get(event_type, UNNAMED)}（{name}）"


def leads(kind: str, departments: tuple[Department, ...]) -> str:
    """Name who leads on a kind: the department that answers for its category, else the governance centre."""
    category = kind.split("/", 1)[1]
    return next((each.name for each in departments if category in each.kinds), CENTRE)
