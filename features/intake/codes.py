"""One canonical form of a code on every road, and the words that stand for no code at all."""

from collections.abc import Sequence

import polars as pl

from features.display import Remark
from features.intake.readers.layout import INVISIBLE

LOST_DIGITS = r"^[+-]?\d+(?:\.\d*)?[eE]\+\d+$"
"""A number as spreadsheets write it once its last digits are gone: 2.02601E+17."""

NOTHING = (
    *("null", "none", "nan", "nil", "n/a", "na", "#n/a", "<na>", "undefined"),
    *("#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!"),
    *("-", "--", "---", "—", "——", "–", "/", "//", "\\", ".", "*", "?"),
    *("无", "空", "未知", "不详", "暂无", "待定", "没有", "未填", "未填写", "未分配", "(空)", "(空白)", "(null)"),
)
"""Words that mean an empty cell, unless the source file gives the column others."""
_STEPS = ("办结", "结案", "完成", "化解", "调解", "解决", "处理", "办理", "处置", "回复", "受理")
_NOT_YET = [f"{mark}{step}" for step in _STEPS for mark in ("未", "尚未", "待", "正在")] + [f"{step}中" for step in _STEPS]
NOT_YET = (*_NOT_YET, *(f"正在{step}中" for step in _STEPS), "未结", "待办", "进行中", "在办", "pending", "open", "in progress", "ongoing")
"""Words in a column of times where the time has not come."""
NOTHING_AS_TIME = (*NOTHING, *NOT_YET)
NOTHING_AS_AREA = (*NOTHING, "0")
"""The same for grids and what lies above them: none has the number nought."""

SHOWN_PAIRS = 3

_INVISIBLE = f"[{INVISIBLE}]"
_TEXT_MARKS = r"""^(?:="([^"]*)"|['‘’]([^'‘’]+))$"""


def canonical(text: pl.Series) -> pl.Series:
    r"""Write codes as they are compared: without what cannot be seen, a whole number without the point that a float gave it.

    >>> canonical(pl.Series(["503.0", "5.10", "a\u200b1"])).to_list()
    ['503', '5.10', 'a1']
    """
    if text.str.contains(r"^\d+\.0+$").any():
        text = text.str.replace(r"^(\d+)\.0+$", "$1")
    return without_invisible(text)


def without_text_marks(text: pl.Series) -> pl.Series:
    """Leave out what spreadsheets write around a number that is to stay a text: `="0012"`, or an apostrophe before it.

    >>> without_text_marks(pl.Series(['="0012"', "'0012", "=1+1"])).to_list()
    ['0012', '0012', '=1+1']
    """
    marked = text.str.contains(_TEXT_MARKS)
    if not marked.any():
        return text
    bare = text.str.replace(_TEXT_MARKS, "$1$2").str.strip_chars()
    return bare.set(bare == "", None)


def without_invisible(text: pl.Series) -> pl.Series:
    """Leave out characters without a picture."""
    is_ascii = (text.str.len_bytes() == text.str.len_chars()).all()
    return text if is_ascii else text.str.replace_all(_INVISIBLE, "")


def empty_where(text: pl.Series, words: tuple[str, ...]) -> pl.Series:
    """Return null where a text is one of the words, in any letter case."""
    longest = max(len(word.encode()) for word in words) if words else 0
    if not (text.str.len_bytes() <= longest).any():
        return text
    meant = text.str.to_lowercase().is_in([word.lower() for word in words]).fill_null(value=False)
    return text.set(meant, None) if meant.any() else text


def spelt_differently(codes: pl.Series) -> list[tuple[str, str]]:
    """Return pairs of codes that differ by spelling only: letter case, leading noughts, separators.

    >>> spelt_differently(pl.Series(["G-01", "g01", "G1", "G2"]))
    [('G-01', 'G1'), ('G1', 'g01')]
    """
    bare = codes.str.to_lowercase().str.replace_all(r"[\s._:/-]", "").str.replace_all(r"(^|[^0-9])0+([0-9])", "$1$2")
    alike = pl.DataFrame({"code": codes, "bare": bare}).unique().sort("bare", "code")
    alike = alike.with_columns(pl.col("code").shift(-1).over("bare").alias("next")).drop_nulls()
    return list(alike.select("code", "next").iter_rows())


def tell_spelling(alike: Sequence[tuple[str, str]]) -> Remark:
    """Name the first pairs of codes of grids that differ by spelling only, and say how many there are."""
    en = ", ".join(f"{one} and {other}" for one, other in alike[:SHOWN_PAIRS])
    zh = "、".join(f"{one}与{other}" for one, other in alike[:SHOWN_PAIRS])
    return Remark(
        f"Codes of grids that differ by spelling only are taken for different ones: {en} ({len(alike):,} pairs).",
        zh=f"仅写法不同的网格编码按不同网格处理：{zh}（共{len(alike):,}对）。",
    )
