"""Words of a report: counts, changes, kinds of case and leads as officials say them, in both languages."""

from features.display import CATEGORY_ZH, EVENT_TYPE_EN, EVENT_TYPE_ZH, plain
from serving.settings import Department
from serving.situation_report.period import Change
from serving.text import Text

HIDDEN = "※"
UNNAMED = "未命名类别"
CENTRE = Text(zh="综治中心", en="governance centre")
FEW = Text(zh="少量（不予显示）", en="few (not shown)")
NOT_COMPARABLE = Text(zh="无法比较", en="cannot be compared")


def shown(count: int | None) -> str:
    """Write a masked count."""
    return HIDDEN if count is None else f"{count:,}"


def cases(count: int | None) -> Text:
    """Write a count of cases for a sentence.

    >>> cases(1200).zh, cases(1200).en, cases(None).zh
    ('1,200件', '1,200', '少量（不予显示）')
    """
    return FEW if count is None else Text(zh=f"{count:,}件", en=f"{count:,}")


def say_change(change: Change | None) -> Text:
    """Say a change by day in percent; one whose 95 % interval holds no change is said to be unclear.

    >>> [say_change(each).zh for each in (Change(1.04, 0.92, 1.17), Change(0.8, 0.7, 0.91), None)]
    ['上升4%（变化不明显）', '下降20%（明显）', '无法比较']
    >>> say_change(Change(0.8, 0.7, 0.91)).en
    'down 20% (clear)'
    """
    if change is None:
        return NOT_COMPARABLE
    percent = _percent(change)
    if not percent:
        return Text(zh="持平", en="the same")
    zh, en = ("上升", "up") if percent > 0 else ("下降", "down")
    clear_zh, clear_en = ("明显", "clear") if direction(change) else ("变化不明显", "no clear change")
    return Text(zh=f"{zh}{abs(percent)}%（{clear_zh}）", en=f"{en} {abs(percent)}% ({clear_en})")


def write_change(change: Change | None) -> Text:
    r"""Write a change for a table; one that is not marked is unclear.

    >>> [write_change(each).zh for each in (Change(1.04, 0.92, 1.17), Change(0.8, 0.7, 0.91), None)]
    ['+4%', '−20%\xa0明显', '—']
    """
    if change is None:
        return Text(zh="—", en="—")
    percent = _percent(change)
    signed = f"{'+' if percent > 0 else '−' if percent < 0 else ''}{abs(percent)}%"
    return Text(zh=f"{signed}\u00a0明显", en=f"{signed}\u00a0clear") if direction(change) else Text(zh=signed, en=signed)


def direction(change: Change | None) -> int:
    """Return 1 for a clear rise, -1 for a clear fall, 0 where the 95 % interval holds no change or nothing can be compared."""
    if change is None or change.low <= 1 <= change.high:
        return 0
    return 1 if change.ratio > 1 else -1


def _percent(change: Change) -> int:
    return round(100 * (change.ratio - 1))


def kind_name(kind: str) -> Text:
    """Name a kind, `type/category`; a category that an office declared has no Chinese name but its code, which nobody reads out.

    >>> [kind_name(kind).zh for kind in ("dispute/labor_wage", "dispute/neighbor", "hazard/fire_safety", "other/zzz")]
    ['劳动争议', '邻里纠纷', '安全隐患（消防安全）', '其他事项（未命名类别）']
    >>> kind_name("dispute/neighbor").en, kind_name("hazard/fire_safety").en
    ('Neighbor disputes', 'Hazards (fire safety)')
    """
    event_type, category = kind.split("/", 1)
    name = CATEGORY_ZH.get(category, UNNAMED)
    if event_type == "dispute":
        return Text(zh=name if name.endswith("争议") else f"{name}纠纷", en=f"{plain(category).capitalize()} disputes")
    type_en = EVENT_TYPE_EN.get(event_type, plain(event_type)).capitalize()
    return Text(zh=f"{EVENT_TYPE_ZH.get(event_type, UNNAMED)}（{name}）", en=f"{type_en} ({plain(category)})")


def leads(kind: str, departments: tuple[Department, ...]) -> str:
    """Name who leads on a kind, in Chinese: the department that answers for its category, else the governance centre."""
    category = kind.split("/", 1)[1]
    return next((each.name for each in departments if category in each.kinds), CENTRE.zh)


def lead_name(lead: str, departments: tuple[Department, ...]) -> Text:
    """Return a lead by its Chinese name in both languages; one that is no longer among the departments is left as it is."""
    names = {CENTRE.zh: CENTRE} | {each.name: Text(zh=each.name, en=each.name_en) for each in departments}
    return names.get(lead, Text(zh=lead, en=lead))
