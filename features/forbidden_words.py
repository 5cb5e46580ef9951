"""Words that no text about a place may contain."""

FORBIDDEN = (
    *("重点人员", "重点人", "管控", "稳控", "布控", "盯防", "落地查人", "闹访", "缠访", "非访", "无理上访", "截访", "劝返", "刁民", "可疑"),
    *("危险分子", "高危人群", "不稳定分子", "打击", "严打", "压降信访量", "零上访", "必然", "一定会", "将会发生", "红色预警"),
    *("因为", "导致", "造成", "由于", "caused", "because", "due to"),
)
"""Words that name persons as risks, promise what nobody knows, or claim a cause. No generated text contains one."""


def forbidden_words(text: str) -> list[str]:
    """Return the forbidden words a text contains.

    >>> forbidden_words("近28天新增矛盾纠纷5件")
    []
    >>> forbidden_words("由于积压，将会发生升级")
    ['将会发生', '由于']
    """
    return [word for word in FORBIDDEN if word in text.lower()]
