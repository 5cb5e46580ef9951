"""The likely meaning of a column of an unknown file: by the words of its name in Chinese and English, and by what it holds."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import polars as pl

from features.display import CATEGORY_ZH, EVENT_TYPE_ZH, LEVEL_ZH, SOURCE_ZH
from features.intake.readers.layout import clean_name
from features.intake.rules import YES_OR_NO
from features.intake.source_file import CHECKOUT, FIXED_CODES, SHIPPED, find_source, source_files
from features.schema import CASE_OPTIONAL, CASE_REQUIRED, DISPUTE_CATEGORIES, LEVELS, REPORT_SOURCES, Col, EventType

WORDS = {
    Col.DEADLINE_AT: "时限|期限|截止|应(?:办结|结案|完成)|deadline|due|target_(?:dt|date|at)",
    Col.GRID_ID: "网格(?!员|长|名)|grid(?!_?(?:name|worker))|precinct|beat",
    Col.REOPENED_AT: "(?:重办|重开|重启|再次受理).*(?:时间|日期)|reopen",
    Col.WITHDRAWN_AT: "(?:撤销|撤回|撤诉).*(?:时间|日期)|withdrawn",
    Col.ESCALATED_AT: "(?:上交|升级|上呈).*(?:时间|日期)|escalat",
    Col.RESOLVED_AT: "(?:办结|结案|化解|完成|处置|解决|关闭).*(?:时间|日期)|resolved|closed?_?d|complet",
    Col.ACCEPTED_AT: "(?:受理|接单|签收).*(?:时间|日期)|accepted",
    Col.OCCURRED_AT: "(?:发生|事发|案发|来电|来访|报警|发现).*(?:时间|日期)|occur|incident_d|open(?:ed)?_?d",
    Col.REPORTED_AT: "(?:上报|登记|报告|录入|创建|提交).*(?:时间|日期)|report(?:ed)?_?(?:d|at)|created|received|submitted",
    Col.SELF_FOUND: "自(?:主|行)?(?:发现|查)|主动发现|self_found",
    Col.PEOPLE: "人数|people|persons",
    Col.LEVEL: "层级|级别|level",
    Col.SOURCE: "来源|渠道|途径|source|channel",
    Col.CATEGORY: "类别|分类|类型|种类|大类|category|type|reason|kind",
    Col.EVENT_ID: "^(?:事件|案件|工单|纠纷|诉求|信访|记录|登记|受理|警情|任务|事项)?(?:编号|编码|单号|流水号|案号|标识|主键|id)$"
    "|^(?:(?:event|case|ticket|request|order|record|incident|service|complaint|unique|enquiry)_?)*(?:id|no|number|key)$",
}
"""Case column -> words in the name of a column that is likely to fill it; the first in this order counts."""

LISTS: Mapping[str, Sequence[str]] = {
    Col.EVENT_TYPE: tuple(kind.value for kind in EventType),
    Col.CATEGORY: DISPUTE_CATEGORIES,
    Col.SOURCE: REPORT_SOURCES,
    Col.LEVEL: LEVELS,
    Col.SELF_FOUND: sorted(FIXED_CODES[Col.SELF_FOUND]),
}
CHINESE: Mapping[str, Mapping[str, str]] = {
    Col.EVENT_TYPE: EVENT_TYPE_ZH,
    Col.CATEGORY: CATEGORY_ZH,
    Col.SOURCE: SOURCE_ZH,
    Col.LEVEL: LEVEL_ZH,
}
"""Case column -> its codes in Chinese."""

TYPE_HINTS = {
    EventType.PETITION: "信访|来访|petition",
    EventType.POLICE_CALL: "警情|报警|接警|police",
    EventType.SERVICE_REQUEST: "工单|诉求|来电|热线|12345|hotline|311|request",
    EventType.HAZARD: "隐患|hazard",
    EventType.DISPUTE: "纠纷|矛盾|化解|调解|dispute|mediation",
}
"""Kind of record -> words in the names of file and columns that tell it."""

_IN_BRACKETS = r"[(（【\[].*?(?:[)）】\]]|$)"
"""Words in brackets tell how to fill a column in."""
MOST_CODES = 60
"""More different texts make no list of codes."""
SURE = 0.8
"""Share of the cells that must be known texts of a list for a column to be taken for it by what it holds."""


def meaning_by_name(name: str) -> str | None:
    """Return the column of a case that a name speaks of, None where it speaks of none.

    >>> meaning_by_name("办结时限"), meaning_by_name("CLOSED_DT"), meaning_by_name("*网格(必填)"), meaning_by_name("网格员")
    ('deadline_at', 'resolved_at', 'grid_id', None)
    """
    plain = re.sub(r"[\W_]+", "_", re.sub(_IN_BRACKETS, "", clean_name(name)).lower()).strip("_")
    if plain in (*CASE_REQUIRED, *CASE_OPTIONAL):
        return plain
    return next((column for column, words in WORDS.items() if re.search(words, plain)), None)


def meaning_by_content(texts: pl.Series) -> str | None:
    """Return the list of codes that most cells of a column belong to; yes and no tell too little to be taken for one."""
    filled = texts.drop_nulls()
    counts = dict(filled.value_counts().iter_rows()) if filled.n_unique() <= MOST_CODES else {}
    for column in (Col.EVENT_TYPE, Col.CATEGORY, Col.LEVEL, Col.SOURCE):
        known = sum(rows for text, rows in counts.items() if known_code(column, text))
        if counts and known >= SURE * len(filled):
            return column
    return None


def known_code(column: str, text: str) -> str | None:
    """Return the project's own code that a text means in a column with a closed list.

    >>> known_code("category", "邻里纠纷"), known_code("source", "hotline"), known_code("category", "Pothole")
    ('neighbor', 'hotline', None)
    """
    words = _known_texts(column)
    plain = clean_name(text).lower()
    return words.get(plain) or words.get(re.sub("(?:类|纠纷|问题)+$", "", plain))


def likely_event_type(names: Iterable[str]) -> str | None:
    """Return the kind of record that the names of a file and of its columns speak of."""
    text = " ".join(names).lower()
    return next((kind.value for kind, words in TYPE_HINTS.items() if re.search(words, text)), None)


@cache
def _known_texts(column: str) -> Mapping[str, str]:
    """Gather what the shipped source files, the Chinese names and the codes themselves say; what means two codes means none."""
    own = LISTS[column]
    meant: dict[str, set[str]] = {}
    for name in source_files((SHIPPED, CHECKOUT)):
        described = find_source(name, (SHIPPED, CHECKOUT)).columns.get(column)
        for code, texts in (described.values if described else {}).items():
            for text in texts:
                meant.setdefault(clean_name(text).lower(), set()).add(code)
    shipped = {text: next(iter(codes)) for text, codes in meant.items() if text and len(codes) == 1}
    chinese = {clean_name(text): code for code, text in CHINESE.get(column, {}).items()}
    yes_or_no = YES_OR_NO if column == Col.SELF_FOUND else {}
    known = {**shipped, **chinese, **yes_or_no, **{code: code for code in own}}
    return {text: code for text, code in known.items() if code in own}
